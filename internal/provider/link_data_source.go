package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

var _ datasource.DataSourceWithConfigure = &linkDataSource{}

func newLinkDataSource() datasource.DataSource { return &linkDataSource{} }

// linkDataSource is data.clusterlink_link: one link with its settings and tasks.
type linkDataSource struct {
	endpoints *endpoints
}

type linkDataModel struct {
	Endpoint types.String `tfsdk:"endpoint"`
	linkRow
	Config         map[string]string `tfsdk:"config"`
	Tasks          []taskRow         `tfsdk:"tasks"`
	CategoryCounts []categoryRow     `tfsdk:"category_counts"`
}

type taskRow struct {
	TaskName string         `tfsdk:"task_name"`
	State    string         `tfsdk:"state"`
	Errors   []taskErrorRow `tfsdk:"errors"`
}

type taskErrorRow struct {
	ErrorCode    string `tfsdk:"error_code"`
	ErrorMessage string `tfsdk:"error_message"`
}

type categoryRow struct {
	StateCategory string `tfsdk:"state_category"`
	Count         int64  `tfsdk:"count"`
}

func (d *linkDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "clusterlink_link"
}

func (d *linkDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := linkRowAttributes()
	maps.Copy(attributes, map[string]schema.Attribute{
		"endpoint": dataEndpointAttribute(),
		"link_name": schema.StringAttribute{
			Required: true, Validators: validName, MarkdownDescription: "Name of the link.",
		},
		"config": schema.MapAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "Every setting of the link that has a value and is no secret, defaults included.",
		},
		"tasks": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "What the link does in the background, such as the sync of consumer offsets; empty on servers that do not report it.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"task_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the task."},
				"state":     schema.StringAttribute{Computed: true, MarkdownDescription: "Its state, such as `ACTIVE` or `IN_ERROR`."},
				"errors": schema.ListNestedAttribute{
					Computed: true, MarkdownDescription: "What keeps it from working.",
					NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
						"error_code":    schema.StringAttribute{Computed: true, MarkdownDescription: "Code of the error."},
						"error_message": schema.StringAttribute{Computed: true, MarkdownDescription: "The server's words."},
					}},
				},
			}},
		},
		"category_counts": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "How many mirror topics are in which kind of state; empty on servers that do not report it.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"state_category": schema.StringAttribute{Computed: true, MarkdownDescription: "Kind of state."},
				"count":          schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of mirror topics."},
			}},
		},
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "One cluster link, with its settings, tasks and counts of mirror topics.",
		Attributes:          attributes,
	}
}

func (d *linkDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.endpoints, _ = req.ProviderData.(*endpoints)
}

func (d *linkDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m linkDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	e, _, err := d.endpoints.pickReady(ctx, m.Endpoint)
	if err != nil {
		addEndpointError(&resp.Diagnostics, e, err)
		return
	}
	link, err := e.client.Link(ctx, m.LinkName.ValueString(), true)
	if err != nil {
		resp.Diagnostics.AddError("Unable to read link", explain(e, err))
		return
	}
	settings, err := e.client.LinkSettings(ctx, m.LinkName.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Unable to read settings of link", explain(e, err))
		return
	}
	m.linkRow = newLinkRow(*link)
	m.Config = map[string]string{}
	for _, s := range settings {
		if s.Value != nil && !s.IsSensitive && !linkconfig.IsSecret(s.Name) {
			m.Config[s.Name] = *s.Value
		}
	}
	m.Tasks, m.CategoryCounts = taskRows(link.Tasks), []categoryRow{}
	for _, c := range link.CategoryCounts {
		m.CategoryCounts = append(m.CategoryCounts, categoryRow{StateCategory: c.Category, Count: c.Count})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func taskRows(tasks []kafkarest.LinkTask) []taskRow {
	rows := []taskRow{}
	for _, t := range tasks {
		row := taskRow{TaskName: t.Name, State: t.State, Errors: []taskErrorRow{}}
		for _, e := range t.Errors {
			row.Errors = append(row.Errors, taskErrorRow{ErrorCode: e.Code, ErrorMessage: e.Message})
		}
		rows = append(rows, row)
	}
	return rows
}
