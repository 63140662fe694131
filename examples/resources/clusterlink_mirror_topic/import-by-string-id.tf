import {
  to = clusterlink_mirror_topic.orders
  id = "destination/orders/orders" # <endpoint>/<link_name>/<mirror_topic_name>
}
