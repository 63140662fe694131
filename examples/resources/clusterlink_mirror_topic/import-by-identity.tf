import {
  to = clusterlink_mirror_topic.orders
  identity = {
    cluster_id        = "lkc-destination"
    link_name         = "orders"
    mirror_topic_name = "orders"
  }
}
