resource "clusterlink_link" "write_only" {
  endpoint          = "destination"
  link_name         = "write-only"
  remote_cluster_id = "lkc-source"
  config = {
    "bootstrap.servers"   = "SOURCE_BOOTSTRAP"
    "security.protocol"   = "SASL_SSL"
    "sasl.mechanism"      = "PLAIN"
    "ssl.truststore.type" = "PEM"
  }
  sensitive_config_wo = {
    "sasl.jaas.config"            = JAAS
    "ssl.truststore.certificates" = SOURCE_CA
  }
  sensitive_config_wo_version = 1
}

resource "clusterlink_link" "everything" {
  endpoint        = "destination"
  link_name       = "everything"
  link_mode       = "DESTINATION"
  connection_mode = "OUTBOUND"
  config = {
    "bootstrap.servers"   = "SOURCE_BOOTSTRAP"
    "security.protocol"   = "SASL_SSL"
    "sasl.mechanism"      = "PLAIN"
    "ssl.truststore.type" = "PEM"
    "cluster.link.prefix" = "copy-"
  }
  sensitive_config = {
    "sasl.jaas.config"            = JAAS
    "ssl.truststore.certificates" = SOURCE_CA
  }
  validate_link = true
  force_destroy = true
  timeouts = {
    create = "2m"
  }
}

resource "clusterlink_mirror_topic" "least" {
  endpoint          = "destination"
  link_name         = clusterlink_link.write_only.link_name
  source_topic_name = "orders"
}

resource "clusterlink_mirror_topic" "everything" {
  endpoint           = "destination"
  link_name          = clusterlink_link.everything.link_name
  source_topic_name  = "payments"
  mirror_topic_name  = "copy-payments"
  replication_factor = 1
  config = {
    "retention.ms" = "86400000"
  }
  state      = "ACTIVE"
  on_destroy = "FAILOVER"
  timeouts = {
    delete = "15m"
  }
}

resource "clusterlink_mirror_topic" "paused" {
  endpoint          = "destination"
  link_name         = clusterlink_link.write_only.link_name
  source_topic_name = "invoices"
  state             = "PAUSED"
  on_destroy        = "KEEP"
}
