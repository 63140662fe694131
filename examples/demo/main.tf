# One topic of a source cluster, mirrored to a destination cluster. Link and
# mirror topic live on the destination, which connects to the source.

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
    destination = {
      rest_endpoint  = var.destination_rest_endpoint
      cluster_id     = var.destination_cluster_id
      username       = var.destination_rest_username
      password       = var.destination_rest_password
      ca_certificate = var.destination_ca_certificate
    }
  }
}

resource "clusterlink_link" "demo" {
  endpoint          = "destination"
  link_name         = var.link_name
  remote_cluster_id = var.source_cluster_id

  config = merge(
    {
      "bootstrap.servers" = var.source_bootstrap_servers
      "security.protocol" = "SASL_SSL"
      "sasl.mechanism"    = var.source_sasl_mechanism
    },
    # Only where the source's certificate is not signed by a public authority.
    var.source_ca_certificate == null ? {} : { "ssl.truststore.type" = "PEM" },
  )

  # Sent to the cluster, and stored in neither plan nor state.
  sensitive_config_wo = merge(
    {
      "sasl.jaas.config" = provider::clusterlink::jaas_config(
        var.source_sasl_mechanism, var.source_kafka_username, var.source_kafka_password
      )
    },
    var.source_ca_certificate == null ? {} : { "ssl.truststore.certificates" = var.source_ca_certificate },
  )
  sensitive_config_wo_version = var.source_secrets_version
}

# Destroying it promotes it: it becomes an ordinary topic, and keeps its records.
resource "clusterlink_mirror_topic" "demo" {
  endpoint          = "destination"
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = var.topic_name
}
