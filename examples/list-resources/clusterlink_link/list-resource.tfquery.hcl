# In a file that ends in .tfquery.hcl: terraform query -generate-config-out=links.tf
list "clusterlink_link" "all" {
  provider = clusterlink

  config {
    endpoint = "destination"
  }
}
