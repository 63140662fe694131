package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// ValidateConfig finds what is wrong with a configuration without asking a server.
func (r *mirrorTopicResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m mirrorTopicModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !known(m.MirrorTopicName) || !known(m.SourceTopicName) {
		return
	}
	if !strings.HasSuffix(m.MirrorTopicName.ValueString(), m.SourceTopicName.ValueString()) {
		resp.Diagnostics.AddAttributeError(path.Root("mirror_topic_name"), "Invalid name of mirror topic", fmt.Sprintf(
			"A mirror topic cannot be renamed: its name is the link's prefix (cluster.link.prefix) and the name of the source topic, so it ends in %q. Leave it out to have it made so.",
			m.SourceTopicName.ValueString()))
	}
}

// ModifyPlan decides where the mirror topic lives, what replaces it, and whether
// what is planned can be done. It changes nothing on a server.
func (r *mirrorTopicResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.endpoints == nil {
		return
	}
	var config, plan, state mirrorTopicModel
	exists := !req.State.Raw.IsNull()
	if exists {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		r.warnOfDestroy(ctx, state, &resp.Diagnostics)
		return
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	place := r.endpoints.plan(ctx, config.Endpoint, state.Endpoint, state.ClusterID, &resp.Diagnostics)
	plan.Endpoint, plan.ClusterID = place.endpoint, place.clusterID
	if exists {
		resp.RequiresReplace = append(resp.RequiresReplace, mirrorReplacements(state, plan, place.moves)...)
		if len(resp.RequiresReplace) == 0 {
			r.checkTransition(ctx, config, plan, state, &resp.Diagnostics)
		}
	} else {
		r.planCreation(ctx, config, &plan, &resp.Diagnostics)
	}
	plan.ID = mirrorID(plan.ClusterID, plan.LinkName, plan.MirrorTopicName)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// mirrorReplacements lists what in the plan cannot be changed in place. A
// replication factor that was never recorded, or is no longer written, replaces
// nothing.
func mirrorReplacements(state, plan mirrorTopicModel, moves bool) path.Paths {
	var replace path.Paths
	if moves {
		replace = append(replace, path.Root("endpoint"))
	}
	for _, v := range []struct {
		name         string
		prior, value types.String
	}{
		{"link_name", state.LinkName, plan.LinkName},
		{"source_topic_name", state.SourceTopicName, plan.SourceTopicName},
		{"mirror_topic_name", state.MirrorTopicName, plan.MirrorTopicName},
	} {
		if !v.value.Equal(v.prior) {
			replace = append(replace, path.Root(v.name))
		}
	}
	if !state.ReplicationFactor.IsNull() && !plan.ReplicationFactor.IsNull() && !plan.ReplicationFactor.Equal(state.ReplicationFactor) {
		replace = append(replace, path.Root("replication_factor"))
	}
	return replace
}

// checkTransition judges a change of state by the status that was last read.
func (r *mirrorTopicResource) checkTransition(ctx context.Context, config, plan, state mirrorTopicModel, diags *diag.Diagnostics) {
	at := path.Root("state")
	name, now := state.MirrorTopicName.ValueString(), state.State.ValueString()
	if config.State.IsNull() {
		if now != stateActive {
			diags.AddAttributeWarning(at, "Mirror topic is not active", fmt.Sprintf(
				"The mirror topic %q is %s, and the configuration does not say what it should be. Write state = %q to keep it so and end this warning.", name, now, now))
		}
		return
	}
	wanted := plan.State.ValueString()
	if plan.State.IsUnknown() || wanted == now || isStopped(wanted) && isStopped(now) || !r.endpoints.planValidation {
		return
	}
	if err := transition(statusOf(state), wanted); err != nil {
		addPlanError(diags, at, "State cannot be reached", fmt.Sprintf("The mirror topic %q cannot become %s: %s", name, wanted, sentence(err.Error())))
		return
	}
	switch wanted {
	case statePromoted:
		r.warnOfStop(ctx, kafkarest.Promote, state, diags)
	case stateFailedOver:
		r.warnOfStop(ctx, kafkarest.Failover, state, diags)
	}
}

// statusOf is the status that was last read, or what it must have been for a
// topic whose mirror the server has forgotten.
func statusOf(state mirrorTopicModel) string {
	if state.MirrorStatus.IsNull() && isStopped(state.State.ValueString()) {
		return kafkarest.StatusStopped
	}
	return state.MirrorStatus.ValueString()
}

// planCreation plans a mirror topic that does not exist, and looks up whether
// its name is free. That is what catches a replacement, a taint and a shifted
// count, each of which would otherwise promote first and fail then.
func (r *mirrorTopicResource) planCreation(ctx context.Context, config mirrorTopicModel, plan *mirrorTopicModel, diags *diag.Diagnostics) {
	if config.State.IsNull() {
		plan.State = types.StringValue(stateActive)
	}
	if !r.endpoints.planValidation {
		return
	}
	if isStopped(plan.State.ValueString()) {
		addPlanError(diags, path.Root("state"), "State cannot be reached", plan.cannotBeCreated())
	}
	e, err := r.endpoints.pick(plan.Endpoint)
	if err != nil || e.ready() != nil || !known(plan.LinkName) || !known(plan.SourceTopicName) || config.MirrorTopicName.IsUnknown() {
		return
	}
	if err := lookUpName(ctx, e, config, plan, diags); err != nil {
		diags.AddWarning("Name of mirror topic not looked up", fmt.Sprintf(
			"Whether the name is free could not be seen while planning, so apply may fail: %s", explain(e, err)))
	}
}

// cannotBeCreated tells what to do instead of creating a stopped mirror topic.
func (m *mirrorTopicModel) cannotBeCreated() string {
	return fmt.Sprintf("A mirror topic cannot be created as %s: it has to mirror first. Create it with state = %q, or leave state out. To manage one that was stopped, import it.",
		m.State.ValueString(), stateActive)
}

// lookUpName completes the planned name by the link's prefix, where the link
// exists already, and fails the plan where the name is wrong or taken.
func lookUpName(ctx context.Context, e *endpoint, config mirrorTopicModel, plan *mirrorTopicModel, diags *diag.Diagnostics) error {
	prefix, err := e.plannedPrefix(ctx, plan.LinkName.ValueString())
	linkExists := !errors.Is(err, kafkarest.ErrNotFound)
	if err != nil && linkExists {
		return err
	}
	at := path.Root("mirror_topic_name")
	if due := prefix + plan.SourceTopicName.ValueString(); linkExists {
		if len(due) > longestTopicName {
			addPlanError(diags, path.Root("source_topic_name"), "Name of mirror topic too long", fmt.Sprintf(
				"With the prefix %q of the link %q, the mirror topic's name would have %d characters; a topic's may have %d.", prefix, plan.LinkName.ValueString(), len(due), longestTopicName))
			return nil
		}
		if config.MirrorTopicName.IsNull() {
			at = path.Root("source_topic_name")
			plan.MirrorTopicName = types.StringValue(due)
		} else if plan.MirrorTopicName.ValueString() != due {
			addPlanError(diags, at, "Invalid name of mirror topic", fmt.Sprintf(
				"A mirror topic cannot be renamed: on the link %q its name can only be %q, the link's prefix and the name of the source topic. Leave it out to have it made so.",
				plan.LinkName.ValueString(), due))
			return nil
		}
	}
	if !known(plan.MirrorTopicName) {
		return nil // the link is to be created too, with a prefix nobody can see here
	}
	taken, err := e.occupant(ctx, plan.MirrorTopicName.ValueString())
	if err != nil || taken == nil {
		return err
	}
	id, err := e.id(ctx)
	if err != nil {
		return err
	}
	addPlanError(diags, at, "Topic exists already", taken.explain(id, plan))
	return nil
}

// explain says what has the name of a mirror topic to be created, and what to do.
func (o *occupant) explain(clusterID string, plan *mirrorTopicModel) string {
	name, link := plan.MirrorTopicName.ValueString(), plan.LinkName.ValueString()
	const replacement = "If Terraform was about to replace it (-replace, a taint, a shifted count or for_each, a changed argument), it would be promoted and could not be mirrored again: " +
		"take the change back, use terraform untaint, or write a moved block."
	block := importBlock(mirrorTopicType, clusterID+"/"+o.link+"/"+name)
	switch {
	case o.link != "" && o.status == kafkarest.StatusStopped:
		return fmt.Sprintf("The topic %q was a mirror topic of the link %q, and was stopped (promoted or failed over): it is an ordinary topic now, and does not mirror again. "+
			"Take its resource out of the configuration, or keep it as what it is, with state = %q, and import it:\n\n%s", name, o.link, statePromoted, block)
	case o.link == "":
		return fmt.Sprintf("The cluster has a topic %q, which is no mirror topic, and a mirror topic cannot take its place. Rename or delete that topic, or use a link with a cluster.link.prefix.\n\n%s", name, replacement)
	case o.link == link:
		return fmt.Sprintf("The topic %q is a mirror topic of the link %q already (%s). To manage it here, import it:\n\n%s\n\n%s",
			name, link, o.status, block, replacement)
	default:
		return fmt.Sprintf("The topic %q is a mirror topic of another link, %q (%s). A topic has one source: use a link with a cluster.link.prefix, or import it as what it is:\n\n%s\n\n%s",
			name, o.link, o.status, block, replacement)
	}
}
