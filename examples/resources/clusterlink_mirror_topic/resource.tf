# Destroying a mirror topic promotes it: it becomes an ordinary topic, and keeps
# its records.
resource "clusterlink_mirror_topic" "orders" {
  endpoint          = "destination"
  link_name         = clusterlink_link.orders.link_name
  source_topic_name = "orders"
}

# Several topics over one link, named one by one: with for_each, taking one out
# of the set concerns no other.
resource "clusterlink_mirror_topic" "billing" {
  for_each = toset(["invoices", "payments"])

  endpoint          = "destination"
  link_name         = clusterlink_link.orders.link_name
  source_topic_name = each.key

  # The source is to be switched off one day, and may be gone by then: stop
  # mirroring with the records that have arrived.
  on_destroy = "FAILOVER"

  # Settings of the topic itself, where they are to differ from the source's.
  config = {
    "retention.ms" = "604800000"
  }
}
