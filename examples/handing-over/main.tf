# Topics that move to another cluster for good: they are mirrored, then promoted, all
# at once and only when none of them is behind, and in the end they leave Terraform's
# link and mirror topics for whatever manages topics on the destination.

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

# Read only when topics are about to be promoted, and then before anything is done.
data "clusterlink_mirror_topics" "before_promotion" {
  count     = var.promote ? 1 : 0
  endpoint  = "destination"
  link_name = clusterlink_link.migration.link_name

  lifecycle {
    postcondition {
      condition = alltrue([
        for topic in self.mirror_topics : topic.mirror_status == "STOPPED" ||
        topic.mirror_status == "ACTIVE" && try(topic.max_lag <= var.max_lag, false)
      ])
      error_message = "Not promoted, because a topic is not mirroring or too far behind: ${join(", ", [
        for topic in self.mirror_topics : "${topic.mirror_topic_name} (${topic.mirror_status}, lag ${coalesce(topic.max_lag, "unknown")})"
        if topic.mirror_status != "STOPPED"
      ])}."
    }
  }
}

# The names stand here, and are not read from the source, which will be gone one day.
resource "clusterlink_mirror_topic" "migrated" {
  for_each = var.topic_names

  endpoint          = "destination"
  link_name         = clusterlink_link.migration.link_name
  source_topic_name = each.key
  state             = var.promote ? "PROMOTED" : "ACTIVE"
  depends_on        = [data.clusterlink_mirror_topics.before_promotion]
}
