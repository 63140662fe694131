package provider

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
)

// entries makes the provider's endpoints out of the entries that a test writes.
func entries(given map[string]map[string]string) types.Map {
	names := []string{"rest_endpoint", "cluster_id", "username", "password", "token", "client_certificate", "client_key", "ca_certificate", "tls_server_name"}
	attributes, objects := map[string]attr.Type{}, map[string]attr.Value{}
	for _, name := range names {
		attributes[name] = types.StringType
	}
	for key, entry := range given {
		values := map[string]attr.Value{}
		for _, name := range names {
			values[name] = types.StringNull()
			if v, written := entry[name]; written {
				values[name] = types.StringValue(v)
			}
		}
		objects[key] = types.ObjectValueMust(attributes, values)
	}
	return types.MapValueMust(types.ObjectType{AttrTypes: attributes}, objects)
}

func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

var noEntries = types.MapNull(types.ObjectType{})

func TestEnvironmentAloneMakesOneEndpoint(t *testing.T) {
	t.Parallel()
	eps, diags := configureEndpoints(t.Context(), noEntries, clientDefaults{}, environment(map[string]string{
		"CLUSTERLINK_REST_ENDPOINT": "https://rest.example.com", "CLUSTERLINK_CLUSTER_ID": "lkc-1", "CLUSTERLINK_USERNAME": "u", "CLUSTERLINK_PASSWORD": "p",
		"CLUSTERLINK_OTHER_USERNAME": "not this one",
	}))
	if diags.HasError() || len(eps.byName) != 1 {
		t.Fatalf("endpoints %s: %v", eps.names(), diags)
	}
	if e := eps.byName["default"]; e == nil || e.clusterID != "lkc-1" || e.address != "https://rest.example.com" {
		t.Errorf("endpoint %+v", e)
	}

	eps, diags = configureEndpoints(t.Context(), noEntries, clientDefaults{}, environment(map[string]string{"CLUSTERLINK_USERNAME": "u", "CLUSTERLINK_PASSWORD": "p"}))
	if diags.HasError() || len(eps.byName) != 0 {
		t.Errorf("without an address there are endpoints %s: %v", eps.names(), diags)
	}

	eps, diags = configureEndpoints(t.Context(), entries(map[string]map[string]string{"a": {"rest_endpoint": "https://a.example.com"}}), clientDefaults{},
		environment(map[string]string{"CLUSTERLINK_REST_ENDPOINT": "https://rest.example.com"}))
	if diags.HasError() || eps.names() != `"a"` {
		t.Errorf("with endpoints written, there are %s: %v", eps.names(), diags)
	}
}

