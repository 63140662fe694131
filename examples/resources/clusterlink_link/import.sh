# <endpoint>/<link_name>, or <cluster_id>/<link_name>
terraform import clusterlink_link.orders destination/orders
