# The source is lost: terraform apply -invoke action.clusterlink_failover_mirror_topics.all
action "clusterlink_failover_mirror_topics" "all" {
  config {
    endpoint                = "destination"
    link_name               = "migration"
    mirror_topic_name_regex = ".*"
  }
}
