package provider

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// wire is the provider as Terraform speaks to it, for what the CLI does not
// show: at which attribute a diagnostic is, and what is asked when.
type wire struct {
	tfprotov6.ProviderServer
	t      *testing.T
	schema *tfprotov6.GetProviderSchemaResponse
}

func newWire(t *testing.T) *wire {
	t.Helper()
	return newWireTo(t, NewServer("test")())
}

func newWireTo(t *testing.T, server tfprotov6.ProviderServer) *wire {
	t.Helper()
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	expectDiagnostics(t, schema.Diagnostics)
	return &wire{ProviderServer: server, t: t, schema: schema}
}

// configure validates and configures the provider, as far as there are no errors.
func (w *wire) configure(config attrs) []*tfprotov6.Diagnostic {
	w.t.Helper()
	raw := w.encode(value(w.schema.Provider.ValueType(), config))
	validated, err := w.ValidateProviderConfig(w.t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: raw})
	if err != nil {
		w.t.Fatal(err)
	}
	if hasError(validated.Diagnostics) {
		return validated.Diagnostics
	}
	configured, err := w.ConfigureProvider(w.t.Context(), &tfprotov6.ConfigureProviderRequest{Config: raw, TerraformVersion: "1.11.0"})
	if err != nil {
		w.t.Fatal(err)
	}
	return append(validated.Diagnostics, configured.Diagnostics...)
}

func (w *wire) encode(v tftypes.Value) *tfprotov6.DynamicValue {
	w.t.Helper()
	encoded, err := tfprotov6.NewDynamicValue(v.Type(), v)
	if err != nil {
		w.t.Fatal(err)
	}
	return &encoded
}

// attrs is a block, an object or a map as a test writes it. What is not there is null.
type attrs map[string]any

const unknown = tftypes.UnknownValue

// value gives what a test writes the type that a schema demands.
func value(typ tftypes.Type, v any) tftypes.Value {
	given, ok := v.(attrs)
	if !ok {
		return tftypes.NewValue(typ, v)
	}
	elements := map[string]tftypes.Value{}
	switch typ := typ.(type) {
	case tftypes.Map:
		for name, element := range given {
			elements[name] = value(typ.ElementType, element)
		}
	case tftypes.Object:
		for name, attribute := range typ.AttributeTypes {
			elements[name] = value(attribute, given[name])
		}
		for name := range given {
			if typ.AttributeTypes[name] == nil {
				panic("no attribute " + name)
			}
		}
	}
	return tftypes.NewValue(typ, elements)
}

// with returns a copy in which some attributes are others.
func (a attrs) with(others attrs) attrs {
	merged := attrs{}
	for _, from := range []attrs{a, others} {
		for name, v := range from {
			merged[name] = v
		}
	}
	return merged
}

func hasError(diagnostics []*tfprotov6.Diagnostic) bool {
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return true
		}
	}
	return false
}

// told writes a diagnostic as "error at config["a"]: Summary: Detail".
func told(d *tfprotov6.Diagnostic) string {
	text := strings.ToLower(d.Severity.String())
	if d.Attribute != nil {
		text += " at "
		for i, step := range d.Attribute.Steps() {
			switch step := step.(type) {
			case tftypes.AttributeName:
				text += strings.Repeat(".", min(i, 1)) + string(step)
			case tftypes.ElementKeyString:
				text += fmt.Sprintf("[%q]", string(step))
			}
		}
	}
	return text + ": " + d.Summary + ": " + d.Detail
}

// expectDiagnostics wants exactly these, in any order, each written as
// "error at path: some of its words: some more".
func expectDiagnostics(t *testing.T, got []*tfprotov6.Diagnostic, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d diagnostics, want %d:", len(got), len(want))
		for _, d := range got {
			t.Error(told(d))
		}
		return
	}
	for _, w := range want {
		place, words, _ := strings.Cut(w, ": ")
		matches := func(d *tfprotov6.Diagnostic) bool {
			text := told(d)
			return strings.HasPrefix(text, place+": ") && !slices.ContainsFunc(strings.Split(words, ": "), func(part string) bool { return !strings.Contains(text, part) })
		}
		if !slices.ContainsFunc(got, matches) {
			t.Errorf("no diagnostic is %q, but:", w)
			for _, d := range got {
				t.Error(told(d))
			}
		}
	}
}

