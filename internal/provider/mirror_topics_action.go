package provider

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/actionvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

var (
	_ action.ActionWithConfigure        = &mirrorTopicsAction{}
	_ action.ActionWithConfigValidators = &mirrorTopicsAction{}
	_ action.ActionWithValidateConfig   = &mirrorTopicsAction{}
)

const actionTimeout = 20 * time.Minute

// mirrorTopicsAction does one thing with several mirror topics of a link, in
// one request: what a runbook says, outside of the life of resources.
type mirrorTopicsAction struct {
	name        string // of the action, without the provider's
	description string
	participle  string   // "promoted"
	done        string   // the status in which it is done; STOPPED may also mean that the link forgets the topic
	underWay    []string // statuses in which it is being done
	hopeless    []string // statuses from which it does not happen
	restores    bool     // topics that are not mirror topics yet, or no more
	extra       map[string]schema.Attribute
	verb        func(m mirrorTopicsActionModel) kafkarest.Verb

	endpoints *endpoints
}

// mirrorTopicsActionModel is the configuration of all these actions; Remote and
// AllowTruncation belong to one each.
type mirrorTopicsActionModel struct {
	Endpoint             types.String
	LinkName             types.String
	MirrorTopicNames     types.Set
	MirrorTopicNameRegex types.String
	ValidateOnly         types.Bool
	Timeouts             timeouts.Value
	Remote               types.String
	AllowTruncation      types.Bool
}

func always(verb kafkarest.Verb) func(mirrorTopicsActionModel) kafkarest.Verb {
	return func(mirrorTopicsActionModel) kafkarest.Verb { return verb }
}

func newPromoteAction() action.Action {
	return &mirrorTopicsAction{
		name: "promote_mirror_topics", participle: "promoted", verb: always(kafkarest.Promote), done: kafkarest.StatusStopped,
		underWay:    []string{kafkarest.StatusPendingStopped},
		hopeless:    []string{kafkarest.StatusFailed, kafkarest.StatusLinkFailed},
		description: "Promotes mirror topics: each stops mirroring once every record has arrived, and becomes an ordinary topic. Needs the source to answer.",
	}
}

func newFailoverAction() action.Action {
	return &mirrorTopicsAction{
		name: "failover_mirror_topics", participle: "failed over", verb: always(kafkarest.Failover), done: kafkarest.StatusStopped,
		description: "Fails mirror topics over: each stops mirroring at once, with the records that have arrived, and becomes an ordinary topic. For when the source is lost.",
	}
}

func newPauseAction() action.Action {
	return &mirrorTopicsAction{
		name: "pause_mirror_topics", participle: "paused", verb: always(kafkarest.Pause), done: kafkarest.StatusPaused,
		hopeless:    []string{kafkarest.StatusStopped, kafkarest.StatusFailed},
		description: "Pauses mirror topics.",
	}
}

func newResumeAction() action.Action {
	return &mirrorTopicsAction{
		name: "resume_mirror_topics", participle: "resumed", verb: always(kafkarest.Resume), done: kafkarest.StatusActive,
		hopeless:    []string{kafkarest.StatusStopped, kafkarest.StatusFailed},
		description: "Resumes mirror topics that are paused.",
	}
}

func newReverseAction() action.Action {
	return &mirrorTopicsAction{
		name: "reverse_mirror_topics", participle: "reversed", done: kafkarest.StatusStopped,
		underWay: []string{kafkarest.StatusPendingSynchronize},
		hopeless: []string{kafkarest.StatusFailed, kafkarest.StatusLinkFailed},
		verb: func(m mirrorTopicsActionModel) kafkarest.Verb {
			if m.Remote.ValueString() == "PAUSE" {
				return kafkarest.ReverseAndPause
			}
			return kafkarest.ReverseAndStart
		},
		extra: map[string]schema.Attribute{"remote": schema.StringAttribute{
			Required: true, Validators: []validator.String{stringvalidator.OneOf("START", "PAUSE")},
			MarkdownDescription: "What the topics on the remote cluster do then, as mirror topics of these: `START` mirroring, or `PAUSE`.",
		}},
		description: "Reverses mirror topics of a bidirectional link: each becomes writable here once every record has arrived, and its source becomes a mirror topic of it.",
	}
}

func newRestoreAction() action.Action {
	return &mirrorTopicsAction{
		name: "restore_mirror_topics", participle: "restored", verb: always(kafkarest.TruncateAndRestore), done: kafkarest.StatusActive,
		underWay: []string{kafkarest.StatusPendingSetupForRestore, kafkarest.StatusPendingRestore},
		hopeless: []string{kafkarest.StatusFailed, kafkarest.StatusLinkFailed},
		restores: true,
		extra: map[string]schema.Attribute{"allow_truncation": schema.BoolAttribute{
			Required: true, MarkdownDescription: "Must be `true`: **records that the source does not have are cut off.** How many is told.",
		}},
		description: "Makes stopped topics of a bidirectional link mirror topics again, for failing back: what they have that their source does not is cut off first.",
	}
}

