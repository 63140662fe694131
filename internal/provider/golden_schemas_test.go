package provider

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// update is set by make golden.
var update = flag.Bool("update", false, "write golden files and recordings anew instead of comparing with them")

// What users can write, and what they have stored, is in a file, so that a
// review shows how it changes, and nothing of it changes by accident.
func TestGoldenSchemas(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "schemas.txt")
	golden, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	was, is := parseSurface(string(golden)), surfaceOf(t)
	breaking := is.breaks(was)
	if *update {
		for _, change := range breaking {
			t.Log("breaks what users have: " + change)
		}
		if err := os.WriteFile(file, []byte(is.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if len(breaking) > 0 {
		t.Errorf("This breaks what users have written or stored:\n\t%s\n"+
			"Where it is meant, the next release is one that may break (see CONTRIBUTING.md), CHANGELOG.md says what to do about it, and make golden writes it down.",
			strings.Join(breaking, "\n\t"))
	} else if !maps.Equal(was, is) {
		t.Errorf("%s is out of date, and nothing that users have breaks: run make golden and commit it", file)
	}
}

// surface is all of the provider that configurations and states depend on: of
// each thing, such as "resource clusterlink_link.config", what it is, such as
// "map[string], optional".
type surface map[string]string

func parseSurface(text string) surface {
	s := surface{}
	for line := range strings.Lines(text) {
		name, is, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		s[name] = is
	}
	return s
}

func (s surface) String() string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&text, "%s: %s\n", name, s[name])
	}
	return text.String()
}

// surfaceOf asks the provider as the CLI does, and asks the resources for what
// the plugin protocol does not tell: defaults, and which values are taken.
func surfaceOf(t *testing.T) surface {
	t.Helper()
	w := newWire(t)
	identities, err := w.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s := surface{}
	s.schema("provider", w.schema.Provider)
	for name, of := range w.schema.ResourceSchemas {
		s.schema("resource "+name, of)
	}
	for name, of := range identities.IdentitySchemas {
		s.identity("identity "+name, of)
	}
	for name, of := range w.schema.DataSourceSchemas {
		s.schema("data "+name, of)
	}
	for name, of := range w.schema.EphemeralResourceSchemas {
		s.schema("ephemeral "+name, of)
	}
	for name, of := range w.schema.ActionSchemas {
		s.schema("action "+name, of.Schema)
	}
	for name, of := range w.schema.ListResourceSchemas {
		s.schema("list "+name, of)
	}
	for name, of := range w.schema.Functions {
		s["function "+name] = signature(of)
	}
	s.rules(t.Context())
	return s
}

// schema has no nested blocks: TestSchemasAreSoundAndSayWhatEverythingIsFor wants none.
func (s surface) schema(name string, of *tfprotov6.Schema) {
	s[name] = fmt.Sprintf("version %d", of.Version) + flags(flagged{"deprecated", of.Block.Deprecated})
	s.attributes(name, of.Block.Attributes)
}

func (s surface) attributes(at string, attributes []*tfprotov6.SchemaAttribute) {
	for _, a := range attributes {
		name, is := at+"."+a.Name, ""
		if a.NestedType == nil {
			is = typeName(a.Type)
		} else {
			is = strings.ToLower(a.NestedType.Nesting.String()) + " of attributes"
			s.attributes(name, a.NestedType.Attributes)
		}
		s[name] = is + flags(flagged{"required", a.Required}, flagged{"optional", a.Optional}, flagged{"computed", a.Computed},
			flagged{"sensitive", a.Sensitive}, flagged{"write-only", a.WriteOnly}, flagged{"deprecated", a.Deprecated})
	}
}

func (s surface) identity(name string, of *tfprotov6.ResourceIdentitySchema) {
	s[name] = fmt.Sprintf("version %d", of.Version)
	for _, a := range of.IdentityAttributes {
		s[name+"."+a.Name] = typeName(a.Type) + flags(flagged{"required", a.RequiredForImport}, flagged{"optional", a.OptionalForImport})
	}
}

func signature(f *tfprotov6.Function) string {
	var parameters []string
	for _, p := range f.Parameters {
		parameters = append(parameters, p.Name+" "+typeName(p.Type)+flags(flagged{"nullable", p.AllowNullValue}))
	}
	if v := f.VariadicParameter; v != nil {
		parameters = append(parameters, v.Name+" ..."+typeName(v.Type)+flags(flagged{"nullable", v.AllowNullValue}))
	}
	return "(" + strings.Join(parameters, "; ") + ") " + typeName(f.Return.Type) + flags(flagged{"deprecated", f.DeprecationMessage != ""})
}

func typeName(of tftypes.Type) string {
	return strings.ToLower(strings.ReplaceAll(of.String(), "tftypes.", ""))
}

type flagged struct {
	flag string
	set  bool
}

func flags(all ...flagged) string {
	text := ""
	for _, f := range all {
		if f.set {
			text += ", " + f.flag
		}
	}
	return text
}

