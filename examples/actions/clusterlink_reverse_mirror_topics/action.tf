# Needs a bidirectional link. What was the source goes on as a mirror topic.
action "clusterlink_reverse_mirror_topics" "switch" {
  config {
    endpoint           = "destination"
    link_name          = "regions"
    mirror_topic_names = ["orders"]
    remote             = "START"
  }
}
