package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	modeDestination   = "DESTINATION"
	modeSource        = "SOURCE"
	modeBidirectional = "BIDIRECTIONAL"

	connectionOutbound = "OUTBOUND"
	connectionInbound  = "INBOUND"
)

// linkModel is clusterlink_link in configuration, plan and state.
type linkModel struct {
	ID                       types.String   `tfsdk:"id"`
	Endpoint                 types.String   `tfsdk:"endpoint"`
	ClusterID                types.String   `tfsdk:"cluster_id"`
	LinkName                 types.String   `tfsdk:"link_name"`
	LinkMode                 types.String   `tfsdk:"link_mode"`
	ConnectionMode           types.String   `tfsdk:"connection_mode"`
	RemoteClusterID          types.String   `tfsdk:"remote_cluster_id"`
	Config                   types.Map      `tfsdk:"config"`
	SensitiveConfig          types.Map      `tfsdk:"sensitive_config"`
	SensitiveConfigWO        types.Map      `tfsdk:"sensitive_config_wo"`
	SensitiveConfigWOVersion types.Int64    `tfsdk:"sensitive_config_wo_version"`
	ValidateLink             types.Bool     `tfsdk:"validate_link"`
	ForceDestroy             types.Bool     `tfsdk:"force_destroy"`
	ClusterLinkID            types.String   `tfsdk:"cluster_link_id"`
	LinkState                types.String   `tfsdk:"link_state"`
	LinkError                types.String   `tfsdk:"link_error"`
	LinkErrorMessage         types.String   `tfsdk:"link_error_message"`
	Timeouts                 timeouts.Value `tfsdk:"timeouts"`
}

// dials reports whether the health of the link can be seen on this side: it
// dials the remote cluster, and is not one half of a bidirectional pair whose
// other half may come later.
func (m *linkModel) dials() bool {
	return m.ConnectionMode.ValueString() != connectionInbound && m.LinkMode.ValueString() != modeBidirectional
}

// healthy reports whether the link shows no error, as far as the server tells.
func (m *linkModel) healthy() bool {
	return (&kafkarest.Link{Error: m.LinkError.ValueString()}).Healthy()
}

// refresh takes over what the server says of the link, as e.link or e.linkNow
// finds it, or returns ErrNotFound.
func (m *linkModel) refresh(ctx context.Context, e *endpoint, find func(context.Context, string) (*kafkarest.Link, error)) error {
	link, err := find(ctx, m.LinkName.ValueString())
	if err != nil {
		return err
	}
	settings, err := e.client.LinkSettings(ctx, m.LinkName.ValueString())
	if errors.Is(err, kafkarest.ErrNotFound) {
		// The link is there; that its settings are not must not read as its end.
		return fmt.Errorf("the settings of the link are %w: %v", kafkarest.ErrNotReady, err)
	}
	if err != nil {
		return err
	}
	m.observe(link, settings)
	return nil
}

// observe turns the server's view of a link into state, for Create, Read,
// Update and import alike. What the server does not tell keeps its value.
func (m *linkModel) observe(link *kafkarest.Link, settings []kafkarest.ReportedSetting) {
	reported := index(settings, func(s kafkarest.ReportedSetting) string { return s.Name })
	m.LinkMode = reportedMode(reported, linkModeSetting, m.LinkMode, modeDestination)
	m.ConnectionMode = reportedMode(reported, connectionModeSetting, m.ConnectionMode, connectionOutbound)
	if remote := remoteClusterID(link, m.ClusterID.ValueString()); remote != "" {
		m.RemoteClusterID = types.StringValue(remote)
	} else if m.RemoteClusterID.IsUnknown() {
		m.RemoteClusterID = types.StringNull()
	}
	if m.Config.IsUnknown() {
		m.Config = settingsToImport(reported)
	} else {
		m.Config = refreshSettings(m.Config, reported)
	}
	m.SensitiveConfig = refreshSettings(m.SensitiveConfig, reported)
	m.ClusterLinkID = stringOrNull(link.ID)
	m.LinkState = stringOrNull(link.State)
	m.LinkError = stringOrNull(link.Error)
	m.LinkErrorMessage = stringOrNull(link.ErrorMessage)
}

func reportedMode(reported map[string]kafkarest.ReportedSetting, setting string, prior types.String, preset string) types.String {
	if s, ok := reported[setting]; ok && s.Value != nil && *s.Value != "" {
		return types.StringValue(*s.Value)
	}
	if known(prior) {
		return prior
	}
	return types.StringValue(preset)
}

// remoteClusterID finds the id of the other end: which of the three fields has
// it depends on the mode, the side and the age of the server.
func remoteClusterID(link *kafkarest.Link, this string) string {
	for _, id := range []string{link.RemoteClusterID, link.SourceClusterID, link.DestinationClusterID} {
		if id != "" && id != this {
			return id
		}
	}
	return ""
}

// keepConfigured gives everything that the plan knows its planned value, as
// Terraform demands after Create and Update, and what nobody knows none.
func (m *linkModel) keepConfigured(plan linkModel) {
	for _, v := range []struct{ observed, planned *types.String }{
		{&m.LinkMode, &plan.LinkMode},
		{&m.ConnectionMode, &plan.ConnectionMode},
		{&m.RemoteClusterID, &plan.RemoteClusterID},
		{&m.ClusterLinkID, &plan.ClusterLinkID},
		{&m.LinkState, &plan.LinkState},
		{&m.LinkError, &plan.LinkError},
		{&m.LinkErrorMessage, &plan.LinkErrorMessage},
	} {
		settle(v.observed, *v.planned)
	}
	m.Config, m.SensitiveConfig = plan.Config, plan.SensitiveConfig
	m.SensitiveConfigWO = types.MapNull(types.StringType)
}

// settle makes an observed value one that may follow a plan.
func settle(observed *types.String, planned types.String) {
	if !planned.IsUnknown() {
		*observed = planned
	} else if observed.IsUnknown() {
		*observed = types.StringNull()
	}
}

func stringOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}
