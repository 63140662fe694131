# After a failover, on the cluster that failed: its topics mirror again, and
# records that never reached the other cluster are cut off.
action "clusterlink_restore_mirror_topics" "fail_back" {
  config {
    endpoint           = "source"
    link_name          = "regions"
    mirror_topic_names = ["orders"]
    allow_truncation   = true
  }
}
