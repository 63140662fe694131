variable "password" {
  type      = string
  sensitive = true
}

# org.apache.kafka.common.security.scram.ScramLoginModule required username="linker" password="…";
# Quotes and backslashes in the password are escaped as Kafka wants them.
output "jaas_config" {
  value     = provider::clusterlink::jaas_config("SCRAM-SHA-512", "linker", var.password)
  sensitive = true
}
