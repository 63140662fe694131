# What health assessments look at. In a plan or an apply, a check that fails is a
# warning.

data "clusterlink_mirror_topics" "all" {
  endpoint  = "destination"
  link_name = clusterlink_link.migration.link_name
}

check "link" {
  assert {
    # Older servers do not report errors of links.
    condition     = coalesce(clusterlink_link.migration.link_error, "NO_ERROR") == "NO_ERROR"
    error_message = "The link shows an error: ${coalesce(clusterlink_link.migration.link_error_message, "no more is known")}"
  }
}

check "mirroring" {
  assert {
    condition = alltrue([
      for topic in data.clusterlink_mirror_topics.all.mirror_topics :
      topic.mirror_status == "STOPPED" || topic.mirror_status == "ACTIVE" && coalesce(topic.max_lag, 0) <= var.max_lag
    ])
    error_message = "Some topics do not mirror, or are more than ${var.max_lag} records behind."
  }
}
