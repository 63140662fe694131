# Terraform variables of the workspace; those that are marked sensitive here are to be
# marked so there, too.
#
# Confluent Server: rest_endpoint "https://HOST:8090", users of your own, and your
# authority's certificate. Confluent Cloud: "https://pkc-….confluent.cloud:443", an
# API key of the cluster as username and its secret as password, and no certificate.

variable "destination_rest_endpoint" {
  description = "Address of the destination's REST API."
  type        = string
}

variable "destination_cluster_id" {
  description = "Id of the destination cluster. Left out: the endpoint's only one."
  type        = string
  default     = null
}

variable "source_cluster_id" {
  type = string
}

variable "source_bootstrap_servers" {
  description = "The source's Kafka listener, as the destination's brokers reach it: host:port."
  type        = string
}

variable "source_kafka_username" {
  type = string
}

variable "source_kafka_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "source_ca_certificate" {
  description = "PEM. Left out: the authorities that the destination's brokers trust."
  type        = string
  default     = null
}

variable "topic_names" {
  description = "Topics that exist on the source."
  type        = set(string)
}

variable "max_lag" {
  description = "How many records a partition may be behind."
  type        = number
  default     = 1000
}
