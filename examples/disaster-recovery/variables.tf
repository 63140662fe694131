# Confluent Server: rest_endpoint "https://HOST:8090", users of your own, and
# your authority's certificate. Confluent Cloud: "https://pkc-….confluent.cloud:443",
# an API key of the cluster as username (REST and Kafka alike) and its secret as
# password, and no certificate.

variable "east_rest_endpoint" {
  type = string
}

variable "east_cluster_id" {
  type = string
}

variable "east_rest_username" {
  type = string
}

variable "east_rest_password" {
  type      = string
  sensitive = true
  ephemeral = true # not stored in a saved plan, where a sensitive value alone would be
}

variable "east_bootstrap_servers" {
  description = "The Kafka listener of east, as the brokers of west reach it: host:port."
  type        = string
}

variable "east_kafka_username" {
  description = "The user that west reads the topics of east as."
  type        = string
}

variable "east_kafka_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "east_ca_certificate" {
  description = "PEM. Left out: the system's authorities."
  type        = string
  default     = null
}

variable "west_rest_endpoint" {
  type = string
}

variable "west_cluster_id" {
  type = string
}

variable "west_rest_username" {
  type = string
}

variable "west_rest_password" {
  type      = string
  sensitive = true
  ephemeral = true # not stored in a saved plan, where a sensitive value alone would be
}

variable "west_bootstrap_servers" {
  description = "The Kafka listener of west, as the brokers of east reach it: host:port."
  type        = string
}

variable "west_kafka_username" {
  description = "The user that east reads the topics of west as."
  type        = string
}

variable "west_kafka_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "west_ca_certificate" {
  description = "PEM. Left out: the system's authorities."
  type        = string
  default     = null
}

variable "secrets_version" {
  description = "Change it when a password or certificate that the links use changes."
  type        = number
  default     = 1
}

variable "link_name" {
  type    = string
  default = "regions"
}

variable "topic_names" {
  description = "Topics that exist in east. Add some only while east leads."
  type        = set(string)
  default     = ["orders", "payments"]
}

variable "west_state" {
  description = "What the copies in west are: ACTIVE while east leads, PROMOTED or FAILED_OVER while west does."
  type        = string
  default     = "ACTIVE"
}

variable "east_state" {
  description = "What the copies in east are: null while east leads, ACTIVE while they follow west."
  type        = string
  default     = null
}

variable "rehearse" {
  description = "true: actions ask the servers what they would do, and change nothing."
  type        = bool
  default     = false
}
