import {
  to = clusterlink_link.orders
  identity = {
    cluster_id = "lkc-destination"
    link_name  = "orders"
  }
}
