package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// linkIdentity names a link whatever the provider's endpoints are called.
type linkIdentity struct {
	ClusterID types.String `tfsdk:"cluster_id"`
	LinkName  types.String `tfsdk:"link_name"`
}

// mirrorTopicIdentity is the same for a mirror topic.
type mirrorTopicIdentity struct {
	ClusterID       types.String `tfsdk:"cluster_id"`
	LinkName        types.String `tfsdk:"link_name"`
	MirrorTopicName types.String `tfsdk:"mirror_topic_name"`
}

func (r *linkResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"cluster_id": identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the cluster that the link object lives on."},
		"link_name":  identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the link."},
	}}
}

func (r *mirrorTopicResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"cluster_id":        identityschema.StringAttribute{RequiredForImport: true, Description: "Id of the cluster that the mirror topic lives on."},
		"link_name":         identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the link."},
		"mirror_topic_name": identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the mirror topic."},
	}}
}

func (m *linkModel) identity() linkIdentity {
	return linkIdentity{ClusterID: m.ClusterID, LinkName: m.LinkName}
}

func (m *mirrorTopicModel) identity() mirrorTopicIdentity {
	return mirrorTopicIdentity{ClusterID: m.ClusterID, LinkName: m.LinkName, MirrorTopicName: m.MirrorTopicName}
}

// save stores the model as state and its identity, for Create, Read, Update and
// import alike.
func (m *linkModel) save(ctx context.Context, state *tfsdk.State, identity *tfsdk.ResourceIdentity) diag.Diagnostics {
	diags := state.Set(ctx, m)
	if identity != nil {
		diags.Append(identity.Set(ctx, m.identity())...)
	}
	return diags
}

func (m *mirrorTopicModel) save(ctx context.Context, state *tfsdk.State, identity *tfsdk.ResourceIdentity) diag.Diagnostics {
	diags := state.Set(ctx, m)
	if identity != nil {
		diags.Append(identity.Set(ctx, m.identity())...)
	}
	return diags
}

// forget removes an object that is gone from state. The framework demands an
// identity even then, which Terraform 1.11 has not kept.
func forget(ctx context.Context, resp *resource.ReadResponse, identity any) {
	resp.State.RemoveResource(ctx)
	if resp.Identity != nil {
		resp.Diagnostics.Append(resp.Identity.Set(ctx, identity)...)
	}
}

// importTarget finds what an import means, be it given as a text or as an
// identity, whose first part is the id of a cluster.
func (eps *endpoints) importTarget(ctx context.Context, req resource.ImportStateRequest, parts ...string) (*endpoint, string, []string, error) {
	if req.ID != "" || req.Identity == nil {
		return eps.parseImportID(ctx, req.ID, parts...)
	}
	var values []string
	for _, part := range append([]string{"cluster_id"}, parts...) {
		var value types.String
		if diags := req.Identity.GetAttribute(ctx, path.Root(part), &value); diags.HasError() || value.ValueString() == "" {
			return nil, "", nil, fmt.Errorf("the identity has no %s", part)
		}
		values = append(values, value.ValueString())
	}
	e, err := eps.at(ctx, "", values[0])
	return e, values[0], values[1:], err
}
