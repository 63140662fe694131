# The link lives on the destination, which connects to the source. Where the
# destination cannot reach the source, see the next example.
resource "clusterlink_link" "orders" {
  endpoint          = "destination"
  link_name         = "orders"
  remote_cluster_id = "lkc-00000"

  config = {
    "bootstrap.servers" = "pkc-00000.region.provider.example.com:9092"
    "security.protocol" = "SASL_SSL"
    "sasl.mechanism"    = "PLAIN"

    # With their offsets synced, consumers that move to the destination go on
    # where they were.
    "consumer.offset.sync.enable" = "true"
    "consumer.offset.group.filters" = jsonencode({
      groupFilters = [{ name = "*", patternType = "LITERAL", filterType = "INCLUDE" }]
    })
  }

  # Sent to the cluster, and stored in neither plan nor state.
  sensitive_config_wo = {
    "sasl.jaas.config" = provider::clusterlink::jaas_config("PLAIN", var.source_api_key, var.source_api_secret)
  }
  # Nothing that is not stored can be compared: change the number to send a new secret.
  sensitive_config_wo_version = 1
}
