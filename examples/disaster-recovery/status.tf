# Where the copies are, and how far behind: terraform apply -refresh-only, then
# terraform output mirror_topics. A region without copies is not asked: it may be away.

data "clusterlink_mirror_topics" "copies" {
  for_each = toset(compact([
    var.west_state == "ACTIVE" ? "west" : "",
    var.east_state == "ACTIVE" ? "east" : "",
  ]))

  endpoint   = each.key
  link_name  = var.link_name
  depends_on = [clusterlink_mirror_topic.west, clusterlink_mirror_topic.east]
}

output "mirror_topics" {
  value = {
    for region, found in data.clusterlink_mirror_topics.copies : region => {
      for topic in found.mirror_topics : topic.mirror_topic_name => {
        status = topic.mirror_status
        lag    = topic.max_lag
      }
    }
  }
}
