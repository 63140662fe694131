# For a workspace of HCP Terraform that follows a repository. No credential stands
# here: the workspace has them, as sensitive variables.

terraform {
  required_version = ">= 1.11" # the first with write-only attributes
  required_providers {
    clusterlink = {
      source = "clusterlink/clusterlink"
    }
  }
}

provider "clusterlink" {
  endpoints = {
    # The rest comes from environment variables of the workspace:
    # CLUSTERLINK_DESTINATION_USERNAME, CLUSTERLINK_DESTINATION_PASSWORD and, where its
    # certificate is of an authority of your own, CLUSTERLINK_DESTINATION_CA_CERTIFICATE
    # with the path of a PEM file beside this one.
    destination = {
      rest_endpoint = var.destination_rest_endpoint
      cluster_id    = var.destination_cluster_id
    }
  }
}

resource "clusterlink_link" "migration" {
  endpoint          = "destination"
  link_name         = "migration"
  remote_cluster_id = var.source_cluster_id

  config = merge(
    {
      "bootstrap.servers" = var.source_bootstrap_servers
      "security.protocol" = "SASL_SSL"
      "sasl.mechanism"    = "PLAIN"
    },
    # Only where the source's certificate is not signed by a public authority.
    var.source_ca_certificate == null ? {} : { "ssl.truststore.type" = "PEM" },
  )

  # Sent to the cluster, and stored in neither plan nor state.
  sensitive_config_wo = merge(
    { "sasl.jaas.config" = provider::clusterlink::jaas_config("PLAIN", var.source_kafka_username, var.source_kafka_password) },
    var.source_ca_certificate == null ? {} : { "ssl.truststore.certificates" = var.source_ca_certificate },
  )
  sensitive_config_wo_version = 1 # counted up by the pull request that goes with a new password
}

resource "clusterlink_mirror_topic" "all" {
  for_each = var.topic_names

  endpoint          = "destination"
  link_name         = clusterlink_link.migration.link_name
  source_topic_name = each.key
}
