# Secrets come from the environment (TF_VAR_destination_password) or from the
# workspace in HCP Terraform. Ephemeral values are stored in no plan and no state.

variable "destination_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "source_api_key" {
  type = string
}

variable "source_api_secret" {
  type      = string
  sensitive = true
  ephemeral = true
}
