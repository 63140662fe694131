# What has become of it: terraform apply -refresh-only, then terraform output.

data "clusterlink_links" "all" {
  for_each   = toset(["east", "west"])
  endpoint   = each.key
  depends_on = [clusterlink_mirror_topic.west] # look when all is there
}

data "clusterlink_mirror_topics" "west" {
  endpoint   = "west"
  link_name  = clusterlink_link.west.link_name
  depends_on = [clusterlink_mirror_topic.west]
}

output "links" {
  value = {
    for cluster, found in data.clusterlink_links.all : cluster => {
      for link in found.links : link.link_name => { state = link.link_state, error = link.link_error }
    }
  }
}

output "mirror_topics" {
  value = {
    for topic in data.clusterlink_mirror_topics.west.mirror_topics : topic.mirror_topic_name => {
      source = topic.source_topic_name
      status = topic.mirror_status
      lag    = topic.max_lag
    }
  }
}
