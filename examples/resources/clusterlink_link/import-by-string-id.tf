import {
  to = clusterlink_link.orders
  id = "destination/orders" # <endpoint>/<link_name>, or <cluster_id>/<link_name>
}
