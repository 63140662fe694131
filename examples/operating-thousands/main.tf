# Many topics over one link. Their names stand in topics.txt, one a line, so that a
# pull request shows which are added and which are taken away. They are promoted in
# waves, by a variable.

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
  sensitive_config_wo_version = 1
}

locals {
  topic_names = toset([for line in split("\n", file("${path.module}/topics.txt")) : trimspace(line) if trimspace(line) != ""])
}

resource "clusterlink_mirror_topic" "all" {
  for_each = local.topic_names

  endpoint          = "destination"
  link_name         = clusterlink_link.migration.link_name
  source_topic_name = each.key
  state             = contains(var.promoted, each.key) ? "PROMOTED" : "ACTIVE"

  # Each waits for its own last record, and for its turn among the others.
  timeouts = {
    create = "30m"
    update = "1h"
    delete = "1h"
  }
}

# One call tells of all of them. It stands outside of the check, since a plan prints
# what a check reads: every row, whenever one has changed.
data "clusterlink_mirror_topics" "all" {
  endpoint  = "destination"
  link_name = clusterlink_link.migration.link_name
}

locals {
  in_trouble = {
    for topic in data.clusterlink_mirror_topics.all.mirror_topics :
    topic.mirror_topic_name => "${topic.mirror_status}, lag ${coalesce(topic.max_lag, 0)}"
    if topic.mirror_status != "STOPPED" && !(topic.mirror_status == "ACTIVE" && coalesce(topic.max_lag, 0) <= var.max_lag)
  }
}

# A check warns, and stops nothing.
check "mirroring" {
  assert {
    condition     = length(local.in_trouble) == 0
    error_message = "Not mirroring, or too far behind: ${join("; ", [for name, how in local.in_trouble : "${name} (${how})"])}."
  }
}
