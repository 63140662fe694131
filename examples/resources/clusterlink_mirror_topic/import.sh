# <endpoint>/<link_name>/<mirror_topic_name>, or with the cluster id in place of the endpoint
terraform import clusterlink_mirror_topic.orders destination/orders/orders
