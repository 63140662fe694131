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

var _ datasource.DataSourceWithConfigure = &linksDataSource{}

func newLinksDataSource() datasource.DataSource { return &linksDataSource{} }

// linksDataSource is data.clusterlink_links: all links of a cluster.
type linksDataSource struct {
	endpoints *endpoints
}

type linksModel struct {
	Endpoint      types.String `tfsdk:"endpoint"`
	LinkNameRegex types.String `tfsdk:"link_name_regex"`
	Links         []linkRow    `tfsdk:"links"`
}

// linkRow is a link as the data sources show it.
type linkRow struct {
	LinkName             types.String `tfsdk:"link_name"`
	ClusterLinkID        types.String `tfsdk:"cluster_link_id"`
	SourceClusterID      types.String `tfsdk:"source_cluster_id"`
	DestinationClusterID types.String `tfsdk:"destination_cluster_id"`
	RemoteClusterID      types.String `tfsdk:"remote_cluster_id"`
	LinkState            types.String `tfsdk:"link_state"`
	LinkError            types.String `tfsdk:"link_error"`
	LinkErrorMessage     types.String `tfsdk:"link_error_message"`
	TopicNames           []string     `tfsdk:"topic_names"`
}

func newLinkRow(l kafkarest.Link) linkRow {
	return linkRow{
		LinkName:             types.StringValue(l.Name),
		ClusterLinkID:        stringOrNull(l.ID),
		SourceClusterID:      stringOrNull(l.SourceClusterID),
		DestinationClusterID: stringOrNull(l.DestinationClusterID),
		RemoteClusterID:      stringOrNull(l.RemoteClusterID),
		LinkState:            stringOrNull(l.State),
		LinkError:            stringOrNull(l.Error),
		LinkErrorMessage:     stringOrNull(l.ErrorMessage),
		TopicNames:           append([]string{}, l.TopicNames...),
	}
}

func linkRowAttributes() map[string]schema.Attribute {
	text := func(description string) schema.Attribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"link_name":              text("Name of the link."),
		"cluster_link_id":        text("The server's id of the link."),
		"source_cluster_id":      text("Id of the source cluster, where the server tells it."),
		"destination_cluster_id": text("Id of the destination cluster, where the server tells it."),
		"remote_cluster_id":      text("Id of the cluster at the other end, where the server tells it."),
		"link_state":             text("State of the link; null on servers that do not report it."),
		"link_error":             text("What is wrong with the link, `NO_ERROR` where nothing is; null on servers that do not report it."),
		"link_error_message":     text("The server's words on `link_error`."),
		"topic_names": schema.ListAttribute{
			Computed: true, ElementType: types.StringType, MarkdownDescription: "Names of the link's mirror topics.",
		},
	}
}

func (d *linksDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "clusterlink_links"
}

func (d *linksDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "All cluster links of a cluster, sorted by name.",
		Attributes: map[string]schema.Attribute{
			"endpoint": dataEndpointAttribute(),
			"link_name_regex": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Only links whose names match this regular expression (RE2).",
			},
			"links": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The links.",
				NestedObject: schema.NestedAttributeObject{Attributes: linkRowAttributes()},
			},
		},
	}
}

func dataEndpointAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "Where to look: a key of the provider's `endpoints`. May be left out where exactly one is configured.",
	}
}

func (d *linksDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.endpoints, _ = req.ProviderData.(*endpoints)
}

func (d *linksDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m linksModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	pattern, err := regexp.Compile(m.LinkNameRegex.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("link_name_regex"), "Invalid regular expression", sentence(err.Error()))
		return
	}
	e, _, err := d.endpoints.pickReady(ctx, m.Endpoint)
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	links, err := e.client.Links(ctx)
	if err != nil {
		resp.Diagnostics.AddError("Unable to list links", explain(e, err))
		return
	}
	slices.SortFunc(links, func(a, b kafkarest.Link) int { return strings.Compare(a.Name, b.Name) })
	m.Links = []linkRow{}
	for _, link := range links {
		if pattern.MatchString(link.Name) {
			m.Links = append(m.Links, newLinkRow(link))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
