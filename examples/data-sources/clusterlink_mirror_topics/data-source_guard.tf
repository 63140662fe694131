# A check warns: at every plan and apply in which a topic of this link is behind.
check "caught_up" {
  data "clusterlink_mirror_topics" "watched" {
    endpoint  = "destination"
    link_name = "orders"
  }

  assert {
    condition = alltrue([
      for topic in data.clusterlink_mirror_topics.watched.mirror_topics : coalesce(topic.max_lag, 0) < 1000
      if topic.mirror_status != "STOPPED"
    ])
    error_message = "A topic of the link orders is 1000 records behind its source, or more."
  }
}

variable "promote" {
  type    = bool
  default = false
}

# A postcondition fails the plan: nothing is promoted while a topic is behind, or
# in any state in which its lag says nothing.
data "clusterlink_mirror_topics" "before_promotion" {
  count     = var.promote ? 1 : 0
  endpoint  = "destination"
  link_name = "orders"

  lifecycle {
    postcondition {
      condition = alltrue([
        for topic in self.mirror_topics : topic.mirror_status == "STOPPED" ||
        topic.mirror_status == "ACTIVE" && try(topic.max_lag < 1000, false)
      ])
      error_message = "Not all topics of the link orders are mirroring and less than 1000 records behind their source."
    }
  }
}

resource "clusterlink_mirror_topic" "orders" {
  endpoint          = "destination"
  link_name         = "orders"
  source_topic_name = "orders"
  state             = var.promote ? "PROMOTED" : "ACTIVE"
  depends_on        = [data.clusterlink_mirror_topics.before_promotion]
}
