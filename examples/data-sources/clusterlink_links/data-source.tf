data "clusterlink_links" "all" {
  endpoint = "destination"
}

# Older servers report neither state nor error, and leave both null.
output "links" {
  value = {
    for link in data.clusterlink_links.all.links : link.link_name => {
      state  = link.link_state
      error  = link.link_error_message
      topics = link.topic_names
    }
  }
}
