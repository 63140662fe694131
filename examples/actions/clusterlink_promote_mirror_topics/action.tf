# A planned switch: terraform apply -invoke action.clusterlink_promote_mirror_topics.switch
action "clusterlink_promote_mirror_topics" "switch" {
  config {
    endpoint           = "destination"
    link_name          = "migration"
    mirror_topic_names = ["orders", "payments"]
  }
}
