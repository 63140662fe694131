# What has become of it: terraform apply -refresh-only, then terraform output.

data "clusterlink_links" "destination" {
  endpoint   = "destination"
  depends_on = [clusterlink_mirror_topic.demo] # look when all is there
}

data "clusterlink_mirror_topics" "demo" {
  endpoint   = "destination"
  link_name  = clusterlink_link.demo.link_name
  depends_on = [clusterlink_mirror_topic.demo]
}

output "links" {
  value = {
    for link in data.clusterlink_links.destination.links : link.link_name => {
      state  = link.link_state
      error  = link.link_error
      topics = link.topic_names
    }
  }
}

output "mirror_topics" {
  value = {
    for topic in data.clusterlink_mirror_topics.demo.mirror_topics : topic.mirror_topic_name => {
      source = topic.source_topic_name
      status = topic.mirror_status
      lag    = topic.max_lag
    }
  }
}
