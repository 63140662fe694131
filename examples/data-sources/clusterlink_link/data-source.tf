data "clusterlink_link" "orders" {
  endpoint  = "destination"
  link_name = "orders"
}

# What the link really does with the offsets of consumers, be it set or a default.
output "offset_sync" {
  value = data.clusterlink_link.orders.config["consumer.offset.sync.enable"]
}
