package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	envPrefix = "CLUSTERLINK_"

	// The name of the endpoint that the environment alone describes.
	defaultEndpoint = "default"
)

// endpointModel is one entry of the provider's endpoints.
type endpointModel struct {
	RESTEndpoint      types.String `tfsdk:"rest_endpoint"`
	ClusterID         types.String `tfsdk:"cluster_id"`
	Username          types.String `tfsdk:"username"`
	Password          types.String `tfsdk:"password"`
	Token             types.String `tfsdk:"token"`
	ClientCertificate types.String `tfsdk:"client_certificate"`
	ClientKey         types.String `tfsdk:"client_key"`
	CACertificate     types.String `tfsdk:"ca_certificate"`
	TLSServerName     types.String `tfsdk:"tls_server_name"`
}

// clientDefaults is what the clients of all endpoints have in common.
type clientDefaults struct {
	maxRetries     int
	requestTimeout time.Duration
	userAgent      string
}

func endpointsAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "The clusters to work with, by a name of your own. A credential that an entry leaves out is taken from the environment: " +
			"`CLUSTERLINK_<NAME>_USERNAME`, `_PASSWORD`, `_TOKEN`, `_CA_CERTIFICATE`, `_CLIENT_CERTIFICATE`, `_CLIENT_KEY`, with the name in upper case and `-` as `_`. " +
			"Without `endpoints`, `CLUSTERLINK_REST_ENDPOINT`, `CLUSTERLINK_CLUSTER_ID`, `CLUSTERLINK_USERNAME` and so on make one endpoint named `default`.",
		NestedObject: schema.NestedAttributeObject{Validators: []validator.Object{requiresAddress{}}, Attributes: map[string]schema.Attribute{
			"rest_endpoint": schema.StringAttribute{
				// Required, as requiresAddress sees to: the framework would demand it of an
				// entry that is not known yet, too.
				Optional: true,
				MarkdownDescription: "Required. Address of the REST API: `https://host:8090` for Confluent Server, `https://pkc-00000.region.provider.confluent.cloud:443` for Confluent Cloud, " +
					"`http://host:8082/v3` for a standalone REST Proxy. A path that ends in `/v3` is used as it is; one that ends in `/kafka` gets `/v3`; any other gets `/kafka/v3`.",
				Validators: []validator.String{restEndpoint{}},
			},
			"cluster_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Id of the Kafka cluster. Left out: the only cluster that the endpoint lists.",
			},
			"username": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "User, or API key, for HTTP Basic. Excludes `token`.",
			},
			"password": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "Password, or API secret, for HTTP Basic.",
			},
			"token": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "Bearer token. Excludes `username`.",
			},
			"client_certificate": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Client certificate for mTLS, as PEM text. Goes with `client_key`.",
			},
			"client_key": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "Key of the client certificate, as PEM text.",
			},
			"ca_certificate": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Certificates to trust instead of the system's, as PEM text.",
			},
			"tls_server_name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Name to verify the server's certificate against, where the address is not that name.",
			},
		}},
	}
}

// configureEndpoints turns the provider's endpoints, or the environment where
// there are none, into clients. All mistakes are told in one go.
func configureEndpoints(ctx context.Context, configured types.Map, common clientDefaults, getenv func(string) string) (*endpoints, diag.Diagnostics) {
	eps := &endpoints{byName: map[string]*endpoint{}}
	if configured.IsUnknown() {
		eps.unknown = "endpoints"
		return eps, nil
	}
	models, diags := writtenEndpoints(ctx, configured)
	prefix := func(name string) string { return envPrefix + envName(name) + "_" }
	if configured.IsNull() {
		prefix = func(string) string { return envPrefix }
		if env := envEndpoint(getenv); env != nil {
			models[defaultEndpoint] = *env
		}
	}
	for name, m := range models {
		at := path.Root("endpoints").AtMapKey(name)
		if d := m.fillFromEnvironment(at, prefix(name), getenv); d.HasError() {
			diags.Append(d...)
			continue
		}
		e := &endpoint{name: name, address: m.RESTEndpoint.ValueString(), clusterID: m.ClusterID.ValueString(), unknown: m.unknown(at), login: m.login(), lookups: newLookups()}
		eps.byName[name] = e
		if e.unknown == "" {
			var d diag.Diagnostics
			e.client, d = m.client(at, common)
			e.shared = newShared(e.client)
			diags.Append(d...)
		}
	}
	return eps, diags
}