// A credential that an entry leaves out comes from the environment, unless the
// entry has one of the other kind.
func TestCredentialsFromTheEnvironment(t *testing.T) {
	t.Parallel()
	all := map[string]string{"CLUSTERLINK_A_B_USERNAME": "env-u", "CLUSTERLINK_A_B_PASSWORD": "env-p"}
	token := map[string]string{"CLUSTERLINK_A_B_TOKEN": "env-t"}
	both := map[string]string{"CLUSTERLINK_A_B_USERNAME": "env-u", "CLUSTERLINK_A_B_PASSWORD": "env-p", "CLUSTERLINK_A_B_TOKEN": "env-t"}
	for name, c := range map[string]struct {
		entry endpointModel
		env   map[string]string
		want  [3]string // username, password, token
	}{
		"nothing anywhere":           {},
		"all from the environment":   {env: all, want: [3]string{"env-u", "env-p", ""}},
		"a token":                    {env: token, want: [3]string{"", "", "env-t"}},
		"written wins":               {entry: endpointModel{Username: types.StringValue("u"), Password: types.StringValue("p")}, env: all, want: [3]string{"u", "p", ""}},
		"password alone":             {entry: endpointModel{Username: types.StringValue("u")}, env: all, want: [3]string{"u", "env-p", ""}},
		"a user keeps tokens out":    {entry: endpointModel{Username: types.StringValue("u"), Password: types.StringValue("p")}, env: token, want: [3]string{"u", "p", ""}},
		"a token keeps users out":    {entry: endpointModel{Token: types.StringValue("t")}, env: all, want: [3]string{"", "", "t"}},
		"both in the environment":    {env: both, want: [3]string{"env-u", "env-p", "env-t"}},
		"another endpoint's":         {env: map[string]string{"CLUSTERLINK_A_USERNAME": "x", "CLUSTERLINK_USERNAME": "x", "CLUSTERLINK_a-b_USERNAME": "x"}},
		"unknown is written, though": {entry: endpointModel{Token: types.StringUnknown()}, env: all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := c.entry
			if diags := m.fillFromEnvironment(path.Root("endpoints").AtMapKey("a-b"), envPrefix+envName("a-b")+"_", environment(c.env)); diags.HasError() {
				t.Error(diags)
			}
			if got := [3]string{m.Username.ValueString(), m.Password.ValueString(), m.Token.ValueString()}; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCertificatesFromTheEnvironmentAreTextOrPath(t *testing.T) {
	t.Parallel()
	const text = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"text": text, "path": file} {
		var m endpointModel
		diags := m.fillFromEnvironment(path.Empty(), "X_", environment(map[string]string{"X_CA_CERTIFICATE": value, "X_CLIENT_CERTIFICATE": value, "X_CLIENT_KEY": value}))
		if diags.HasError() || m.CACertificate.ValueString() != text || m.ClientCertificate.ValueString() != text || m.ClientKey.ValueString() != text {
			t.Errorf("%s: got %s, %s, %s", name, m.CACertificate, m.ClientCertificate, m.ClientKey)
		}
	}
}

func TestCertificatePathThatLeadsNowhere(t *testing.T) {
	t.Parallel()
	for name, attribute := range map[string]string{
		"CLUSTERLINK_CA_CERTIFICATE": "ca_certificate", "CLUSTERLINK_CLIENT_CERTIFICATE": "client_certificate", "CLUSTERLINK_CLIENT_KEY": "client_key",
	} {
		_, diags := configureEndpoints(t.Context(), noEntries, clientDefaults{}, environment(map[string]string{
			"CLUSTERLINK_REST_ENDPOINT": "https://rest.example.com", name: "hidden-value",
		}))
		want := diag.NewAttributeErrorDiagnostic(path.Root("endpoints").AtMapKey("default").AtName(attribute), "Invalid endpoint",
			name+" is neither PEM text nor the path of a file that can be read: no such file or directory.")
		if diags.ErrorsCount() != 1 || !diags.Contains(want) {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	t.Parallel()
	ca, err := emulator.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := ca.Issue("client")
	if err != nil {
		t.Fatal(err)
	}
	_, otherKey, err := ca.Issue("other")
	if err != nil {
		t.Fatal(err)
	}
	const at = `error at endpoints["a"].`
	for name, c := range map[string]struct {
		entry attrs // besides an address
		want  []string
	}{
		"an address alone": {},
		"everything":       {entry: attrs{"cluster_id": "lkc-1", "username": "u", "password": "p", "client_certificate": certificate, "client_key": key, "ca_certificate": ca.Certificate(), "tls_server_name": "b.example.com"}},
		"a token":          {entry: attrs{"token": "t"}},
		"empty texts":      {entry: attrs{"cluster_id": "", "username": "", "password": "", "token": "", "client_certificate": "", "client_key": "", "ca_certificate": "", "tls_server_name": ""}},

		"no address":             {entry: attrs{"rest_endpoint": nil}, want: []string{at + "rest_endpoint: Missing rest_endpoint"}},
		"an empty address":       {entry: attrs{"rest_endpoint": ""}, want: []string{at + "rest_endpoint: must begin with http"}},
		"no scheme":              {entry: attrs{"rest_endpoint": "a.example.com:8090"}, want: []string{at + "rest_endpoint: must begin with http"}},
		"another scheme":         {entry: attrs{"rest_endpoint": "ftp://a.example.com"}, want: []string{at + "rest_endpoint: must begin with http"}},
		"no host":                {entry: attrs{"rest_endpoint": "https://:8090"}, want: []string{at + "rest_endpoint: host"}},
		"a query":                {entry: attrs{"rest_endpoint": "https://a.example.com?x=y"}, want: []string{at + "rest_endpoint: query"}},
		"a fragment":             {entry: attrs{"rest_endpoint": "https://a.example.com#x"}, want: []string{at + "rest_endpoint: fragment"}},
		"user info":              {entry: attrs{"rest_endpoint": "https://u:hidden-value@a.example.com"}, want: []string{at + "rest_endpoint: user info"}},
		"a port that is none":    {entry: attrs{"rest_endpoint": "https://a.example.com:port"}, want: []string{at + "rest_endpoint: "}},
		"user without password":  {entry: attrs{"username": "u"}, want: []string{at + "password: no password"}},
		"password without user":  {entry: attrs{"password": "hidden-value"}, want: []string{at + "username: no username"}},
		"user and token":         {entry: attrs{"username": "u", "password": "hidden-value", "token": "hidden-value"}, want: []string{at + "token: exclude each other"}},
		"a colon in the user":    {entry: attrs{"username": "u:v", "password": "hidden-value"}, want: []string{`error at endpoints["a"]: colon`}},
		"a token of two lines":   {entry: attrs{"token": "hidden-value\nhidden-value"}, want: []string{`error at endpoints["a"]: line break`}},
		"a CA that is none":      {entry: attrs{"ca_certificate": "hidden-value"}, want: []string{at + "ca_certificate: PEM"}},
		"a CA that is a path":    {entry: attrs{"ca_certificate": "/etc/ssl/ca.pem"}, want: []string{at + "ca_certificate: PEM"}},
		"a certificate, no key":  {entry: attrs{"client_certificate": certificate}, want: []string{at + "client_key: no key"}},
		"a key, no certificate":  {entry: attrs{"client_key": key}, want: []string{at + "client_certificate: no certificate"}},
		"another's key":          {entry: attrs{"client_certificate": certificate, "client_key": otherKey}, want: []string{at + "client_certificate: do not"}},
		"a key that is none":     {entry: attrs{"client_certificate": certificate, "client_key": "hidden-value"}, want: []string{at + "client_certificate: "}},
		"several, in one go":     {entry: attrs{"username": "u", "ca_certificate": "x", "client_key": key}, want: []string{at + "password: ", at + "ca_certificate: ", at + "client_certificate: "}},
		"one not known yet":      {entry: attrs{"username": "u", "password": unknown}},
		"address not known yet":  {entry: attrs{"rest_endpoint": unknown, "username": "u", "password": "p"}},
		"all of it not known":    {entry: attrs{"rest_endpoint": unknown, "cluster_id": unknown, "username": unknown, "password": unknown, "ca_certificate": unknown}},
		"plain http, no secrets": {entry: attrs{"rest_endpoint": "http://a.example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entry := attrs{"rest_endpoint": "https://a.example.com:8090"}.with(c.entry)
			got := newWire(t).configure(attrs{"endpoints": attrs{"a": entry, "b": attrs{"rest_endpoint": "https://b.example.com"}}})
			expectDiagnostics(t, got, c.want...)
			for _, d := range got {
				if wrapped("hidden-value").MatchString(told(d)) {
					t.Errorf("a secret is told: %s", told(d))
				}
			}
		})
	}
}

func TestCredentialsInClearTextAreWarnedOf(t *testing.T) {
	t.Parallel()
	const warning = `warning at endpoints["a"].rest_endpoint: Credentials in clear text`
	basic, token := attrs{"username": "u", "password": "p"}, attrs{"token": "t"}
	for address, warns := range map[string]bool{
		"http://a.example.com:8082": true, "http://10.0.0.1": true, "http://[2001:db8::1]": true, "http://127.example.com": true,
		"https://a.example.com": false, "http://localhost:8082": false, "http://127.0.0.1": false, "http://127.1.2.3": false, "http://[::1]:8082": false, "http://LOCALHOST": false,
	} {
		for _, credential := range []attrs{basic, token} {
			got := newWire(t).configure(attrs{"endpoints": attrs{"a": attrs{"rest_endpoint": address}.with(credential)}})
			if warns {
				expectDiagnostics(t, got, warning)
			} else {
				expectDiagnostics(t, got)
			}
		}
	}
}

// Every way to log in, against a server that demands it.
func TestEndpointsLogIn(t *testing.T) {
	t.Parallel()
	ca, err := emulator.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := ca.Issue("client")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		server emulator.Config
		entry  map[string]string
		path   string // of rest_endpoint
		env    map[string]string
	}{
		"by user and password": {emulator.Config{TLS: true, Users: map[string]string{"u": "p"}}, map[string]string{"username": "u", "password": "p"}, "", nil},
		"by token":             {emulator.Config{TLS: true, Tokens: []string{"t"}}, map[string]string{"token": "t"}, "/kafka/", nil},
		"by certificate":       {emulator.Config{TLS: true, ClientCA: ca.Certificate()}, map[string]string{"client_certificate": certificate, "client_key": key}, "/", nil},
		"by the environment":   {emulator.Config{TLS: true, Users: map[string]string{"u": "p"}}, nil, "/kafka/v3", map[string]string{"CLUSTERLINK_A_USERNAME": "u", "CLUSTERLINK_A_PASSWORD": "p"}},
		"to a proxy at /v3":    {emulator.Config{BasePath: "/v3", Users: map[string]string{"u": "p"}}, map[string]string{"username": "u", "password": "p"}, "/v3/", nil},
		"under another name":   {emulator.Config{TLS: true}, map[string]string{"tls_server_name": "localhost"}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.server.ClusterID = "lkc-1"
			server := emulatortest.Start(t, c.server)
			entry := map[string]string{"rest_endpoint": server.RESTEndpoint() + c.path, "ca_certificate": server.CACertificate()}
			for name, v := range c.entry {
				entry[name] = v
			}
			eps, diags := configureEndpoints(t.Context(), entries(map[string]map[string]string{"a": entry}), clientDefaults{}, environment(c.env))
			if diags.HasError() {
				t.Fatal(diags)
			}
			if id, err := eps.byName["a"].id(t.Context()); err != nil || id != "lkc-1" {
				t.Errorf("cluster %q, %v", id, err)
			}
			// Somebody else is not let in, so what was tried above counts.
			if len(c.server.Users)+len(c.server.Tokens)+len(c.server.ClientCA) > 0 {
				delete(entry, "username")
				delete(entry, "password")
				delete(entry, "token")
				delete(entry, "client_certificate")
				delete(entry, "client_key")
				eps, _ = configureEndpoints(t.Context(), entries(map[string]map[string]string{"a": entry}), clientDefaults{}, environment(nil))
				if _, err := eps.byName["a"].id(t.Context()); err == nil {
					t.Error("the server asks for no credential")
				}
			}
		})
	}
}

func TestServersAreVerified(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulator.Config{ClusterID: "lkc-1", TLS: true})
	for name, entry := range map[string]map[string]string{
		"signed by nobody trusted": {},
		"called otherwise":         {"ca_certificate": server.CACertificate(), "tls_server_name": "rest.example.com"},
	} {
		entry["rest_endpoint"] = server.RESTEndpoint()
		eps, diags := configureEndpoints(t.Context(), entries(map[string]map[string]string{"a": entry}), clientDefaults{}, environment(nil))
		if diags.HasError() {
			t.Fatal(diags)
		}
		if id, err := eps.byName["a"].id(t.Context()); err == nil {
			t.Errorf("%s: cluster %q", name, id)
		}
	}
}
