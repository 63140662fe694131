package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

var _ function.Function = jaasConfigFunction{}

func newJAASConfigFunction() function.Function { return jaasConfigFunction{} }

// jaasConfigFunction is jaas_config(mechanism, username, password).
type jaasConfigFunction struct{}

func (jaasConfigFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "jaas_config"
}

func (jaasConfigFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Make a sasl.jaas.config line",
		MarkdownDescription: "Returns the value of `sasl.jaas.config` for a user, with quotes and backslashes escaped. " +
			"The result is a secret: put it into `sensitive_config_wo`.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "mechanism", MarkdownDescription: "`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`."},
			function.StringParameter{Name: "username", MarkdownDescription: "User, or API key."},
			function.StringParameter{Name: "password", MarkdownDescription: "Password, or API secret."},
		},
		Return: function.StringReturn{},
	}
}

func (jaasConfigFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var mechanism, username, password string
	resp.Error = req.Arguments.Get(ctx, &mechanism, &username, &password)
	if resp.Error != nil {
		return
	}
	var line string
	// The first argument that makes it fail is the one at fault.
	for i, arguments := range [][3]string{{mechanism}, {mechanism, username}, {mechanism, username, password}} {
		var err error
		if line, err = linkconfig.JAAS(arguments[0], arguments[1], arguments[2]); err != nil {
			resp.Error = function.NewArgumentFuncError(int64(i), sentence(err.Error()))
			return
		}
	}
	resp.Error = resp.Result.Set(ctx, line)
}
