package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	if resp.Diagnostics.HasError() || !r.create(ctx, e, &plan, config.SensitiveConfigWO, &resp.Diagnostics) {
		return
	}
	// The link exists. From here on nothing may be an error, or Terraform would
	// taint it, and the next apply would destroy it.
	healthy := plan
	if err := waitForLink(ctx, e, &healthy); err != nil {
		resp.Diagnostics.AddWarning("Link created, but not ready", fmt.Sprintf("The link %q exists and is kept in state, but waiting for it ended early: %s\n\n"+
			"The next plan shows what has become of it.", plan.LinkName.ValueString(), explain(e, err)))
	}
	after, cancel := afterwards(ctx)
	defer cancel()
	if err := healthy.refresh(after, e); err != nil {
		resp.Diagnostics.AddWarning("Link created, but not read", explain(e, err))
	}
	healthy.keepConfigured(plan)
	resp.Diagnostics.Append(resp.State.Set(ctx, &healthy)...)
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
	name := m.LinkName.ValueString()
	switch _, err := e.client.Link(ctx, name, false); {
	case err == nil:
		diags.AddAttributeError(path.Root("link_name"), "Link exists already", fmt.Sprintf(
			"The cluster %q has a link %q already. To manage it here, import it:\n\n%s", m.ClusterID.ValueString(), name, importBlock(linkType, m.ID.ValueString())))
		return false
	case !errors.Is(err, kafkarest.ErrNotFound):
		diags.AddError(summary, explain(e, err))
		return false
	}
	link := m.newLink(writeOnly)
	err := pollVisible(ctx, func() error { return e.client.CreateLink(ctx, link, false) })
	if err == nil {
		return true
	}
	if kafkarest.IsUncertain(err) {
		after, cancel := afterwards(ctx)
		defer cancel()
		if _, lookErr := e.client.Link(after, name, false); lookErr == nil {
			return true
		}
		diags.AddError(summary, fmt.Sprintf("%s\n\nIt is not known whether the link was created all the same. If the next apply says that it exists, import it:\n\n%s",
			explain(e, err), importBlock(linkType, m.ID.ValueString())))
		return false
	}
	diags.AddError(summary, explain(e, err))
	return false
}

// waitForLink waits until the link can be read and, where this side dials the
// other, until it shows no error.
func waitForLink(ctx context.Context, e *endpoint, m *linkModel) error {
	var last error
	definite := 0
	err := poll(ctx, func() (bool, error) {
		link, err := e.client.Link(ctx, m.LinkName.ValueString(), false)
		switch {
		case errors.Is(err, kafkarest.ErrNotFound):
			last = err
			return false, nil
		case err != nil:
			return false, err
		case !m.dials() || !m.ValidateLink.ValueBool() || link.Healthy():
			return true, nil
		}
		last = fmt.Errorf("link_error is %s: %s", link.Error, link.ErrorMessage)
		// Once may be a passing sight of a link that is still connecting.
		if definite++; definite >= 3 && onlyAPersonCanMend(link.Error) {
			return false, last
		}
		return false, nil
	})
	if err != nil && last != nil && ctx.Err() != nil {
		return fmt.Errorf("%w; last seen: %w", err, last)
	}
	return err
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
	state.Endpoint = types.StringValue(e.name)
	err = state.refresh(ctx, e)
	if errors.Is(err, kafkarest.ErrNotFound) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to read link", explain(e, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
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
	plan.Endpoint = types.StringValue(e.name)
	if changes := e.changesToSend(ctx, state, plan, names, config.SensitiveConfigWO); len(changes) > 0 {
		if err := e.client.AlterLinkSettings(ctx, plan.LinkName.ValueString(), changes, false); err != nil {
			resp.Diagnostics.AddError("Unable to change settings of link", explain(e, err))
			return
		}
	}
	observed := plan
	if err := observed.refresh(ctx, e); err != nil {
		resp.Diagnostics.AddWarning("Link changed, but not read", explain(e, err))
	}
	observed.keepConfigured(plan)
	resp.Diagnostics.Append(resp.State.Set(ctx, &observed)...)
	resp.Diagnostics.Append(namesIn(config.SensitiveConfigWO).save(ctx, resp.Private)...)
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
	if err := deleteLink(ctx, e, state.LinkName.ValueString(), state.ForceDestroy.ValueBool()); err != nil {
		resp.Diagnostics.AddError("Unable to delete link", explain(e, err))
	}
}

// deleteLink deletes a link and waits until it is gone.
func deleteLink(ctx context.Context, e *endpoint, name string, force bool) error {
	started := time.Now()
	err := poll(ctx, func() (bool, error) {
		err := e.client.DeleteLink(ctx, name, force)
		if err == nil || errors.Is(err, kafkarest.ErrNotFound) {
			return true, nil
		}
		mirrors, mirrorsErr := mirroring(ctx, e, name)
		switch {
		case mirrorsErr != nil || !isRefusal(err):
			return false, err
		case len(mirrors) > 0:
			return false, fmt.Errorf("%w\n\nThe link still has mirror topics: %s. Destroy them first, which promotes them; or let them be "+
				"destroyed before the link by depends_on; or set force_destroy = true and apply that, to delete the link all the same, which stops its mirror topics where they are",
				err, strings.Join(mirrors, ", "))
		case time.Since(started) > visibilityWindow:
			return false, err
		}
		return false, nil // the last mirror topic stopped a moment ago, and the server has not noticed
	})
	if err != nil {
		return err
	}
	return poll(ctx, func() (bool, error) {
		_, err := e.client.Link(ctx, name, false)
		if errors.Is(err, kafkarest.ErrNotFound) {
			return true, nil
		}
		return false, err
	})
}

// isRefusal reports whether the server may have refused to delete a link
// because of its mirror topics: servers say so with 403, 400 or 409.
func isRefusal(err error) bool {
	var refusal *kafkarest.Error
	return errors.As(err, &refusal) && slices.Contains([]int{400, 403, 409}, refusal.Status)
}

// mirroring names the mirror topics of a link that are not stopped.
func mirroring(ctx context.Context, e *endpoint, link string) ([]string, error) {
	mirrors, err := e.client.Mirrors(ctx, link, "")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range mirrors {
		if m.Status != kafkarest.StatusStopped {
			names = append(names, fmt.Sprintf("%q (%s)", m.Name, m.Status))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (r *linkResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	e, clusterID, names, err := r.endpoints.parseImportID(ctx, req.ID, "link_name")
	if err != nil {
		resp.Diagnostics.AddError("Unable to import link", explain(nil, err))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, linkReadTimeout)
	defer cancel()
	m := importedLink(e.name, clusterID, names[0])
	if err := m.refresh(ctx, e); err != nil {
		resp.Diagnostics.AddError("Unable to import link", explain(e, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
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
