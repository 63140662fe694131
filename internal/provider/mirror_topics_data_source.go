package provider

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

var _ datasource.DataSourceWithConfigure = &mirrorTopicsDataSource{}

func newMirrorTopicsDataSource() datasource.DataSource { return &mirrorTopicsDataSource{} }

// mirrorTopicsDataSource is data.clusterlink_mirror_topics: what a promotion
// can be guarded by.
type mirrorTopicsDataSource struct {
	endpoints *endpoints
}

type mirrorTopicsModel struct {
	Endpoint     types.String     `tfsdk:"endpoint"`
	LinkName     types.String     `tfsdk:"link_name"`
	MirrorStatus types.String     `tfsdk:"mirror_status"`
	MirrorTopics []mirrorTopicRow `tfsdk:"mirror_topics"` // mostly by setBulk
}

type mirrorTopicRow struct {
	LinkName         string         `tfsdk:"link_name" msgpack:"link_name"`
	MirrorTopicName  string         `tfsdk:"mirror_topic_name" msgpack:"mirror_topic_name"`
	SourceTopicName  string         `tfsdk:"source_topic_name" msgpack:"source_topic_name"`
	MirrorStatus     string         `tfsdk:"mirror_status" msgpack:"mirror_status"`
	MirrorTopicError *string        `tfsdk:"mirror_topic_error" msgpack:"mirror_topic_error"`
	NumPartitions    int64          `tfsdk:"num_partitions" msgpack:"num_partitions"`
	StateTime        *string        `tfsdk:"state_time" msgpack:"state_time"`
	MaxLag           *int64         `tfsdk:"max_lag" msgpack:"max_lag"`
	Partitions       []partitionRow `tfsdk:"partitions" msgpack:"partitions"`
}

type partitionRow struct {
	Partition             int64 `tfsdk:"partition" msgpack:"partition"`
	Lag                   int64 `tfsdk:"lag" msgpack:"lag"`
	LastSourceFetchOffset int64 `tfsdk:"last_source_fetch_offset" msgpack:"last_source_fetch_offset"`
}

func (d *mirrorTopicsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "clusterlink_mirror_topics"
}

func (d *mirrorTopicsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Mirror topics of one link or of all links of a cluster, with their status and lag, sorted by name. Use it in a `check` block or a postcondition to guard a promotion.",
		Attributes: map[string]schema.Attribute{
			"endpoint": dataEndpointAttribute(),
			"link_name": schema.StringAttribute{
				Optional: true, Validators: validName, MarkdownDescription: "Name of the link. Left out: all links.",
			},
			"mirror_status": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Only mirror topics of this status, such as `ACTIVE` or `PENDING_STOPPED`.",
			},
			"mirror_topics": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The mirror topics.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"link_name":          schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the link."},
					"mirror_topic_name":  schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the mirror topic."},
					"source_topic_name":  schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the topic on the source cluster."},
					"mirror_status":      schema.StringAttribute{Computed: true, MarkdownDescription: "Status, as the server reports it."},
					"mirror_topic_error": schema.StringAttribute{Computed: true, MarkdownDescription: "What is wrong with the mirror topic, as the server reports it."},
					"num_partitions":     schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of partitions."},
					"state_time":         schema.StringAttribute{Computed: true, MarkdownDescription: "Since when it has this status, in RFC 3339."},
					"max_lag":            schema.Int64Attribute{Computed: true, MarkdownDescription: "Lag of the partition that is furthest behind, in records; null where no partition is reported."},
					"partitions": schema.ListNestedAttribute{
						Computed: true, MarkdownDescription: "The partitions, by number.",
						NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
							"partition":                schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of the partition."},
							"lag":                      schema.Int64Attribute{Computed: true, MarkdownDescription: "How far it is behind its source, in records."},
							"last_source_fetch_offset": schema.Int64Attribute{Computed: true, MarkdownDescription: "Offset of the last fetch from the source; -1 before the first."},
						}},
					},
				}},
			},
		},
	}
}

func (d *mirrorTopicsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.endpoints, _ = req.ProviderData.(*endpoints)
}

func (d *mirrorTopicsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m mirrorTopicsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	e, _, err := d.endpoints.pickReady(ctx, m.Endpoint)
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	mirrors, err := e.client.Mirrors(ctx, cmp.Or(m.LinkName.ValueString(), kafkarest.AnyLink), m.MirrorStatus.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Unable to list mirror topics", explain(e, err))
		return
	}
	slices.SortFunc(mirrors, func(a, b kafkarest.Mirror) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.LinkName, b.LinkName))
	})
	rows := make([]mirrorTopicRow, 0, len(mirrors))
	for _, mirror := range mirrors {
		if wanted := m.MirrorStatus.ValueString(); wanted == "" || mirror.Status == wanted {
			rows = append(rows, newMirrorTopicRow(mirror, m.LinkName.ValueString()))
		}
	}
	if !setBulk(ctx, "mirror_topics", rows) {
		m.MirrorTopics = rows
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// newMirrorTopicRow is a row of the data source; link is the one that was asked
// for, since older servers do not repeat it.
func newMirrorTopicRow(m kafkarest.Mirror, link string) mirrorTopicRow {
	row := mirrorTopicRow{
		LinkName:        cmp.Or(m.LinkName, link),
		MirrorTopicName: m.Name,
		SourceTopicName: m.SourceTopicName,
		MirrorStatus:    m.Status,
		NumPartitions:   m.NumPartitions,
		Partitions:      make([]partitionRow, 0, len(m.Lags)),
	}
	if m.Error != "" {
		row.MirrorTopicError = &m.Error
	}
	if m.StateTimeMS > 0 {
		row.StateTime = new(time.UnixMilli(m.StateTimeMS).UTC().Format(time.RFC3339))
	}
	for _, lag := range m.Lags {
		row.Partitions = append(row.Partitions, partitionRow(lag))
		if row.MaxLag == nil || lag.Lag > *row.MaxLag {
			row.MaxLag = new(lag.Lag)
		}
	}
	slices.SortFunc(row.Partitions, func(a, b partitionRow) int { return cmp.Compare(a.Partition, b.Partition) })
	return row
}
