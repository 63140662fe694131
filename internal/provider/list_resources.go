package provider

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

var (
	_ list.ListResourceWithConfigure = &linkList{}
	_ list.ListResourceWithConfigure = &mirrorTopicList{}
)

// linkList is the list resource clusterlink_link: terraform query finds the
// links of a cluster, to adopt them.
type linkList struct {
	linkResource
}

func newLinkList() list.ListResource { return &linkList{} }

func listEndpointAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "Where to look: a key of the provider's `endpoints`. May be left out where exactly one is configured.",
	}
}

func (l *linkList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The cluster links of a cluster, by name.",
		Attributes:          map[string]schema.Attribute{"endpoint": listEndpointAttribute()},
	}
}

func (l *linkList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config struct {
		Endpoint types.String `tfsdk:"endpoint"`
	}
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	e, clusterID, err := l.endpoints.pickReady(ctx, config.Endpoint)
	if err != nil {
		addEndpointError(&diags, e, err)
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	links, err := e.client.Links(ctx)
	if err != nil {
		diags.AddError("Unable to list links", explain(e, err))
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	slices.SortFunc(links, func(a, b kafkarest.Link) int { return strings.Compare(a.Name, b.Name) })
	stream.Results = results(links, req.Limit, func(link kafkarest.Link) (result list.ListResult, exists bool) {
		result = req.NewListResult(ctx)
		m := importedLink(e.name, clusterID, link.Name)
		result.DisplayName = link.Name
		result.Diagnostics.Append(result.Identity.Set(ctx, m.identity())...)
		if !req.IncludeResource {
			return result, true
		}
		settings, err := e.client.LinkSettings(ctx, link.Name)
		switch {
		case errors.Is(err, kafkarest.ErrNotFound):
			return result, false // deleted since it was listed
		case err != nil:
			result.Diagnostics.AddError("Unable to read settings of link", explain(e, err))
		default:
			m.observe(&link, settings)
			result.Diagnostics.Append(result.Resource.Set(ctx, &m)...)
		}
		return result, true
	})
}

// mirrorTopicList is the list resource clusterlink_mirror_topic.
type mirrorTopicList struct {
	mirrorTopicResource
}

func newMirrorTopicList() list.ListResource { return &mirrorTopicList{} }

func (l *mirrorTopicList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The mirror topics of one link or of all links of a cluster, by name.",
		Attributes: map[string]schema.Attribute{
			"endpoint":  listEndpointAttribute(),
			"link_name": schema.StringAttribute{Optional: true, Validators: validName, MarkdownDescription: "Name of the link. Left out: all links."},
		},
	}
}

func (l *mirrorTopicList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config struct {
		Endpoint types.String `tfsdk:"endpoint"`
		LinkName types.String `tfsdk:"link_name"`
	}
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	e, clusterID, err := l.endpoints.pickReady(ctx, config.Endpoint)
	if err != nil {
		addEndpointError(&diags, e, err)
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	mirrors, err := e.client.Mirrors(ctx, cmp.Or(config.LinkName.ValueString(), kafkarest.AnyLink), "")
	if err != nil {
		diags.AddError("Unable to list mirror topics", explain(e, err))
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	slices.SortFunc(mirrors, func(a, b kafkarest.Mirror) int {
		return cmp.Or(strings.Compare(a.LinkName, b.LinkName), strings.Compare(a.Name, b.Name))
	})
	stream.Results = results(mirrors, req.Limit, func(mirror kafkarest.Mirror) (result list.ListResult, exists bool) {
		result = req.NewListResult(ctx)
		m := importedMirror(e.name, clusterID, cmp.Or(mirror.LinkName, config.LinkName.ValueString()), mirror.Name)
		m.observe(&mirror)
		result.DisplayName = mirror.Name
		result.Diagnostics.Append(result.Identity.Set(ctx, m.identity())...)
		if req.IncludeResource {
			result.Diagnostics.Append(result.Resource.Set(ctx, &m)...)
		}
		return result, true
	})
}

// results makes a stream of rows that ends at the limit. A row that cannot be
// made ends it with its error.
func results[T any](rows []T, limit int64, result func(T) (r list.ListResult, exists bool)) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		var pushed int64
		for _, row := range rows {
			if limit > 0 && pushed >= limit {
				return
			}
			r, exists := result(row)
			if !exists {
				continue
			}
			if !push(r) || r.Diagnostics.HasError() {
				return
			}
			pushed++
		}
	}
}
