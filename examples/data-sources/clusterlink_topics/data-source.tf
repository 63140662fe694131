# Every topic of the source that belongs to orders is mirrored, those that are
# created later from the next apply on.
data "clusterlink_topics" "orders" {
  endpoint         = "source"
  topic_name_regex = "^orders"
}

# A topic that is deleted on the source leaves the set: the plan then shows that its
# mirror topic is to be destroyed, which stops it and keeps its records. The source
# can have failed it by then, and only failing over stops a mirror topic that failed.
resource "clusterlink_mirror_topic" "orders" {
  for_each = toset([for topic in data.clusterlink_topics.orders.topics : topic.topic_name])

  endpoint          = "destination"
  link_name         = "orders"
  source_topic_name = each.key
}