// rules are the defaults of resources, and what their values must be like.
func (s surface) rules(ctx context.Context) {
	for _, construct := range (&clusterLinkProvider{}).Resources(ctx) {
		r := construct()
		var meta resource.MetadataResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "clusterlink"}, &meta)
		var schema resource.SchemaResponse
		r.Schema(ctx, resource.SchemaRequest{}, &schema)
		for name, a := range schema.Schema.Attributes {
			at := "resource " + meta.TypeName + "." + name
			if d, ok := a.(interface{ BoolDefaultValue() defaults.Bool }); ok && d.BoolDefaultValue() != nil {
				s[at+" default"] = d.BoolDefaultValue().Description(ctx)
			}
			if d, ok := a.(interface{ StringDefaultValue() defaults.String }); ok && d.StringDefaultValue() != nil {
				s[at+" default"] = d.StringDefaultValue().Description(ctx)
			}
			if v, ok := a.(interface{ StringValidators() []validator.String }); ok {
				takes(ctx, s, at, v.StringValidators())
			}
			if v, ok := a.(interface{ Int64Validators() []validator.Int64 }); ok {
				takes(ctx, s, at, v.Int64Validators())
			}
		}
	}
}

func takes[V validator.Describer](ctx context.Context, s surface, at string, validators []V) {
	var rules []string
	for _, v := range validators {
		rules = append(rules, v.Description(ctx))
	}
	if len(rules) > 0 {
		s[at+" takes"] = strings.Join(rules, "; ")
	}
}

// breaks tells, line by line, with what a configuration or a state that was good
// before is good no more. What is taken may only have become more: people have to
// look at it.
func (s surface) breaks(was surface) []string {
	var breaking []string
	for name, before := range was {
		now, there := s[name]
		switch {
		case !there && !strings.HasSuffix(name, " takes"):
			breaking = append(breaking, name+" is gone; it was: "+before)
		case there && now != before && !compatible(before, now):
			breaking = append(breaking, name+" was: "+before+"; it is: "+now)
		}
	}
	for name, now := range s {
		if _, there := was[name]; there {
			continue
		}
		_, known := was[parent(name)]
		if known && (strings.Contains(now, ", required") || strings.HasSuffix(name, " takes")) {
			breaking = append(breaking, name+" is new, and was not asked for: "+now)
		}
	}
	slices.Sort(breaking)
	return breaking
}

// parent is what an attribute belongs to, or what is told of an attribute.
func parent(name string) string {
	if attribute, of := strings.CutSuffix(name, " takes"); of {
		return attribute
	}
	return name[:max(0, strings.LastIndex(name, "."))]
}

// compatible reports whether what was written for the one does for the other. A
// newer version of a schema does, as long as TestGoldenStates passes.
func compatible(before, now string) bool {
	before, now = strings.TrimSuffix(before, ", deprecated"), strings.TrimSuffix(now, ", deprecated")
	var older, newer int
	if a, _ := fmt.Sscanf(before, "version %d", &older); a == 1 {
		b, _ := fmt.Sscanf(now, "version %d", &newer)
		return b == 1 && newer >= older
	}
	for _, wider := range [][2]string{
		{", required", ", optional"}, {", required", ", optional, computed"}, {", optional", ", optional, computed"}, {", computed", ", optional, computed"},
	} {
		if strings.Replace(before, wider[0], wider[1], 1) == now {
			return true
		}
	}
	return before == now
}

// What a release may change, and what it may not.
func TestBreakingChangesAreToldFromOthers(t *testing.T) {
	t.Parallel()
	was := parseSurface(`resource r: version 1
resource r.a: string, required
resource r.b: string, optional
resource r.b default: value defaults to x
resource r.b takes: one of x, y
resource r.c: string, computed
function f: (a string) string
`)
	for name, c := range map[string]struct{ line, is, want string }{
		"nothing":                      {},
		"an attribute is gone":         {line: "resource r.b", want: "is gone"},
		"a resource is gone":           {line: "resource r", want: "is gone"},
		"a type changes":               {line: "resource r.b", is: "number, optional", want: "was: string, optional; it is: number"},
		"it becomes required":          {line: "resource r.b", is: "string, required", want: "it is: string, required"},
		"it is computed only":          {line: "resource r.b", is: "string, computed", want: "it is: string, computed"},
		"it becomes sensitive":         {line: "resource r.c", is: "string, computed, sensitive", want: "sensitive"},
		"it becomes optional":          {line: "resource r.a", is: "string, optional"},
		"it is computed where left":    {line: "resource r.b", is: "string, optional, computed"},
		"it can be set":                {line: "resource r.c", is: "string, optional, computed"},
		"it is deprecated":             {line: "resource r.b", is: "string, optional, deprecated"},
		"a new one is required":        {line: "resource r.d", is: "string, required", want: "was not asked for"},
		"a new one is optional":        {line: "resource r.d", is: "string, optional"},
		"a new resource":               {line: "resource s", is: "version 0"},
		"a new resource's is required": {line: "resource s.a", is: "string, required"},
		"a default changes":            {line: "resource r.b default", is: "value defaults to y", want: "defaults to y"},
		"a default is gone":            {line: "resource r.b default", want: "is gone"},
		"other values are taken":       {line: "resource r.b takes", is: "one of x", want: "one of x, y; it is"},
		"not all are taken":            {line: "resource r.a takes", is: "one of x", want: "was not asked for"},
		"all are taken":                {line: "resource r.b takes"},
		"a later version":              {line: "resource r", is: "version 2"},
		"an earlier version":           {line: "resource r", is: "version 0", want: "it is: version 0"},
		"a signature changes":          {line: "function f", is: "(a string; b string) string", want: "b string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			is := maps.Clone(was)
			is[c.line] = c.is
			if c.is == "" {
				delete(is, c.line)
			}
			got := strings.Join(is.breaks(was), "\n")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("told %q, want %q", got, c.want)
			}
		})
	}
}
