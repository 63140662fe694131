variable "source_api_key" {
  type = string
}

variable "source_api_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}
