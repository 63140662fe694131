package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

var (
	_ resource.ResourceWithConfigure      = &mirrorTopicResource{}
	_ resource.ResourceWithValidateConfig = &mirrorTopicResource{}
	_ resource.ResourceWithModifyPlan     = &mirrorTopicResource{}
	_ resource.ResourceWithImportState    = &mirrorTopicResource{}
	_ resource.ResourceWithIdentity       = &mirrorTopicResource{}
	_ resource.ResourceWithMoveState      = &mirrorTopicResource{}
)

const (
	mirrorTopicType = "clusterlink_mirror_topic"

	mirrorCreateTimeout = 5 * time.Minute
	mirrorReadTimeout   = 1 * time.Minute
	mirrorUpdateTimeout = 20 * time.Minute
	mirrorDeleteTimeout = 20 * time.Minute
)

func newMirrorTopicResource() resource.Resource { return &mirrorTopicResource{} }

// mirrorTopicResource is clusterlink_mirror_topic: a read-only copy of a source
// topic. To destroy it promotes it: the topic and its records stay.
type mirrorTopicResource struct {
	endpoints *endpoints
}

func (r *mirrorTopicResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = mirrorTopicType
}

func (r *mirrorTopicResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.endpoints, _ = req.ProviderData.(*endpoints)
}

func (r *mirrorTopicResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan mirrorTopicModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Create(ctx, mirrorCreateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if isStopped(plan.State.ValueString()) { // which planning without validation lets pass
		resp.Diagnostics.AddAttributeError(path.Root("state"), "State cannot be reached", plan.cannotBeCreated())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	e, clusterID, err := r.endpoints.pickReady(ctx, plan.Endpoint)
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	defer e.workOnMirror(plan.LinkName.ValueString())()
	plan.Endpoint, plan.ClusterID = types.StringValue(e.name), types.StringValue(clusterID)
	if err := plan.nameAfterPrefix(ctx, e); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("link_name"), "Unable to read link", explain(e, err))
		return
	}
	plan.ID = mirrorID(plan.ClusterID, plan.LinkName, plan.MirrorTopicName)
	if !createMirror(ctx, e, &plan, &resp.Diagnostics) {
		return
	}
	// The mirror topic exists. From here on nothing may be an error, or Terraform
	// would taint it, and the next apply would promote it.
	created := plan
	if err := created.waitUntilMirroring(ctx, e); err != nil {
		resp.Diagnostics.AddWarning("Mirror topic created, but not ready", fmt.Sprintf(
			"The mirror topic %q exists and is kept in state, but waiting for it ended early: %s\n\nThe next plan shows what has become of it.",
			plan.MirrorTopicName.ValueString(), explain(e, err)))
	}
	created.keepConfigured(plan)
	resp.Diagnostics.Append(created.save(ctx, &resp.State, resp.Identity)...)
}

// createMirror creates the mirror topic that m describes. It reports whether
// that was done, be it by a request whose answer was lost.
func createMirror(ctx context.Context, e *endpoint, m *mirrorTopicModel, diags *diag.Diagnostics) bool {
	err := pollVisible(ctx, func() error {
		return e.createMirror(ctx, m.LinkName.ValueString(), m.newMirror())
	})
	if err == nil {
		return true
	}
	if kafkarest.IsUncertain(err) && mirrorsAsPlanned(ctx, e, m) {
		return true
	}
	m.addCreateError(diags, e, err)
	return false
}

// mirrorsAsPlanned looks whether a creation that was not answered was done,
// which the server may show some seconds later.
func mirrorsAsPlanned(ctx context.Context, e *endpoint, m *mirrorTopicModel) bool {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	var mirror *kafkarest.Mirror
	started := time.Now()
	err := poll(ctx, func() (bool, error) {
		var err error
		mirror, err = topicAt(e, m).onceVisible(ctx)
		return mirror != nil || time.Since(started) > lookGrace, err
	})
	return err == nil && mirror != nil && mirror.SourceTopicName == m.SourceTopicName.ValueString()
}

func (m *mirrorTopicModel) addCreateError(diags *diag.Diagnostics, e *endpoint, err error) {
	const summary = "Unable to create mirror topic"
	block := importBlock(mirrorTopicType, m.ID.ValueString())
	switch {
	case kafkarest.Code(err) == kafkarest.CodeUnknownTopic:
		diags.AddAttributeError(path.Root("source_topic_name"), summary, fmt.Sprintf(
			"The source cluster has no topic %q, or the link's user may not see it: %s", m.SourceTopicName.ValueString(), explain(e, err)))
	case errors.Is(err, kafkarest.ErrExists):
		diags.AddAttributeError(path.Root("mirror_topic_name"), summary, fmt.Sprintf(
			"%s\n\nIf it is a mirror topic of this link, import it:\n\n%s", explain(e, err), block))
	case errors.Is(err, kafkarest.ErrNotFound):
		diags.AddAttributeError(path.Root("link_name"), summary, fmt.Sprintf("The cluster has no link %q: %s", m.LinkName.ValueString(), explain(e, err)))
	case kafkarest.IsUncertain(err):
		diags.AddError(summary, fmt.Sprintf(
			"%s\n\nIt is not known whether it was created all the same. If the next plan says that it exists, import it:\n\n%s", explain(e, err), block))
	default:
		diags.AddError(summary, explain(e, err))
	}
}