// writtenEndpoints reads the provider's endpoints. Of an entry that is wholly
// unknown, so is the address.
func writtenEndpoints(ctx context.Context, configured types.Map) (map[string]endpointModel, diag.Diagnostics) {
	var diags diag.Diagnostics
	models := map[string]endpointModel{}
	for name, entry := range configured.Elements() {
		m := endpointModel{RESTEndpoint: types.StringUnknown()}
		if !entry.IsUnknown() {
			diags.Append(tfsdk.ValueAs(ctx, entry, &m)...)
		}
		models[name] = m
	}
	return models, diags
}

func envName(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func envEndpoint(getenv func(string) string) *endpointModel {
	address := getenv(envPrefix + "REST_ENDPOINT")
	if address == "" {
		return nil
	}
	m := &endpointModel{RESTEndpoint: types.StringValue(address)}
	if id := getenv(envPrefix + "CLUSTER_ID"); id != "" {
		m.ClusterID = types.StringValue(id)
	}
	return m
}

// fillFromEnvironment takes each credential that the entry leaves out from the
// environment, unless the entry has one of the other kind. A certificate there
// may be a path.
func (m *endpointModel) fillFromEnvironment(at path.Path, prefix string, getenv func(string) string) diag.Diagnostics {
	basic, bearer := !m.Username.IsNull() || !m.Password.IsNull(), !m.Token.IsNull()
	fill := func(value *types.String, name string) bool {
		env := getenv(prefix + name)
		if env == "" || !value.IsNull() {
			return false
		}
		*value = types.StringValue(env)
		return true
	}
	if !bearer {
		fill(&m.Username, "USERNAME")
		fill(&m.Password, "PASSWORD")
	}
	if !basic {
		fill(&m.Token, "TOKEN")
	}
	var diags diag.Diagnostics
	pem := func(value *types.String, attribute string) {
		name := strings.ToUpper(attribute)
		if !fill(value, name) || strings.Contains(value.ValueString(), "-----BEGIN") {
			return
		}
		text, err := os.ReadFile(value.ValueString())
		if err != nil {
			// Without the value, which may be a damaged key.
			diags.AddAttributeError(at.AtName(attribute), "Invalid endpoint",
				fmt.Sprintf("%s%s is neither PEM text nor the path of a file that can be read: %s.", prefix, name, errors.Unwrap(err)))
		}
		*value = types.StringValue(string(text))
	}
	pem(&m.CACertificate, "ca_certificate")
	pem(&m.ClientCertificate, "client_certificate")
	pem(&m.ClientKey, "client_key")
	return diags
}

// unknown names the first value of the entry that is not known yet, or is
// empty.
func (m *endpointModel) unknown(at path.Path) string {
	for _, v := range []struct {
		name  string
		value types.String
	}{
		{"rest_endpoint", m.RESTEndpoint}, {"cluster_id", m.ClusterID}, {"username", m.Username}, {"password", m.Password}, {"token", m.Token},
		{"client_certificate", m.ClientCertificate}, {"client_key", m.ClientKey}, {"ca_certificate", m.CACertificate}, {"tls_server_name", m.TLSServerName},
	} {
		if v.value.IsUnknown() {
			return at.AtName(v.name).String()
		}
	}
	return ""
}

func (m *endpointModel) client(at path.Path, common clientDefaults) (*kafkarest.Client, diag.Diagnostics) {
	diags := m.check(at)
	if diags.HasError() {
		return nil, diags
	}
	client, err := kafkarest.New(kafkarest.Config{
		Endpoint:          m.RESTEndpoint.ValueString(),
		ClusterID:         m.ClusterID.ValueString(),
		Username:          m.Username.ValueString(),
		Password:          m.Password.ValueString(),
		Token:             m.Token.ValueString(),
		ClientCertificate: m.ClientCertificate.ValueString(),
		ClientKey:         m.ClientKey.ValueString(),
		CACertificate:     m.CACertificate.ValueString(),
		TLSServerName:     m.TLSServerName.ValueString(),
		MaxRetries:        common.maxRetries,
		RequestTimeout:    common.requestTimeout,
		UserAgent:         common.userAgent,
	})
	if err != nil {
		diags.AddAttributeError(at, "Invalid endpoint", "In this endpoint, "+sentence(err.Error()))
	}
	return client, diags
}

// login tells which credential an entry has.
func (m *endpointModel) login() string {
	switch {
	case m.Token.ValueString() != "":
		return loginToken
	case m.Username.ValueString() != "":
		return loginBasic
	default:
		return ""
	}
}

// check finds what is wrong with an entry whose values are all known.
func (m *endpointModel) check(at path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	bad := func(attribute, format string, args ...any) {
		diags.AddAttributeError(at.AtName(attribute), "Invalid endpoint", fmt.Sprintf(format, args...))
	}
	base, err := kafkarest.BaseURL(m.RESTEndpoint.ValueString())
	if err != nil {
		bad("rest_endpoint", "The address %s.", err)
	}
	basic, bearer := m.Username.ValueString() != "" || m.Password.ValueString() != "", m.Token.ValueString() != ""
	switch {
	case basic && bearer:
		bad("token", "A token and a username exclude each other.")
	case basic && m.Password.ValueString() == "":
		bad("password", "There is a username, but no password.")
	case basic && m.Username.ValueString() == "":
		bad("username", "There is a password, but no username.")
	}
	if ca := m.CACertificate.ValueString(); ca != "" {
		if _, err := kafkarest.ParseCA(ca); err != nil {
			bad("ca_certificate", "It %s.", err)
		}
	}
	certificate, key := m.ClientCertificate.ValueString(), m.ClientKey.ValueString()
	switch {
	case certificate != "" && key == "":
		bad("client_key", "There is a client certificate, but no key for it.")
	case certificate == "" && key != "":
		bad("client_certificate", "There is a client key, but no certificate for it.")
	case certificate != "":
		if _, err := kafkarest.ParseKeyPair(certificate, key); err != nil {
			bad("client_certificate", "In PEM text, %s.", err)
		}
	}
	if err == nil && base.Scheme == "http" && (basic || bearer) && !isLoopback(base.Hostname()) {
		diags.AddAttributeWarning(at.AtName("rest_endpoint"), "Credentials in clear text",
			"The credentials of this endpoint are sent over plain http, where anybody on the way can read them. Use https.")
	}
	return diags
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

// requiresAddress validates that an entry has an address, where it is known.
type requiresAddress struct{}

func (requiresAddress) Description(context.Context) string             { return "rest_endpoint is required" }
func (v requiresAddress) MarkdownDescription(c context.Context) string { return v.Description(c) }

func (requiresAddress) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if address, has := req.ConfigValue.Attributes()["rest_endpoint"]; !req.ConfigValue.IsUnknown() && (!has || address.IsNull()) {
		resp.Diagnostics.AddAttributeError(req.Path.AtName("rest_endpoint"), "Missing rest_endpoint", "Each of the provider's endpoints needs the address of its REST API.")
	}
}

// restEndpoint validates an address where it is known.
type restEndpoint struct{}

func (restEndpoint) Description(context.Context) string             { return "an http or https address" }
func (v restEndpoint) MarkdownDescription(c context.Context) string { return v.Description(c) }

func (restEndpoint) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !known(req.ConfigValue) {
		return
	}
	if _, err := kafkarest.BaseURL(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid endpoint", fmt.Sprintf("The address %s.", err))
	}
}

// positiveDuration validates a Go duration.
type positiveDuration struct{}

func (positiveDuration) Description(context.Context) string             { return "a duration such as 30s" }
func (v positiveDuration) MarkdownDescription(c context.Context) string { return v.Description(c) }

func (positiveDuration) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !known(req.ConfigValue) {
		return
	}
	if d, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || d <= 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration", "It must be a positive duration such as 30s or 2m.")
	}
}