func (a *mirrorTopicsAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + a.name
}

func (a *mirrorTopicsAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"endpoint": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Where the mirror topics live: a key of the provider's `endpoints`. May be left out where exactly one is configured.",
		},
		"link_name": schema.StringAttribute{Required: true, Validators: validName, MarkdownDescription: "Name of the link."},
		"mirror_topic_names": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Set{setvalidator.SizeAtLeast(1)},
			MarkdownDescription: "Names of the mirror topics. Exactly one of this and `mirror_topic_name_regex`.",
		},
		"mirror_topic_name_regex": schema.StringAttribute{
			Optional: true, MarkdownDescription: "All mirror topics of the link whose names match this regular expression (RE2).",
		},
		"validate_only": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "`true` asks the server what it would do, and changes nothing: a rehearsal.",
		},
		"timeouts": a.timeoutsAttribute(ctx),
	}
	for name, attribute := range a.extra {
		attributes[name] = attribute
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: a.description + " One request for all of them; a topic that is there already counts as done. Needs Terraform 1.14 or later.",
		Attributes:          attributes,
	}
}

func (a *mirrorTopicsAction) timeoutsAttribute(ctx context.Context) schema.Attribute {
	attribute := timeouts.Attributes(ctx).(schema.SingleNestedAttribute)
	attribute.MarkdownDescription = "How long `invoke` may take, waiting included, as a duration such as `90s`. Default 20m."
	return attribute
}

func (a *mirrorTopicsAction) Configure(_ context.Context, req action.ConfigureRequest, _ *action.ConfigureResponse) {
	a.endpoints, _ = req.ProviderData.(*endpoints)
}

func (a *mirrorTopicsAction) ConfigValidators(context.Context) []action.ConfigValidator {
	return []action.ConfigValidator{actionvalidator.ExactlyOneOf(path.MatchRoot("mirror_topic_names"), path.MatchRoot("mirror_topic_name_regex"))}
}

func (a *mirrorTopicsAction) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	var pattern types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("mirror_topic_name_regex"), &pattern)...)
	if _, err := regexp.Compile(pattern.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("mirror_topic_name_regex"), "Invalid regular expression", sentence(err.Error()))
	}
	if a.restores {
		var allowed types.Bool
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("allow_truncation"), &allowed)...)
		if !allowed.IsUnknown() && !allowed.ValueBool() {
			resp.Diagnostics.AddAttributeError(path.Root("allow_truncation"), "Truncation not allowed",
				"Restoring cuts off the records that the source does not have. Set allow_truncation = true to allow that; with validate_only = true beside it, nothing is cut off yet, and you are told how many they would be.")
		}
	}
}

func (a *mirrorTopicsAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	m := a.read(ctx, req, resp)
	timeout, diags := m.Timeouts.Invoke(ctx, actionTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	e, _, err := a.endpoints.pickReady(ctx, m.Endpoint)
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	run := &actionRun{action: a, e: e, link: m.LinkName.ValueString(), verb: a.verb(m), validateOnly: m.ValidateOnly.ValueBool(), failures: map[string]string{},
		tell: func(format string, args ...any) {
			resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf(format, args...)})
		}}
	if err := run.do(ctx, m); err != nil || len(run.failures) > 0 {
		resp.Diagnostics.AddError("Mirror topics not "+a.participle, run.describeFailures(err))
	} else if len(run.topics) == 0 {
		resp.Diagnostics.AddAttributeWarning(path.Root("mirror_topic_name_regex"), "No mirror topic matches",
			fmt.Sprintf("Link %q has no mirror topic whose name matches %s and that can be %s. Nothing was done.", run.link, m.MirrorTopicNameRegex, a.participle))
	}
}

func (a *mirrorTopicsAction) read(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) mirrorTopicsActionModel {
	var m mirrorTopicsActionModel
	into := map[string]any{
		"endpoint": &m.Endpoint, "link_name": &m.LinkName, "mirror_topic_names": &m.MirrorTopicNames, "mirror_topic_name_regex": &m.MirrorTopicNameRegex,
		"validate_only": &m.ValidateOnly, "timeouts": &m.Timeouts, "remote": &m.Remote, "allow_truncation": &m.AllowTruncation,
	}
	for name, target := range into {
		if _, own := a.extra[name]; own || name != "remote" && name != "allow_truncation" {
			resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(name), target)...)
		}
	}
	return m
}
