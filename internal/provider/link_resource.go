package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

var (
	_ resource.ResourceWithConfigure      = &linkResource{}
	_ resource.ResourceWithValidateConfig = &linkResource{}
	_ resource.ResourceWithModifyPlan     = &linkResource{}
	_ resource.ResourceWithImportState    = &linkResource{}
	_ resource.ResourceWithIdentity       = &linkResource{}
	_ resource.ResourceWithMoveState      = &linkResource{}
)

const (
	linkType = "clusterlink_link"

	linkCreateTimeout = 5 * time.Minute
	linkReadTimeout   = 1 * time.Minute
	linkUpdateTimeout = 5 * time.Minute
	linkDeleteTimeout = 10 * time.Minute
)

func newLinkResource() resource.Resource { return &linkResource{} }

// linkResource is clusterlink_link: one link object on one cluster.
type linkResource struct {
	endpoints *endpoints
}

func (r *linkResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = linkType
}

func (r *linkResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.endpoints, _ = req.ProviderData.(*endpoints)
}

func (r *linkResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config linkModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	timeout, diags := plan.Timeouts.Create(ctx, linkCreateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	e := r.pick(ctx, &plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	defer e.workOnLink()()
	if !r.create(ctx, e, &plan, config.SensitiveConfigWO, &resp.Diagnostics) {
		return
	}
	// The link exists. From here on nothing may be an error, or Terraform would
	// taint it, and the next apply would destroy it.
	observed := plan
	if err := waitForLink(ctx, e, &observed); err != nil {
		resp.Diagnostics.AddWarning("Link created, but not ready", fmt.Sprintf("The link %q exists and is kept in state, but waiting for it ended early: %s\n\n"+
			"The next plan shows what has become of it.", plan.LinkName.ValueString(), explain(e, err)))
		after, cancel := afterwards(ctx)
		defer cancel()
		_ = observed.refresh(after, e, e.linkNow) // What cannot be read now, the next plan reads.
	}
	observed.keepConfigured(plan)
	resp.Diagnostics.Append(observed.save(ctx, &resp.State, resp.Identity)...)
	resp.Diagnostics.Append(namesIn(config.SensitiveConfigWO).save(ctx, resp.Private)...)
}

// pick finds the endpoint of a link to create and completes the model's ids.
func (r *linkResource) pick(ctx context.Context, m *linkModel, diags *diag.Diagnostics) *endpoint {
	e, clusterID, err := r.endpoints.pickReady(ctx, m.Endpoint)
	if err != nil {
		addEndpointError(diags, e, err)
		return nil
	}
	m.Endpoint, m.ClusterID = types.StringValue(e.name), types.StringValue(clusterID)
	m.ID = types.StringValue(linkID(clusterID, m.LinkName.ValueString()))
	return e
}

// create looks for a link of that name and creates one. It reports whether the
// link was created, be it by a request whose answer was lost.
func (r *linkResource) create(ctx context.Context, e *endpoint, m *linkModel, writeOnly types.Map, diags *diag.Diagnostics) bool {
	const summary = "Unable to create link"
	look := func(ctx context.Context) error {
		_, err := e.linkNow(ctx, m.LinkName.ValueString())
		return err
	}
	switch err := look(ctx); {
	case err == nil:
		addLinkExists(diags, m)
		return false
	case !errors.Is(err, kafkarest.ErrNotFound) && !isNotReady(err):
		diags.AddError(summary, explain(e, err))
		return false
	}
	link := m.newLink(writeOnly)
	err := pollReady(ctx, func() error { return e.createLink(ctx, link) })
	if err == nil {
		return true
	}
	after, cancel := afterwards(ctx)
	defer cancel()
	switch {
	case kafkarest.IsUncertain(err):
		if pollVisible(after, func() error { return look(after) }) == nil {
			return true
		}
		diags.AddError(summary, fmt.Sprintf("%s\n\nIt is not known whether the link was created all the same. If the next apply says that it exists, import it:\n\n%s",
			explain(e, err), importBlock(linkType, m.ID.ValueString())))
	case errors.Is(err, kafkarest.ErrExists) && look(after) == nil:
		addLinkExists(diags, m)
	default:
		diags.AddError(summary, explain(e, err))
	}
	return false
}

func addLinkExists(diags *diag.Diagnostics, m *linkModel) {
	diags.AddAttributeError(path.Root("link_name"), "Link exists already", fmt.Sprintf("The cluster %q has a link %q already. To manage it here, import it:\n\n%s",
		m.ClusterID.ValueString(), m.LinkName.ValueString(), importBlock(linkType, m.ID.ValueString())))
}

var errUnhealthy = errors.New("the link shows an error")

// waitForLink refreshes a new link until it can be read and, where this side
// dials the other, shows no error.
func waitForLink(ctx context.Context, e *endpoint, m *linkModel) error {
	hopeless := 0
	passing := func(err error) bool {
		if errors.Is(err, errUnhealthy) && onlyAPersonCanMend(m.LinkError.ValueString()) {
			hopeless++
		}
		// Seen once or twice, it may be a link that is still connecting.
		return hopeless < 3 && (errors.Is(err, errUnhealthy) || errors.Is(err, kafkarest.ErrNotFound) || isNotReady(err))
	}
	return pollWhile(ctx, passing, func() error {
		err := m.refresh(ctx, e, e.linkNow)
		if err == nil && m.dials() && m.ValidateLink.ValueBool() && !m.healthy() {
			err = fmt.Errorf("%w: %s: %s", errUnhealthy, m.LinkError.ValueString(), m.LinkErrorMessage.ValueString())
		}
		return err
	})
}

func onlyAPersonCanMend(linkError string) bool {
	return slices.Contains([]string{"AUTHENTICATION_ERROR", "UNRESOLVABLE_BOOTSTRAP_ERROR", "INVALID_BOOTSTRAP_INTERNAL_ENDPOINT_ERROR"}, linkError)
}

func (r *linkResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state linkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, linkReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	e, err := r.endpoints.at(ctx, state.Endpoint.ValueString(), state.ClusterID.ValueString())
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	defer e.workOnLink()()
	state.Endpoint = types.StringValue(e.name)
	adopt, diags := takesSettingsOver(ctx, req.Private, resp.Private)
	resp.Diagnostics.Append(diags...)
	if adopt {
		state.Config = types.MapUnknown(types.StringType)
	}
	err = state.refresh(ctx, e, e.link)
	if errors.Is(err, kafkarest.ErrNotFound) {
		forget(ctx, resp, state.identity())
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to read link", explain(e, err))
		return
	}
	resp.Diagnostics.Append(state.save(ctx, &resp.State, resp.Identity)...)
}

func (r *linkResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan, config linkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	names, diags := loadWriteOnlyNames(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	timeout, diags := plan.Timeouts.Update(ctx, linkUpdateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	e, err := r.endpoints.at(ctx, plan.Endpoint.ValueString(), state.ClusterID.ValueString())
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	defer e.workOnLink()()
	if changes := e.changesToSend(ctx, state, plan, names, config.SensitiveConfigWO); len(changes) > 0 {
		if err := e.alterLinkSettings(ctx, plan.LinkName.ValueString(), changes); err != nil {
			resp.Diagnostics.AddError("Unable to change settings of link", explain(e, err))
			return
		}
	}
	observed := plan
	if err := observed.refresh(ctx, e, e.linkNow); err != nil {
		resp.Diagnostics.AddWarning("Link changed, but not read", explain(e, err))
	}
	observed.keepConfigured(plan)
	resp.Diagnostics.Append(observed.save(ctx, &resp.State, resp.Identity)...)
	resp.Diagnostics.Append(namesIn(config.SensitiveConfigWO).save(ctx, resp.Private)...)
	_, diags = takesSettingsOver(ctx, req.Private, resp.Private)
	resp.Diagnostics.Append(diags...)
}

func (r *linkResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state linkModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, linkDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	e, err := r.endpoints.at(ctx, state.Endpoint.ValueString(), state.ClusterID.ValueString())
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	defer e.workOnLink()()
	if err := deleteLink(ctx, e, state.LinkName.ValueString(), state.ForceDestroy.ValueBool()); err != nil {
		resp.Diagnostics.AddError("Unable to delete link", explain(e, err))
	}
}

func (r *linkResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	e, clusterID, names, err := r.endpoints.importTarget(ctx, req, "link_name")
	if err != nil {
		resp.Diagnostics.AddError("Unable to import link", explain(nil, err))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, linkReadTimeout)
	defer cancel()
	m := importedLink(e.name, clusterID, names[0])
	if err := m.refresh(ctx, e, e.link); err != nil {
		resp.Diagnostics.AddError("Unable to import link", explain(e, err))
		return
	}
	resp.Diagnostics.Append(m.save(ctx, &resp.State, resp.Identity)...)
}

// importedLink is a link of which only its place is known. Its settings are to
// be taken from the server; attributes that no server knows have their defaults.
func importedLink(endpoint, clusterID, name string) linkModel {
	return linkModel{
		ID:              types.StringValue(linkID(clusterID, name)),
		Endpoint:        types.StringValue(endpoint),
		ClusterID:       types.StringValue(clusterID),
		LinkName:        types.StringValue(name),
		Config:          types.MapUnknown(types.StringType),
		SensitiveConfig: types.MapNull(types.StringType), SensitiveConfigWO: types.MapNull(types.StringType),
		ValidateLink: types.BoolValue(true),
		ForceDestroy: types.BoolValue(false),
		Timeouts:     timeouts.Value{Object: nullTimeouts()},
	}
}

func linkID(clusterID, name string) string {
	return clusterID + "/" + name
}
