# The file that kafka-cluster-links --create --config-file takes. Its secrets are
# told from the rest, and go where they are not stored.
locals {
  link = provider::clusterlink::parse_link_config(file("${path.module}/clusterlink.config"))
}

resource "clusterlink_link" "orders" {
  endpoint          = "destination"
  link_name         = "orders"
  remote_cluster_id = "lkc-00000"
  link_mode         = local.link.link_mode       # null where the file does not say
  connection_mode   = local.link.connection_mode # likewise

  config                      = local.link.config
  sensitive_config_wo         = local.link.sensitive_config
  sensitive_config_wo_version = 1
}
