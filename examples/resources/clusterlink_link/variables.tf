variable "source_api_key" {
  type = string
}

variable "source_api_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "destination_api_key" {
  type = string
}

variable "destination_api_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "source_password" {
  type      = string
  sensitive = true
  ephemeral = true
}
