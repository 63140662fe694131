package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Moving from Confluent's own provider: a moved block takes over the object,
// whose state says where it is. No server is asked, since a provider is not
// configured then: the next read finds the endpoint by the cluster id, and
// takes the link's settings over as an import does.

// confluentProvider is the address that moved objects come from, in any registry.
const confluentProvider = "/confluentinc/confluent"

// adoptKey marks, in private state, a link whose settings are to be taken over
// by the next read. One that is changed before, with -refresh=false, has those
// of its configuration then.
const adoptKey = "adopt_settings"

// The states of Confluent's provider, as its documentation describes them.
// Blocks are lists of one; credentials in them are left where they are.
type (
	confluentCluster struct {
		ID string `json:"id"`
	}
	confluentLink struct {
		ID                 string             `json:"id"`
		LinkName           string             `json:"link_name"`
		LinkMode           string             `json:"link_mode"`
		ConnectionMode     string             `json:"connection_mode"`
		ClusterLinkID      string             `json:"cluster_link_id"`
		SourceCluster      []confluentCluster `json:"source_kafka_cluster"`
		DestinationCluster []confluentCluster `json:"destination_kafka_cluster"`
		LocalCluster       []confluentCluster `json:"local_kafka_cluster"`
		RemoteCluster      []confluentCluster `json:"remote_kafka_cluster"`
	}
	confluentMirrorTopic struct {
		ID               string `json:"id"`
		Status           string `json:"status"`
		SourceKafkaTopic []struct {
			TopicName string `json:"topic_name"`
		} `json:"source_kafka_topic"`
	}
)

func (r *linkResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		var from confluentLink
		if !movedFrom(req, "confluent_cluster_link", &from, &resp.Diagnostics) {
			return
		}
		cluster, name, _ := strings.Cut(from.ID, "/")
		if cluster == "" || name == "" || name != from.LinkName {
			resp.Diagnostics.AddError("Unable to move link", fmt.Sprintf(
				"Its state does not say what link it is: the id is %q and the link_name %q, where <cluster id>/<link name> and that name are expected. %s",
				from.ID, from.LinkName, instead(linkType, "<cluster id>/<link name>")))
			return
		}
		m := importedLink("", cluster, name)
		m.Endpoint = types.StringNull()
		m.LinkMode, m.ConnectionMode = stringOrNull(from.LinkMode), stringOrNull(from.ConnectionMode)
		m.RemoteClusterID = stringOrNull(from.remote(cluster))
		m.ClusterLinkID = stringOrNull(from.ClusterLinkID)
		m.Config = types.MapNull(types.StringType)
		resp.Diagnostics.AddWarning("Credentials are not moved", fmt.Sprintf(
			"The link %q keeps the credentials it has on the server. To change them, write them into sensitive_config_wo and change sensitive_config_wo_version. "+
				"The rest_endpoint and its credentials belong in the provider's endpoints.", from.LinkName))
		resp.Diagnostics.Append(m.save(ctx, &resp.TargetState, resp.TargetIdentity)...)
		resp.Diagnostics.Append(resp.TargetPrivate.SetKey(ctx, adoptKey, []byte("true"))...)
	}}}
}

// remote is the id of the cluster at the other end.
func (l *confluentLink) remote(this string) string {
	for _, cluster := range [][]confluentCluster{l.RemoteCluster, l.SourceCluster, l.DestinationCluster, l.LocalCluster} {
		if len(cluster) > 0 && cluster[0].ID != "" && cluster[0].ID != this {
			return cluster[0].ID
		}
	}
	return ""
}

func (r *mirrorTopicResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		var from confluentMirrorTopic
		if !movedFrom(req, "confluent_kafka_mirror_topic", &from, &resp.Diagnostics) {
			return
		}
		parts := strings.Split(from.ID, "/")
		if len(parts) != 3 || slices.Contains(parts, "") || len(from.SourceKafkaTopic) != 1 {
			resp.Diagnostics.AddError("Unable to move mirror topic", fmt.Sprintf(
				"Its state does not say what mirror topic it is: the id is %q, where <cluster id>/<link name>/<topic name> is expected, and a source_kafka_topic. %s",
				from.ID, instead(mirrorTopicType, "<cluster id>/<link name>/<topic name>")))
			return
		}
		source := from.SourceKafkaTopic[0].TopicName
		m := importedMirror("", parts[0], parts[1], parts[2])
		m.Endpoint, m.SourceTopicName = types.StringNull(), types.StringValue(source)
		switch from.Status {
		case statePaused, statePromoted, stateFailedOver:
			m.State = types.StringValue(from.Status)
		case "STOPPED":
			m.State = types.StringValue(statePromoted)
		}
		resp.Diagnostics.Append(m.save(ctx, &resp.TargetState, resp.TargetIdentity)...)
	}}}
}

// movedFrom decodes the state of an object of Confluent's provider, of whatever
// version: those there have been differ in nothing that is read here.
func movedFrom(req resource.MoveStateRequest, resourceType string, into any, diags *diag.Diagnostics) bool {
	if req.SourceTypeName != resourceType || !strings.HasSuffix(req.SourceProviderAddress, confluentProvider) || req.SourceRawState == nil {
		return false
	}
	if err := json.Unmarshal(req.SourceRawState.JSON, into); err != nil {
		diags.AddError("Unable to move state", fmt.Sprintf("The state of %s cannot be understood: %s.", resourceType, err))
		return false
	}
	return true
}

// instead is what to do with an object that cannot be moved.
func instead(resourceType, id string) string {
	return "Nothing was changed. Take it over with a removed block and an import block instead of moved:\n\n" + importBlock(resourceType, id)
}

// takesSettingsOver reports whether a link is read or changed for the first time
// after a move, and notes that it was.
func takesSettingsOver(ctx context.Context, before interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
}, after interface {
	SetKey(context.Context, string, []byte) diag.Diagnostics
}) (bool, diag.Diagnostics) {
	data, diags := before.GetKey(ctx, adoptKey)
	if string(data) != "true" {
		return false, diags
	}
	diags.Append(after.SetKey(ctx, adoptKey, []byte("false"))...)
	return true, diags
}
