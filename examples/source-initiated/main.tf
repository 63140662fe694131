# One topic of a source cluster, mirrored to a destination that cannot connect to
# it: a source behind a firewall, for instance, and a destination in the cloud.
# The source connects, so the link is a pair, one half on each cluster.

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
    source = {
      rest_endpoint  = var.source_rest_endpoint
      cluster_id     = var.source_cluster_id
      username       = var.source_rest_username
      password       = var.source_rest_password
      ca_certificate = var.source_ca_certificate
    }
    destination = {
      rest_endpoint  = var.destination_rest_endpoint
      cluster_id     = var.destination_cluster_id
      username       = var.destination_rest_username
      password       = var.destination_rest_password
      ca_certificate = var.destination_ca_certificate
    }
  }
}

# The destination's half comes first, and waits to be connected to. Syncs,
# filters and a prefix for mirror topics would be settings of this half.
resource "clusterlink_link" "destination" {
  endpoint          = "destination"
  link_name         = var.link_name
  link_mode         = "DESTINATION"
  connection_mode   = "INBOUND"
  remote_cluster_id = var.source_cluster_id
}

# The source's half has the same name, and connects to the destination.
resource "clusterlink_link" "source" {
  endpoint          = "source"
  link_name         = clusterlink_link.destination.link_name
  link_mode         = "SOURCE"
  connection_mode   = "OUTBOUND"
  remote_cluster_id = clusterlink_link.destination.cluster_id

  # Plain names are about the destination, names with "local." about the source
  # itself, whose records the link reads.
  config = merge(
    {
      "bootstrap.servers"       = var.destination_bootstrap_servers
      "security.protocol"       = "SASL_SSL"
      "sasl.mechanism"          = "PLAIN"
      "local.bootstrap.servers" = var.source_bootstrap_servers
      "local.security.protocol" = "SASL_SSL"
      "local.sasl.mechanism"    = "PLAIN"
    },
    # Only where a certificate is not signed by a public authority.
    var.destination_ca_certificate == null ? {} : { "ssl.truststore.type" = "PEM" },
    var.source_ca_certificate == null ? {} : { "local.ssl.truststore.type" = "PEM" },
  )

  # Sent to the cluster, and stored in neither plan nor state. The destination
  # never sees the credentials of the source.
  sensitive_config_wo = merge(
    {
      "sasl.jaas.config"       = provider::clusterlink::jaas_config("PLAIN", var.destination_kafka_username, var.destination_kafka_password)
      "local.sasl.jaas.config" = provider::clusterlink::jaas_config("PLAIN", var.source_kafka_username, var.source_kafka_password)
    },
    var.destination_ca_certificate == null ? {} : { "ssl.truststore.certificates" = var.destination_ca_certificate },
    var.source_ca_certificate == null ? {} : { "local.ssl.truststore.certificates" = var.source_ca_certificate },
  )
  sensitive_config_wo_version = var.secrets_version
}

# Destroying it promotes it: it becomes an ordinary topic, and keeps its records.
resource "clusterlink_mirror_topic" "demo" {
  endpoint          = "destination"
  link_name         = clusterlink_link.destination.link_name
  source_topic_name = var.topic_name

  # Mirroring needs both halves: there is no link to read over before the source's
  # half is there, and destroying must promote the topic before that half goes.
  depends_on = [clusterlink_link.source]
}
