terraform {
  required_version = ">= 1.11" # the first with write-only attributes
  required_providers {
    clusterlink = {
      source = "clusterlink/clusterlink"
    }
  }
}

provider "clusterlink" {
  # Resources name the endpoint that they live on: endpoint = "destination".
  endpoints = {
    # Confluent Server, with a certificate of your own authority. The id of its
    # only cluster is asked for when it is needed.
    destination = {
      rest_endpoint  = "https://kafka.example.com:8090"
      username       = "terraform"
      password       = var.destination_password
      ca_certificate = file("${path.module}/ca.pem")
    }

    # Confluent Cloud, with an API key of the cluster.
    source = {
      rest_endpoint = "https://pkc-00000.region.provider.example.com:443"
      cluster_id    = "lkc-00000"
      username      = var.source_api_key
      password      = var.source_api_secret
    }
  }
}
