# Everything that is mirrored to this cluster, over whatever link.
data "clusterlink_mirror_topics" "all" {
  endpoint = "destination"
}

output "lag" {
  value = {
    for topic in data.clusterlink_mirror_topics.all.mirror_topics : topic.mirror_topic_name => topic.max_lag
  }
}
