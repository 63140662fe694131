package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// validName is what Kafka allows for names of links and topics, but for "-",
// which stands for all of them where the REST API wants a name.
var validName = []validator.String{
	stringvalidator.LengthBetween(1, 249),
	stringvalidator.RegexMatches(regexp.MustCompile(`^[A-Za-z0-9._-]*$`), "may hold only letters, digits, '.', '_' and '-'"),
	stringvalidator.NoneOf(".", "..", "-"),
}

// stable is for computed values that do not change while the object lives.
var stable = []planmodifier.String{stringplanmodifier.UseStateForUnknown()}

func (r *linkResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A cluster link: an object on one cluster, usually the destination, over which topics of another cluster are mirrored. " +
			"A source-initiated link is two of them, one on each cluster, under the same name.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "`<cluster_id>/<link_name>`.",
			},
			"endpoint":   endpointAttribute("Where the link object lives"),
			"cluster_id": clusterIDAttribute(),
			"link_name": schema.StringAttribute{
				Required: true, Validators: validName,
				MarkdownDescription: "Name of the link. A change replaces the link.",
			},
			"link_mode": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: stable,
				Validators:          []validator.String{stringvalidator.OneOf("DESTINATION", "SOURCE", "BIDIRECTIONAL")},
				MarkdownDescription: "`DESTINATION` (which a server takes where it is left out), `SOURCE` or `BIDIRECTIONAL`: which part this cluster plays. A change replaces the link.",
			},
			"connection_mode": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: stable,
				Validators:          []validator.String{stringvalidator.OneOf("OUTBOUND", "INBOUND")},
				MarkdownDescription: "`OUTBOUND` (which a server takes where it is left out) dials the remote cluster; `INBOUND` waits to be dialled. A change replaces the link.",
			},
			"remote_cluster_id": schema.StringAttribute{
				Optional: true, Computed: true, PlanModifiers: stable,
				MarkdownDescription: "Id of the cluster at the other end. The server checks it where the link dials. A change replaces the link.",
			},
			"config": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				PlanModifiers: []planmodifier.Map{sameByMeaning{}},
				MarkdownDescription: "Settings of the link by their Kafka names, such as `bootstrap.servers`. Changed in place; a setting that is removed goes back to its default. " +
					"Only settings that stand here are watched for drift. Secrets belong in `sensitive_config_wo`. A change of `cluster.link.prefix` replaces the link.",
			},
			"sensitive_config": schema.MapAttribute{
				Optional: true, Sensitive: true, ElementType: types.StringType,
				PlanModifiers:       []planmodifier.Map{sameByMeaning{}},
				MarkdownDescription: "Settings whose values are hidden in plans, **but stand in the state**. Prefer `sensitive_config_wo`.",
			},
			"sensitive_config_wo": schema.MapAttribute{
				Optional: true, WriteOnly: true, ElementType: types.StringType,
				MarkdownDescription: "Settings that are sent to the server and never stored in state or plan. They are sent again when `sensitive_config_wo_version` changes.",
			},
			"sensitive_config_wo_version": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "Change this number to send `sensitive_config_wo` again, for instance to rotate a credential.",
			},
			"validate_link": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "`false` creates the link although the remote cluster cannot be reached. Default `true`.",
			},
			"force_destroy": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "`true` deletes the link although it still has mirror topics, which then stop where they are. Default `false`.",
			},
			"cluster_link_id": schema.StringAttribute{
				Computed: true, PlanModifiers: stable, MarkdownDescription: "The server's id of the link.",
			},
			"link_state": schema.StringAttribute{
				Computed: true, MarkdownDescription: "State of the link as the server reports it; null on servers that do not.",
			},
			"link_error": schema.StringAttribute{
				Computed: true, MarkdownDescription: "What is wrong with the link, `NO_ERROR` where nothing is; null on servers that do not report it.",
			},
			"link_error_message": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The server's words on `link_error`.",
			},
			"timeouts": timeoutsAttribute(ctx, "`create` 5m, `read` 1m, `update` 5m, `delete` 10m"),
		},
	}
}

func timeoutsAttribute(ctx context.Context, defaults string) schema.Attribute {
	attribute := timeouts.AttributesAll(ctx).(schema.SingleNestedAttribute)
	attribute.MarkdownDescription = "How long each operation may take, waiting included, as durations such as `90s`. Defaults: " + defaults + "."
	return attribute
}

func endpointAttribute(purpose string) schema.Attribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: purpose + ": a key of the provider's `endpoints`. May be left out where exactly one is configured. " +
			"Changes in place as long as it leads to the same cluster; else it replaces.",
	}
}

func clusterIDAttribute() schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the endpoint's cluster."}
}

// nullTimeouts is the value of timeouts where none are written.
func nullTimeouts() types.Object {
	attributes := map[string]attr.Type{}
	for _, name := range []string{"create", "read", "update", "delete"} {
		attributes[name] = types.StringType
	}
	return types.ObjectNull(attributes)
}
