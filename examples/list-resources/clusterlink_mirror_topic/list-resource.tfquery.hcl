# In a file that ends in .tfquery.hcl: terraform query -generate-config-out=mirrors.tf
list "clusterlink_mirror_topic" "of_link" {
  provider         = clusterlink
  include_resource = true
  limit            = 10000 # 100 where it is left out

  config {
    endpoint  = "destination"
    link_name = "orders"
  }
}
