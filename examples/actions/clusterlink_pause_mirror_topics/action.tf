action "clusterlink_pause_mirror_topics" "orders" {
  config {
    endpoint                = "destination"
    link_name               = "migration"
    mirror_topic_name_regex = "^orders"
  }
}
