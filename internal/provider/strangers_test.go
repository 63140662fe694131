package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	ephemeralschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// strangers stands for the other providers that pages mention, as far as they do:
// with the schemas that their documentation describes, and answers of its own.
type strangers struct{ name string }

// requiredProviders says where they would come from.
const requiredProviders = `
terraform {
  required_providers {
    clusterlink = { source = "clusterlink/clusterlink" }
    confluent   = { source = "confluentinc/confluent" }
    vault       = { source = "hashicorp/vault" }
  }
}`

// knowsStrangers makes the CLI take them for installed.
func (c *cli) knowsStrangers() {
	c.t.Helper()
	c.reattaches(func(at map[string]any) {
		for address, name := range map[string]string{"confluentinc/confluent": "confluent", "hashicorp/vault": "vault"} {
			here := serve(c.t, func() tfprotov6.ProviderServer { return providerserver.NewProtocol6(strangers{name})() })
			at["registry.terraform.io/"+address], at["registry.opentofu.org/"+address] = here, here
		}
	})
}

func (p strangers) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = p.name
}

func (strangers) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (strangers) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (strangers) DataSources(context.Context) []func() datasource.DataSource                        { return nil }

func (p strangers) Resources(context.Context) []func() resource.Resource {
	if p.name != "confluent" {
		return nil
	}
	return []func() resource.Resource{
		func() resource.Resource { return confluentTopic{} },
		func() resource.Resource { return confluentLinking{"confluent_cluster_link", confluentLinkSchema()} },
		func() resource.Resource {
			return confluentLinking{"confluent_kafka_mirror_topic", confluentMirrorSchema()}
		},
	}
}

func (p strangers) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	if p.name != "vault" {
		return nil
	}
	return []func() ephemeral.EphemeralResource{func() ephemeral.EphemeralResource { return vaultSecret{} }}
}

// confluentTopic is confluent_kafka_topic, of which every cluster has those that
// are imported.
type confluentTopic struct{ resource.Resource }

func (confluentTopic) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "confluent_kafka_topic"
}

func (confluentTopic) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id":               schema.StringAttribute{Computed: true},
		"topic_name":       schema.StringAttribute{Required: true},
		"partitions_count": schema.Int64Attribute{Optional: true},
	}}
}

func (confluentTopic) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	_, name, _ := strings.Cut(req.ID, "/")
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), req.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("topic_name"), name)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("partitions_count"), 6)...)
}

func (confluentTopic) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

// vaultSecret is the ephemeral resource vault_kv_secret_v2, of a vault with the
// credentials for every cluster: "rest", and another name for the link's.
type vaultSecret struct{}

func (vaultSecret) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = "vault_kv_secret_v2"
}

func (vaultSecret) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = ephemeralschema.Schema{Attributes: map[string]ephemeralschema.Attribute{
		"mount": ephemeralschema.StringAttribute{Required: true},
		"name":  ephemeralschema.StringAttribute{Required: true},
		"data":  ephemeralschema.MapAttribute{Computed: true, ElementType: types.StringType},
	}}
}

func (vaultSecret) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var name string
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &name)...)
	secret := map[string]string{"username": kafkaUser, "password": kafkaPassword}
	if name == "rest" {
		secret = map[string]string{"username": restUser, "password": restPassword}
	}
	resp.Result.Raw = req.Config.Raw
	resp.Diagnostics.Append(resp.Result.SetAttribute(ctx, path.Root("data"), secret)...)
}
