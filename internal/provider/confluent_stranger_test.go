package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// What Confluent's provider has of cluster linking, to be moved from: schemas as
// its documentation describes them, of version 0, for states that exist. It finds
// that they are as ever, and refuses to do anything.
type confluentLinking struct {
	name   string
	schema schema.Schema
}

func (r confluentLinking) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.name
}

func (r confluentLinking) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.schema
}

func (confluentLinking) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

const askedConfluent = "Confluent's provider was asked to change something"

func (confluentLinking) Create(_ context.Context, _ resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.AddError(askedConfluent, "")
}

func (confluentLinking) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError(askedConfluent, "")
}

func (confluentLinking) Delete(_ context.Context, _ resource.DeleteRequest, resp *resource.DeleteResponse) {
	resp.Diagnostics.AddError(askedConfluent, "")
}

func confluentLinkSchema() schema.Schema {
	cluster := confluentBlock(
		map[string]schema.Attribute{"id": required(), "rest_endpoint": chosen(), "bootstrap_endpoint": chosen()},
		map[string]schema.Block{"credentials": confluentKey()})
	return schema.Schema{
		Attributes: map[string]schema.Attribute{
			"id": computed(), "link_name": required(), "link_mode": chosen(), "connection_mode": chosen(), "cluster_link_id": computed(),
			"config": schema.MapAttribute{Optional: true, Computed: true, ElementType: types.StringType},
		},
		Blocks: map[string]schema.Block{
			"source_kafka_cluster": cluster, "destination_kafka_cluster": cluster, "local_kafka_cluster": cluster, "remote_kafka_cluster": cluster,
		},
	}
}

func confluentMirrorSchema() schema.Schema {
	return schema.Schema{
		Attributes: map[string]schema.Attribute{"id": computed(), "mirror_topic_name": chosen(), "status": chosen()},
		Blocks: map[string]schema.Block{
			"source_kafka_topic": confluentBlock(map[string]schema.Attribute{"topic_name": required()}, nil),
			"cluster_link":       confluentBlock(map[string]schema.Attribute{"link_name": required()}, nil),
			"kafka_cluster": confluentBlock(
				map[string]schema.Attribute{"id": required(), "rest_endpoint": chosen()},
				map[string]schema.Block{"credentials": confluentKey()}),
		},
	}
}

func confluentKey() schema.Block {
	return confluentBlock(map[string]schema.Attribute{"key": secret(), "secret": secret()}, nil)
}

func confluentBlock(attributes map[string]schema.Attribute, blocks map[string]schema.Block) schema.Block {
	return schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: attributes, Blocks: blocks}}
}

func required() schema.Attribute { return schema.StringAttribute{Required: true} }
func computed() schema.Attribute { return schema.StringAttribute{Computed: true} }
func chosen() schema.Attribute   { return schema.StringAttribute{Optional: true, Computed: true} }
func secret() schema.Attribute   { return schema.StringAttribute{Required: true, Sensitive: true} }