func (r *mirrorTopicResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state mirrorTopicModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Read(ctx, mirrorReadTimeout)
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
	defer e.workOnMirror(state.LinkName.ValueString())()
	state.Endpoint = types.StringValue(e.name)
	err = state.refresh(ctx, e)
	switch {
	case errors.Is(err, kafkarest.ErrNotFound) && state.keptAsTopic(ctx, e):
	case errors.Is(err, kafkarest.ErrNotFound):
		forget(ctx, resp, state.identity())
		return
	case err != nil:
		resp.Diagnostics.AddError("Unable to read mirror topic", explain(e, err))
		return
	}
	resp.Diagnostics.Append(state.save(ctx, &resp.State, resp.Identity)...)
}

func (r *mirrorTopicResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan mirrorTopicModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Update(ctx, mirrorUpdateTimeout)
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
	defer e.workOnMirror(plan.LinkName.ValueString())()
	if changes := topicSettingChanges(state.Config, plan.Config); len(changes) > 0 {
		if err := e.alterTopicSettings(ctx, plan.MirrorTopicName.ValueString(), changes); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("config"), "Unable to change settings of mirror topic", explain(e, err))
			return
		}
	}
	observed := plan
	observed.State = state.State
	stateErr := observed.changeState(ctx, e, plan.State.ValueString())
	after, cancel := afterwards(ctx)
	defer cancel()
	if err := observed.refresh(after, e); err != nil && !errors.Is(err, kafkarest.ErrNotFound) {
		resp.Diagnostics.AddWarning("Mirror topic changed, but not read", explain(e, err))
	}
	if stateErr != nil {
		// What was done stays in state; what was not is planned again.
		reached := observed.State
		observed.keepConfigured(plan)
		observed.State = reached
		resp.Diagnostics.AddAttributeError(path.Root("state"), "Unable to change state of mirror topic", explain(e, stateErr))
	} else {
		observed.keepConfigured(plan)
	}
	resp.Diagnostics.Append(observed.save(ctx, &resp.State, resp.Identity)...)
}

func (r *mirrorTopicResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state mirrorTopicModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, mirrorDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || state.OnDestroy.ValueString() == onDestroyKeep {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	e, err := r.endpoints.at(ctx, state.Endpoint.ValueString(), state.ClusterID.ValueString())
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	defer e.workOnMirror(state.LinkName.ValueString())()
	t := topicAt(e, &state)
	switch state.OnDestroy.ValueString() {
	case onDestroyFailover:
		if err := t.stop(ctx, kafkarest.Failover); err != nil {
			resp.Diagnostics.AddError("Unable to fail over mirror topic", explain(e, err))
		}
	case onDestroyDeleteTopic:
		if err := t.delete(ctx); err != nil {
			resp.Diagnostics.AddError("Unable to delete topic", explain(e, err))
		}
	default:
		if err := t.stop(ctx, kafkarest.Promote); err != nil {
			resp.Diagnostics.AddError("Unable to promote mirror topic", explain(e, err)+"\n\n"+promoteWayOut)
		}
	}
}

const promoteWayOut = "The topic is still in the state, and nothing was lost. Promoting needs the source to answer and the lag to reach zero. " +
	"If the source is lost, set on_destroy = \"FAILOVER\", apply, and destroy again: that stops the mirror topic with the records it has."

func (r *mirrorTopicResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	e, clusterID, names, err := r.endpoints.importTarget(ctx, req, "link_name", "mirror_topic_name")
	if err != nil {
		resp.Diagnostics.AddError("Unable to import mirror topic", explain(nil, err))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, mirrorReadTimeout)
	defer cancel()
	m := importedMirror(e.name, clusterID, names[0], names[1])
	if err := m.refresh(ctx, e); err != nil {
		resp.Diagnostics.AddError("Unable to import mirror topic", explain(e, err))
		return
	}
	resp.Diagnostics.Append(m.save(ctx, &resp.State, resp.Identity)...)
}

// importedMirror is a mirror topic of which only its place is known; attributes
// that no server knows have their defaults.
func importedMirror(endpoint, clusterID, link, name string) mirrorTopicModel {
	m := mirrorTopicModel{
		Endpoint:          types.StringValue(endpoint),
		ClusterID:         types.StringValue(clusterID),
		LinkName:          types.StringValue(link),
		MirrorTopicName:   types.StringValue(name),
		ReplicationFactor: types.Int64Null(),
		Config:            types.MapNull(types.StringType),
		State:             types.StringValue(stateActive),
		OnDestroy:         types.StringValue(onDestroyPromote),
		Timeouts:          timeouts.Value{Object: nullTimeouts()},
	}
	m.ID = mirrorID(m.ClusterID, m.LinkName, m.MirrorTopicName)
	return m
}
