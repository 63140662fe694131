// Package provider maps Confluent's cluster linking to Terraform.
package provider

import (
	"context"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ provider.Provider                  = &clusterLinkProvider{}
	_ provider.ProviderWithFunctions     = &clusterLinkProvider{}
	_ provider.ProviderWithActions       = &clusterLinkProvider{}
	_ provider.ProviderWithListResources = &clusterLinkProvider{}
)

const (
	defaultMaxRetries     = 8
	defaultRequestTimeout = 30 * time.Second

	envPlanValidation = "CLUSTERLINK_PLAN_VALIDATION"
)

// New returns the constructor that the plugin server asks for.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &clusterLinkProvider{version: version} }
}

type clusterLinkProvider struct {
	version string
}

type providerModel struct {
	Endpoints      types.Map    `tfsdk:"endpoints"`
	MaxRetries     types.Int64  `tfsdk:"max_retries"`
	RequestTimeout types.String `tfsdk:"request_timeout"`
	PlanValidation types.Bool   `tfsdk:"plan_validation"`
}

func (p *clusterLinkProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "clusterlink"
	resp.Version = p.version
}

func (p *clusterLinkProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages Confluent Cluster Linking, on Confluent Cloud and on Confluent Platform, over the Kafka REST API v3.",
		Attributes: map[string]schema.Attribute{
			"endpoints": endpointsAttribute(),
			"max_retries": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "How often a call that met a server error or a broken connection is tried again. Default `8`. Throttling (429) slows all calls to the endpoint down together, and is waited out as long as timeouts allow.",
				Validators:          []validator.Int64{int64validator.AtLeast(0)},
			},
			"request_timeout": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "How long one attempt of a call may take, as a duration such as `30s`, which is the default.",
				Validators:          []validator.String{positiveDuration{}},
			},
			"plan_validation": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether planning asks the servers if they would accept what is planned. Default `true`, or the environment variable `" +
					envPlanValidation + "`. Set to `false`, mistakes are found by apply alone.",
			},
		},
	}
}

// Configure makes no network call: an endpoint need not exist yet while the
// rest of a configuration is planned.
func (p *clusterLinkProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	common := clientDefaults{
		maxRetries:     defaultMaxRetries,
		requestTimeout: defaultRequestTimeout,
		userAgent:      "terraform-provider-clusterlink/" + p.version + " (Terraform " + req.TerraformVersion + ")",
	}
	if known(model.MaxRetries) {
		common.maxRetries = int(model.MaxRetries.ValueInt64())
	}
	if known(model.RequestTimeout) {
		// Its validator has seen to it that this parses.
		common.requestTimeout, _ = time.ParseDuration(model.RequestTimeout.ValueString())
	}
	eps, diags := configureEndpoints(ctx, model.Endpoints, common, os.Getenv)
	resp.Diagnostics.Append(diags...)

	eps.planValidation = true
	if known(model.PlanValidation) {
		eps.planValidation = model.PlanValidation.ValueBool()
	} else if env := os.Getenv(envPlanValidation); env != "" {
		value, err := strconv.ParseBool(env)
		if err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("plan_validation"), "Invalid environment variable",
				envPlanValidation+" must be true or false.")
		}
		eps.planValidation = value
	}
	resp.ResourceData = eps
	resp.DataSourceData = eps
	resp.ActionData = eps
	resp.ListResourceData = eps
}

func (p *clusterLinkProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newLinkResource, newMirrorTopicResource}
}

func (p *clusterLinkProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newLinkDataSource, newLinksDataSource, newMirrorTopicsDataSource, newTopicsDataSource}
}

func (p *clusterLinkProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newJAASConfigFunction, newParseLinkConfigFunction}
}

func (p *clusterLinkProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newPromoteAction, newFailoverAction, newPauseAction, newResumeAction, newReverseAction, newRestoreAction}
}

func (p *clusterLinkProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newLinkList, newMirrorTopicList}
}
