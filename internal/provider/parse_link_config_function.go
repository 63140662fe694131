package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

var _ function.Function = parseLinkConfigFunction{}

func newParseLinkConfigFunction() function.Function { return parseLinkConfigFunction{} }

// parseLinkConfigFunction is parse_link_config(text).
type parseLinkConfigFunction struct{}

type parsedLinkConfig struct {
	LinkMode        *string           `tfsdk:"link_mode"`
	ConnectionMode  *string           `tfsdk:"connection_mode"`
	Config          map[string]string `tfsdk:"config"`
	SensitiveConfig map[string]string `tfsdk:"sensitive_config"`
}

func (parseLinkConfigFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_link_config"
}

func (parseLinkConfigFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	settings := types.MapType{ElemType: types.StringType}
	resp.Definition = function.Definition{
		Summary: "Read a clusterlink.config file",
		MarkdownDescription: "Reads the text of a Java properties file, such as the `clusterlink.config` that `kafka-cluster-links` takes, and returns an object that fits `clusterlink_link`: " +
			"`link_mode` and `connection_mode` (null where the file does not say), `config`, and `sensitive_config` with the secrets, which belong in `sensitive_config_wo`.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "text", MarkdownDescription: "The file's text, for instance from `file(\"clusterlink.config\")`."},
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"link_mode": types.StringType, "connection_mode": types.StringType, "config": settings, "sensitive_config": settings,
		}},
	}
}

func (parseLinkConfigFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	resp.Error = req.Arguments.Get(ctx, &text)
	if resp.Error != nil {
		return
	}
	settings, err := linkconfig.ParseProperties(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, sentence(err.Error()))
		return
	}
	take := func(name string) *string {
		value, ok := settings[name]
		delete(settings, name)
		if !ok {
			return nil
		}
		return &value
	}
	parsed := parsedLinkConfig{LinkMode: take(linkModeSetting), ConnectionMode: take(connectionModeSetting)}
	parsed.Config, parsed.SensitiveConfig = linkconfig.Split(settings)
	resp.Error = resp.Result.Set(ctx, parsed)
}
