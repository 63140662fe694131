# Two regions, one configuration. The producers write in east, and west stands by with
# a copy of every topic. Should west have to take over, with east or without it,
# docs/guides/disaster-recovery.md says what to do, step by step.

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

# A bidirectional link is a pair of halves of one name. Each connects to the other
# cluster, with a user of that cluster.
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
  link_name         = var.link_name
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

# The copies in west.
resource "clusterlink_mirror_topic" "west" {
  for_each = var.topic_names

  endpoint          = "west"
  link_name         = clusterlink_link.west.link_name
  source_topic_name = each.key
  state             = var.west_state

  depends_on = [clusterlink_link.east] # both halves first, and last to go
}

# The copies in east, while west leads. Terraform creates none: a topic of east becomes
# a mirror topic by being reversed or restored, and is imported then. Once it has been
# reversed again, it is only forgotten.
resource "clusterlink_mirror_topic" "east" {
  for_each = local.copied_to_east

  endpoint          = "east"
  link_name         = clusterlink_link.east.link_name
  source_topic_name = each.key
  state             = var.east_state

  depends_on = [clusterlink_link.west]
}

import {
  for_each = local.copied_to_east
  to       = clusterlink_mirror_topic.east[each.key]
  id       = "${var.east_cluster_id}/${var.link_name}/${each.key}"
}

locals {
  copied_to_east = var.east_state == null ? toset([]) : var.topic_names
}
