# Where the destination cannot reach the source, the source connects, and the
# link is a pair under one name. The destination's half comes first and waits.
resource "clusterlink_link" "from_datacenter" {
  endpoint          = "destination"
  link_name         = "from-datacenter"
  link_mode         = "DESTINATION"
  connection_mode   = "INBOUND"
  remote_cluster_id = "MToL0AbqRMqxznu7C7CPOw"
}

resource "clusterlink_link" "from_datacenter_source" {
  endpoint          = "source"
  link_name         = clusterlink_link.from_datacenter.link_name
  link_mode         = "SOURCE"
  connection_mode   = "OUTBOUND"
  remote_cluster_id = clusterlink_link.from_datacenter.cluster_id

  # Plain names are about the destination, names with "local." about the source.
  config = {
    "bootstrap.servers"       = "pkc-11111.region.provider.example.com:9092"
    "security.protocol"       = "SASL_SSL"
    "sasl.mechanism"          = "PLAIN"
    "local.security.protocol" = "SASL_SSL"
    "local.sasl.mechanism"    = "SCRAM-SHA-512"
  }
  sensitive_config_wo = {
    "sasl.jaas.config"       = provider::clusterlink::jaas_config("PLAIN", var.destination_api_key, var.destination_api_secret)
    "local.sasl.jaas.config" = provider::clusterlink::jaas_config("SCRAM-SHA-512", "linker", var.source_password)
  }
  sensitive_config_wo_version = 1
}

# A mirror topic over such a pair needs both halves:
#   depends_on = [clusterlink_link.from_datacenter_source]
