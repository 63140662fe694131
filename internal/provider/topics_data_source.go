package provider

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

var _ datasource.DataSourceWithConfigure = &topicsDataSource{}

func newTopicsDataSource() datasource.DataSource { return &topicsDataSource{} }

// topicsDataSource is data.clusterlink_topics: what there is to mirror.
type topicsDataSource struct {
	endpoints *endpoints
}

type topicsModel struct {
	Endpoint        types.String `tfsdk:"endpoint"`
	TopicNameRegex  types.String `tfsdk:"topic_name_regex"`
	IncludeInternal types.Bool   `tfsdk:"include_internal"`
	Topics          []topicRow   `tfsdk:"topics"`
}

type topicRow struct {
	TopicName         string `tfsdk:"topic_name"`
	PartitionsCount   int64  `tfsdk:"partitions_count"`
	ReplicationFactor int64  `tfsdk:"replication_factor"`
}

func (d *topicsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "clusterlink_topics"
}

func (d *topicsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Topics of a cluster, sorted by name. Read them from the source's endpoint to mirror them with `for_each`.",
		Attributes: map[string]schema.Attribute{
			"endpoint": dataEndpointAttribute(),
			"topic_name_regex": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Only topics whose names match this regular expression (RE2).",
			},
			"include_internal": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "Whether internal topics, such as `__consumer_offsets`, are listed too. Default `false`.",
			},
			"topics": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The topics.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"topic_name":         schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the topic."},
					"partitions_count":   schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of partitions."},
					"replication_factor": schema.Int64Attribute{Computed: true, MarkdownDescription: "Replication factor."},
				}},
			},
		},
	}
}

func (d *topicsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.endpoints, _ = req.ProviderData.(*endpoints)
}

func (d *topicsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m topicsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	pattern, err := regexp.Compile(m.TopicNameRegex.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("topic_name_regex"), "Invalid regular expression", sentence(err.Error()))
		return
	}
	e, _, err := d.endpoints.pickReady(ctx, m.Endpoint)
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	topics, err := e.client.Topics(ctx)
	if err != nil {
		resp.Diagnostics.AddError("Unable to list topics", explain(e, err))
		return
	}
	slices.SortFunc(topics, func(a, b kafkarest.Topic) int { return strings.Compare(a.Name, b.Name) })
	m.Topics = []topicRow{}
	for _, t := range topics {
		if pattern.MatchString(t.Name) && (m.IncludeInternal.ValueBool() || !isInternal(t)) {
			m.Topics = append(m.Topics, topicRow{TopicName: t.Name, PartitionsCount: t.PartitionsCount, ReplicationFactor: t.ReplicationFactor})
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// isInternal also knows topics by name that not every server calls internal.
func isInternal(t kafkarest.Topic) bool {
	return t.IsInternal || strings.HasPrefix(t.Name, "__") || strings.HasPrefix(t.Name, "_confluent")
}
