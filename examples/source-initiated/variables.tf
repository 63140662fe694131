# Confluent Server: rest_endpoint "https://HOST:8090", users of your own, and
# your authority's certificate. Confluent Cloud: "https://pkc-….confluent.cloud:443",
# an API key of the cluster as username (REST and Kafka alike) and its secret as
# password, and no certificate.

variable "source_rest_endpoint" {
  type = string
}

variable "source_cluster_id" {
  type = string
}

variable "source_rest_username" {
  type = string
}

variable "source_rest_password" {
  type      = string
  sensitive = true
  ephemeral = true # not stored in a saved plan, where a sensitive value alone would be
}

variable "source_bootstrap_servers" {
  description = "The source's Kafka listener, as its own brokers reach it: host:port."
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
  description = "PEM. Left out: the system's authorities."
  type        = string
  default     = null
}

variable "destination_rest_endpoint" {
  type = string
}

variable "destination_cluster_id" {
  type = string
}

variable "destination_rest_username" {
  type = string
}

variable "destination_rest_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "destination_bootstrap_servers" {
  description = "The destination's Kafka listener, as the source's brokers reach it: host:port."
  type        = string
}

variable "destination_kafka_username" {
  type = string
}

variable "destination_kafka_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "destination_ca_certificate" {
  description = "PEM. Left out: the system's authorities."
  type        = string
  default     = null
}

variable "secrets_version" {
  description = "Change it when a password or certificate that the link uses changes."
  type        = number
  default     = 1
}

variable "link_name" {
  type    = string
  default = "demo-link"
}

variable "topic_name" {
  description = "A topic that exists on the source."
  type        = string
  default     = "demo-link-topic"
}
