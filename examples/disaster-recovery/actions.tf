# What is done by terraform apply -invoke. Needs Terraform 1.14: leave this file out for
# Terraform 1.11 to 1.13 and for OpenTofu.

# West takes over, and east becomes the copy; and the other way round.
action "clusterlink_reverse_mirror_topics" "to_west" {
  config {
    endpoint           = "west"
    link_name          = var.link_name
    mirror_topic_names = var.topic_names
    remote             = "START"
    validate_only      = var.rehearse
  }
}

action "clusterlink_reverse_mirror_topics" "to_east" {
  config {
    endpoint           = "east"
    link_name          = var.link_name
    mirror_topic_names = var.topic_names
    remote             = "START"
    validate_only      = var.rehearse
  }
}

# East is lost: west takes over with the records that it has.
action "clusterlink_failover_mirror_topics" "to_west" {
  config {
    endpoint           = "west"
    link_name          = var.link_name
    mirror_topic_names = var.topic_names
    validate_only      = var.rehearse
  }
}

# East is back: it becomes the copy, without the records that never reached west.
action "clusterlink_restore_mirror_topics" "in_east" {
  config {
    endpoint           = "east"
    link_name          = var.link_name
    mirror_topic_names = var.topic_names
    allow_truncation   = true
    validate_only      = var.rehearse
  }
}
