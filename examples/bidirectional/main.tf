# Two clusters that stand in for each other, such as those of two regions. The link
# is a pair, one half on each cluster, and either half can mirror topics of the other
# cluster. Here the topics of east are mirrored to west. Should west take over, they
# can be reversed, or restored in east later, which only such a pair allows.

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
    east = {
      rest_endpoint  = var.east_rest_endpoint
      cluster_id     = var.east_cluster_id
      username       = var.east_rest_username
      password       = var.east_rest_password
      ca_certificate = var.east_ca_certificate
    }
    west = {
      rest_endpoint  = var.west_rest_endpoint
      cluster_id     = var.west_cluster_id
      username       = var.west_rest_username
      password       = var.west_rest_password
      ca_certificate = var.west_ca_certificate
    }
  }
}

# Both halves connect, each to the other cluster and with a user of that cluster.
resource "clusterlink_link" "east" {
  endpoint          = "east"
  link_name         = var.link_name
  link_mode         = "BIDIRECTIONAL"
  connection_mode   = "OUTBOUND"
  remote_cluster_id = var.west_cluster_id

  config = merge(
    {
      "bootstrap.servers" = var.west_bootstrap_servers
      "security.protocol" = "SASL_SSL"
      "sasl.mechanism"    = "PLAIN"
    },
    # Only where a certificate is not signed by a public authority.
    var.west_ca_certificate == null ? {} : { "ssl.truststore.type" = "PEM" },
  )

  # Sent to the cluster, and stored in neither plan nor state.
  sensitive_config_wo = merge(
    { "sasl.jaas.config" = provider::clusterlink::jaas_config("PLAIN", var.west_kafka_username, var.west_kafka_password) },
    var.west_ca_certificate == null ? {} : { "ssl.truststore.certificates" = var.west_ca_certificate },
  )
  sensitive_config_wo_version = var.secrets_version
}

resource "clusterlink_link" "west" {
  endpoint          = "west"
  link_name         = var.link_name # the same: it is what makes the two a pair
  link_mode         = "BIDIRECTIONAL"
  connection_mode   = "OUTBOUND"
  remote_cluster_id = var.east_cluster_id

  config = merge(
    {
      "bootstrap.servers" = var.east_bootstrap_servers
      "security.protocol" = "SASL_SSL"
      "sasl.mechanism"    = "PLAIN"
    },
    var.east_ca_certificate == null ? {} : { "ssl.truststore.type" = "PEM" },
  )

  sensitive_config_wo = merge(
    { "sasl.jaas.config" = provider::clusterlink::jaas_config("PLAIN", var.east_kafka_username, var.east_kafka_password) },
    var.east_ca_certificate == null ? {} : { "ssl.truststore.certificates" = var.east_ca_certificate },
  )
  sensitive_config_wo_version = var.secrets_version
}

# A mirror topic lives on the cluster that gets the records. Destroying it promotes
# it: it becomes an ordinary topic, and keeps its records.
resource "clusterlink_mirror_topic" "west" {
  for_each = var.topic_names

  endpoint          = "west"
  link_name         = clusterlink_link.west.link_name
  source_topic_name = each.key

  # Only with both halves can a topic be reversed or restored, so they come first
  # and go last.
  depends_on = [clusterlink_link.east]
}
