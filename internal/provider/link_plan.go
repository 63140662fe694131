package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ModifyPlan decides where the link lives, what replaces it, and what a
// reviewer has to be told. It changes nothing on a server.
func (r *linkResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.endpoints == nil {
		return
	}
	var config, plan, state linkModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	exists := !req.State.Raw.IsNull()
	if exists {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	place := r.endpoints.plan(ctx, config.Endpoint, state.Endpoint, state.ClusterID, &resp.Diagnostics)
	plan.Endpoint, plan.ClusterID = place.endpoint, place.clusterID
	plan.ID = plannedID(plan.ClusterID, plan.LinkName)
	if !exists {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
		r.validateCreation(ctx, config, plan, &resp.Diagnostics)
		return
	}
	former, diags := loadWriteOnlyNames(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	// The framework has made these unknown for any difference of text.
	plan.LinkState, plan.LinkError, plan.LinkErrorMessage = state.LinkState, state.LinkError, state.LinkErrorMessage
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	renamed := former != nil && !config.SensitiveConfigWO.IsUnknown() && !slices.Equal(former, namesIn(config.SensitiveConfigWO))
	if renamed || !resp.Plan.Raw.Equal(req.State.Raw) {
		// Nothing else of a write-only map can make Terraform call Update.
		plan.LinkState, plan.LinkError, plan.LinkErrorMessage = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	}
	resp.RequiresReplace = append(resp.RequiresReplace, linkReplacements(state, plan, place.moves)...)
	if r.prefixChanges(ctx, state, config, former) {
		// Terraform replaces only because of an attribute that changes, and the
		// prefix may stand in a map that shows no change: the id always does.
		plan.ClusterLinkID = types.StringUnknown()
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("config"), path.Root("sensitive_config"), path.Root("cluster_link_id"))
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	switch {
	case len(resp.RequiresReplace) > 0:
		r.checkReplacement(ctx, state, resp)
	case !resp.Plan.Raw.Equal(req.State.Raw):
		r.validateUpdate(ctx, config, plan, state, former, &resp.Diagnostics)
	}
}

// plannedID joins the parts of an id as far as they are known.
func plannedID(parts ...types.String) types.String {
	var known []string
	for _, part := range parts {
		if part.IsUnknown() || part.IsNull() {
			return types.StringUnknown()
		}
		known = append(known, part.ValueString())
	}
	return types.StringValue(strings.Join(known, "/"))
}

// linkReplacements lists what in the plan cannot be changed in place. A value
// that the server never told is recorded, and replaces nothing.
func linkReplacements(state, plan linkModel, moves bool) path.Paths {
	var replace path.Paths
	if moves {
		// The same endpoint may lead elsewhere now, and is then no change.
		replace = append(replace, path.Root("endpoint"), path.Root("cluster_id"))
	}
	for _, v := range []struct {
		name         string
		prior, value types.String
	}{
		{"link_name", state.LinkName, plan.LinkName},
		{"link_mode", state.LinkMode, plan.LinkMode},
		{"connection_mode", state.ConnectionMode, plan.ConnectionMode},
		{"remote_cluster_id", state.RemoteClusterID, plan.RemoteClusterID},
	} {
		if !v.prior.IsNull() && !v.value.Equal(v.prior) {
			replace = append(replace, path.Root(v.name))
		}
	}
	return replace
}

// prefixChanges compares the link's prefix, which no server changes in place. Of
// a prefix in the write-only map only the server knows the former value; it is
// asked where the map's version, or a move to another map, says that the value
// may have changed.
func (r *linkResource) prefixChanges(ctx context.Context, state, config linkModel, former writeOnlyNames) bool {
	if config.hasUnknownValue(prefixSetting) {
		return false
	}
	planned := config.setting(prefixSetting)
	if !slices.Contains(former, prefixSetting) {
		return planned != state.setting(prefixSetting)
	}
	_, stays := values(config.SensitiveConfigWO)[prefixSetting]
	if stays && config.SensitiveConfigWOVersion.Equal(state.SensitiveConfigWOVersion) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, planPatience)
	defer cancel()
	e, err := r.endpoints.at(ctx, state.Endpoint.ValueString(), state.ClusterID.ValueString())
	if err != nil {
		return false
	}
	prior, err := e.currentPrefix(ctx, state.LinkName.ValueString())
	return err == nil && planned != prior
}

// checkReplacement stops a plan that would first promote and then lose what the
// link still mirrors.
func (r *linkResource) checkReplacement(ctx context.Context, state linkModel, resp *resource.ModifyPlanResponse) {
	if !r.endpoints.planValidation {
		return
	}
	var e *endpoint
	mirrors, err := forPlanning(ctx, func(ctx context.Context) (names []string, err error) {
		if e, err = r.endpoints.at(ctx, state.Endpoint.ValueString(), state.ClusterID.ValueString()); err != nil {
			return nil, err
		}
		return mirroring(ctx, e, state.LinkName.ValueString())
	})
	if err != nil {
		resp.Diagnostics.AddWarning("Link is to be replaced", "Whether it still has mirror topics could not be seen: "+explain(e, err))
		return
	}
	if len(mirrors) == 0 {
		return
	}
	at := resp.RequiresReplace[0]
	const summary = "Replacing a link that has mirror topics"
	if state.ForceDestroy.ValueBool() {
		resp.Diagnostics.AddAttributeWarning(at, summary, fmt.Sprintf("The link %q is to be deleted by force. Its mirror topics stop where they are, and the new link does not take them up: %s.",
			state.LinkName.ValueString(), strings.Join(mirrors, ", ")))
		return
	}
	addPlanError(&resp.Diagnostics, at, summary, fmt.Sprintf("This change cannot be made in place, and the link %q still has mirror topics: %s. "+
		"Destroy them first, which promotes them, or take the change back. With force_destroy = true, applied before, the link is replaced all the same and its mirror topics stop where they are.",
		state.LinkName.ValueString(), strings.Join(mirrors, ", ")))
}
