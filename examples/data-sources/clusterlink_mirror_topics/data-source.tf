# Everything that is mirrored to this cluster, over whatever link.
data "clusterlink_mirror_topics" "all" {
  endpoint = "destination"
}

output "lag" {
  value = {
    for topic in data.clusterlink_mirror_topics.all.mirror_topics : topic.mirror_topic_name => topic.max_lag
  }
}

# Says so at every plan and apply while a topic of this link is far behind,
# which is no time to promote it.
check "nearly_caught_up" {
  data "clusterlink_mirror_topics" "orders" {
    endpoint  = "destination"
    link_name = "orders"
  }

  assert {
    condition = alltrue([
      for topic in data.clusterlink_mirror_topics.orders.mirror_topics : coalesce(topic.max_lag, 0) < 1000
    ])
    error_message = "A topic of the link orders is 1000 records behind its source, or more."
  }
}
