package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const (
	onDestroyPromote     = "PROMOTE"
	onDestroyFailover    = "FAILOVER"
	onDestroyKeep        = "KEEP"
	onDestroyDeleteTopic = "DELETE_TOPIC"
)

func (r *mirrorTopicResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A mirror topic: a read-only copy of a topic of another cluster, kept up to date over a cluster link. " +
			"**Destroying it promotes it**: mirroring ends once every record has arrived, and the topic stays, with its records, as an ordinary topic that can be written to.",
		Attributes: map[string]schema.Attribute{
			"id":         schema.StringAttribute{Computed: true, MarkdownDescription: "`<cluster_id>/<link_name>/<mirror_topic_name>`."},
			"endpoint":   endpointAttribute("Where the mirror topic lives"),
			"cluster_id": clusterIDAttribute(),
			"link_name": schema.StringAttribute{
				Required: true, Validators: validName,
				MarkdownDescription: "Name of the link. A change replaces the mirror topic.",
			},
			"source_topic_name": schema.StringAttribute{
				Required: true, Validators: validName,
				MarkdownDescription: "Name of the topic on the source cluster. A change replaces the mirror topic.",
			},
			"mirror_topic_name": schema.StringAttribute{
				Optional: true, Computed: true, Validators: validName, PlanModifiers: stable,
				MarkdownDescription: "Name of the mirror topic. It can only be the link's prefix (`cluster.link.prefix`) and the source's name, which is taken where it is left out. A change replaces the mirror topic.",
			},
			"replication_factor": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(1, 32767)},
				MarkdownDescription: "Replication factor of the mirror topic, sent at creation. A change replaces the mirror topic; written for one that was imported, it is recorded only.",
			},
			"config": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Settings of the topic itself, such as `retention.ms`. Changed in place; only settings that stand here are watched for drift.",
			},
			"state": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: stable,
				Validators: []validator.String{stringvalidator.OneOf(stateActive, statePaused, statePromoted, stateFailedOver)},
				MarkdownDescription: "`ACTIVE` (mirroring), `PAUSED`, `PROMOTED` (stopped once every record had arrived) or `FAILED_OVER` (stopped at once). " +
					"Left out: `ACTIVE` at creation, and afterwards whatever is observed. A topic that was stopped does not mirror again.",
			},
			"on_destroy": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(onDestroyPromote),
				Validators: []validator.String{stringvalidator.OneOf(onDestroyPromote, onDestroyFailover, onDestroyKeep, onDestroyDeleteTopic)},
				MarkdownDescription: "What destroying does. `PROMOTE` (default): stops mirroring once every record has arrived; the topic stays and becomes writable. " +
					"`FAILOVER`: the same at once, with the records that have arrived, for when the source is lost. " +
					"`KEEP`: leaves the topic mirroring and only forgets it. `DELETE_TOPIC`: deletes the topic **with its records**.",
			},
			"mirror_status":      schema.StringAttribute{Computed: true, MarkdownDescription: "Status as the server reports it. Servers know more of them than `state` has values."},
			"mirror_topic_error": schema.StringAttribute{Computed: true, MarkdownDescription: "What is wrong with the mirror topic, as the server reports it."},
			"num_partitions":     schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of partitions."},
			"timeouts":           timeoutsAttribute(ctx, "`create` 5m, `read` 1m, `update` 20m, `delete` 20m"),
		},
	}
}