// Making the server's schema runs ValidateImplementation on every part of it.
func TestSchemasAreSoundAndSayWhatEverythingIsFor(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	describe := func(name string, s *tfprotov6.Schema) {
		if s.Block.Description == "" && name != "provider" {
			t.Errorf("%s has no description", name)
		}
		expectDescriptions(t, name, s.Block.Attributes)
		if len(s.Block.BlockTypes) > 0 {
			t.Errorf("%s has blocks, where attributes would do", name)
		}
	}
	describe("provider", w.schema.Provider)
	for name, s := range w.schema.ResourceSchemas {
		describe(name, s)
	}
	for name, s := range w.schema.DataSourceSchemas {
		describe("data "+name, s)
	}
	for name, s := range w.schema.ActionSchemas {
		describe("action "+name, s.Schema)
	}
	for name, s := range w.schema.ListResourceSchemas {
		describe("list "+name, s)
	}
	for name, f := range w.schema.Functions {
		if f.Summary == "" || f.Description == "" {
			t.Errorf("function %s has no summary or no description", name)
		}
		for _, p := range f.Parameters {
			if p.Description == "" {
				t.Errorf("function %s: parameter %s has no description", name, p.Name)
			}
		}
	}
	if len(w.schema.ResourceSchemas) == 0 || len(w.schema.DataSourceSchemas) == 0 || len(w.schema.Functions) == 0 {
		t.Error("the provider offers less than it should")
	}
}

func expectDescriptions(t *testing.T, at string, attributes []*tfprotov6.SchemaAttribute) {
	t.Helper()
	for _, a := range attributes {
		if a.Description == "" {
			t.Errorf("%s.%s has no description", at, a.Name)
		}
		if a.NestedType != nil {
			expectDescriptions(t, at+"."+a.Name, a.NestedType.Attributes)
		}
	}
}

func TestSecretsOfTheProviderAreSensitive(t *testing.T) {
	t.Parallel()
	for _, a := range newWire(t).schema.Provider.Block.Attributes {
		if a.NestedType == nil {
			continue
		}
		for _, inner := range a.NestedType.Attributes {
			secret := inner.Name == "password" || inner.Name == "token" || inner.Name == "client_key"
			if inner.Sensitive != secret {
				t.Errorf("%s: sensitive is %t, want %t", inner.Name, inner.Sensitive, secret)
			}
		}
	}
}

func TestConfiguringMakesNoNetworkCall(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	w := newWire(t)
	expectDiagnostics(t, w.configure(attrs{"endpoints": attrs{
		"discovered": attrs{"rest_endpoint": server.URL, "username": "u", "password": "p"},
		"given":      attrs{"rest_endpoint": server.URL, "cluster_id": "lkc-1"},
		"nowhere":    attrs{"rest_endpoint": "https://rest.example.com:8090"},
	}}))
	if n := asked.Load(); n > 0 {
		t.Errorf("%d calls while configuring", n)
	}
}

func TestProviderArgumentsAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config attrs
		want   []string
	}{
		"nothing at all":        {config: attrs{}},
		"all of them":           {config: attrs{"max_retries": 0, "request_timeout": "1m30s", "plan_validation": false}},
		"unknown":               {config: attrs{"max_retries": unknown, "request_timeout": unknown, "plan_validation": unknown, "endpoints": unknown}},
		"retries below none":    {config: attrs{"max_retries": -1}, want: []string{"error at max_retries: "}},
		"no duration":           {config: attrs{"request_timeout": "30"}, want: []string{"error at request_timeout: Invalid duration"}},
		"a duration of nothing": {config: attrs{"request_timeout": "0s"}, want: []string{"error at request_timeout: positive"}},
		"all mistakes in one go": {
			config: attrs{"max_retries": -1, "request_timeout": "soon", "endpoints": attrs{"a": attrs{"rest_endpoint": "ftp://a"}, "b": attrs{"rest_endpoint": ""}}},
			want: []string{
				"error at max_retries: ", "error at request_timeout: ",
				`error at endpoints["a"].rest_endpoint: `, `error at endpoints["b"].rest_endpoint: `,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectDiagnostics(t, newWire(t).configure(c.config), c.want...)
		})
	}
}

// Not parallel, for the environment is the process's.
func TestPlanValidationFromTheEnvironment(t *testing.T) {
	for env, want := range map[string]string{"": "", "false": "", "1": "", "maybe": "error at plan_validation: CLUSTERLINK_PLAN_VALIDATION"} {
		t.Setenv(envPlanValidation, env)
		diagnostics := newWire(t).configure(attrs{})
		if want == "" {
			expectDiagnostics(t, diagnostics)
		} else {
			expectDiagnostics(t, diagnostics, want)
		}
	}
}

func TestTheProviderIsToldApartInRequests(t *testing.T) {
	t.Parallel()
	agent := make(chan string, 10) // more than an import asks
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent <- r.UserAgent()
		http.Error(w, `{"error_code":404,"message":"none"}`, http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	l := newLife(t, linkType, attrs{"endpoints": attrs{"a": attrs{"rest_endpoint": server.URL, "cluster_id": "lkc-1"}}})
	expectDiagnostics(t, l.importID(context.Background(), "demo-link"), "error: Unable to import link")
	if got := <-agent; got != "terraform-provider-clusterlink/test (Terraform 1.11.0)" {
		t.Errorf("user agent %q", got)
	}
}
