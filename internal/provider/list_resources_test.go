package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// query is what terraform query asks for.
type query struct {
	config   attrs
	limit    int64
	resource bool
}

// found is what a list tells: the names in order, and what else there is to a name.
type found struct {
	names       []string
	identities  map[string]tftypes.Value
	resources   map[string]tftypes.Value
	diagnostics []*tfprotov6.Diagnostic
}

func (l *life) list(q query) found {
	l.t.Helper()
	server := l.ProviderServer.(tfprotov6.ListResourceServer)
	config := l.encode(value(l.schema.ListResourceSchemas[l.typeName].ValueType(), q.config))
	f := found{identities: map[string]tftypes.Value{}, resources: map[string]tftypes.Value{}}
	validated, err := server.ValidateListResourceConfig(l.t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: l.typeName, Config: config})
	if err != nil || hasError(validated.Diagnostics) {
		f.diagnostics = validated.Diagnostics
		return f
	}
	limit := q.limit
	if limit == 0 {
		limit = 100_000 // as Terraform sends its own limit always
	}
	stream, err := server.ListResource(l.t.Context(), &tfprotov6.ListResourceRequest{TypeName: l.typeName, Config: config, IncludeResource: q.resource, Limit: limit})
	if err != nil {
		l.t.Fatal(err)
	}
	for result := range stream.Results {
		f.diagnostics = append(f.diagnostics, result.Diagnostics...)
		if hasError(result.Diagnostics) {
			continue
		}
		f.names = append(f.names, result.DisplayName)
		if f.identities[result.DisplayName], err = result.Identity.IdentityData.Unmarshal(l.identityType()); err != nil {
			l.t.Error(err)
		}
		if result.Resource != nil {
			f.resources[result.DisplayName] = l.decode(result.Resource)
		}
	}
	return f
}

func (f found) expect(t *testing.T, names []string, diagnostics ...string) {
	t.Helper()
	if !slices.Equal(f.names, names) {
		t.Errorf("found %q, want %q", f.names, names)
	}
	expectDiagnostics(t, f.diagnostics, diagnostics...)
}

// newLinksList is a pair with these links on the destination, in any order.
func newLinksList(t *testing.T, links ...string) *pair {
	t.Helper()
	p := newPair(t)
	for _, name := range links {
		p.outsideLink(p.destination, kafkarest.NewLink{Name: name, SourceClusterID: "lkc-source", Validate: true, Configs: []kafkarest.Setting{
			{Name: "bootstrap.servers", Value: p.source.BootstrapServers()},
		}})
	}
	return p
}

func TestListOfLinks(t *testing.T) {
	t.Parallel()
	p := newLinksList(t, "c", "a", "b")
	config := attrs{"endpoint": "destination"}

	all := p.list(query{config: config})
	all.expect(t, []string{"a", "b", "c"})
	if want := value(p.identityType(), attrs{"cluster_id": "lkc-destination", "link_name": "b"}); !all.identities["b"].Equal(want) {
		t.Errorf("identity of b: %s", all.identities["b"])
	}
	if len(all.resources) > 0 {
		t.Errorf("told what was not asked for: %v", all.resources)
	}
	if got, want := calls(p.destination, "."), []string{"GET /links"}; !slices.Equal(got, want) {
		t.Errorf("calls: %q, want %q", got, want)
	}
	p.destination.ResetRequests()

	some := p.list(query{config: config, limit: 2, resource: true})
	some.expect(t, []string{"a", "b"})
	if got, want := calls(p.destination, "."), []string{"GET /links", "GET /links/a/configs", "GET /links/b/configs"}; !slices.Equal(got, want) {
		t.Errorf("calls: %q, want %q", got, want)
	}
	// What is listed is what an import would find.
	expectDiagnostics(t, p.importID(t.Context(), "destination/a"))
	if differences, err := some.resources["a"].Diff(p.state); err != nil || len(differences) > 0 {
		t.Errorf("listed and imported differ: %v (%v)", differences, err)
	}
}

func TestListOfMirrorTopics(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "b", "a")
	p.outsideLink(p.destination, kafkarest.NewLink{Name: "also", SourceClusterID: "lkc-source", Validate: true, Configs: []kafkarest.Setting{
		{Name: "bootstrap.servers", Value: p.source.BootstrapServers()}, {Name: "cluster.link.prefix", Value: "x."},
	}})
	if err := p.outside(p.destination).CreateMirror(t.Context(), "also", kafkarest.NewMirror{SourceTopicName: "a", Name: "x.a"}); err != nil {
		t.Fatal(err)
	}
	p.outsideVerb(kafkarest.Pause, "b")
	p.awaitStatus(p.destination, "also", "ACTIVE", "x.a")
	m := newLife(t, mirrorTopicType, p.endpoints())

	all := m.list(query{config: attrs{"endpoint": "destination"}, resource: true})
	all.expect(t, []string{"x.a", "a", "b"}) // by link
	for name, link := range map[string]string{"x.a": "also", "a": "demo-link", "b": "demo-link"} {
		if want := value(m.identityType(), attrs{"cluster_id": "lkc-destination", "link_name": link, "mirror_topic_name": name}); !all.identities[name].Equal(want) {
			t.Errorf("identity of %s: %s", name, all.identities[name])
		}
		expectDiagnostics(t, m.importID(t.Context(), "destination/"+link+"/"+name))
		if differences, err := all.resources[name].Diff(m.state); err != nil || len(differences) > 0 {
			t.Errorf("%s: listed and imported differ: %v (%v)", name, differences, err)
		}
	}
	m.list(query{config: attrs{"endpoint": "destination"}, limit: 2}).expect(t, []string{"x.a", "a"})
	m.list(query{config: attrs{"endpoint": "destination", "link_name": "also"}}).expect(t, []string{"x.a"})
}

// aThousandMirrors is a list of so many, of one link.
var aThousandMirrors = func() string {
	var rows []string
	for i := range 1000 {
		rows = append(rows, fmt.Sprintf(`{"link_name":"demo-link","mirror_topic_name":"t%04[1]d","source_topic_name":"t%04[1]d","mirror_status":"ACTIVE","num_partitions":1}`, i))
	}
	return `{"metadata":{"next":null},"data":[` + strings.Join(rows, ",") + `]}`
}()

func TestListOfAThousandMirrorTopicsIsOneCall(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.destination.Inject(emulator.Fault{Path: "/links/-/mirrors$", Status: 200, Body: aThousandMirrors})
	f := newLife(t, mirrorTopicType, p.endpoints()).list(query{config: attrs{"endpoint": "destination"}, resource: true})
	expectDiagnostics(t, f.diagnostics)
	if names := slices.Sorted(maps.Keys(f.resources)); len(names) != 1000 || names[999] != "t0999" {
		t.Errorf("%d mirror topics", len(names))
	}
	if got, want := calls(p.destination, "."), []string{"GET /links/-/mirrors"}; !slices.Equal(got, want) {
		t.Errorf("calls: %q, want %q", got, want)
	}
}

func TestListGoesOnWithoutALinkThatIsDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	p := newLinksList(t, "a", "b", "c")
	p.destination.Inject(emulator.Fault{Path: "/links/b/configs$", Status: 404, Body: `{"error_code":404,"message":"Cluster link 'b' does not exist."}`})
	p.list(query{config: attrs{"endpoint": "destination"}, limit: 2, resource: true}).expect(t, []string{"a", "c"})
}

func TestListEndsWithTheErrorItMeets(t *testing.T) {
	t.Parallel()
	p := newLinksList(t, "a", "b", "c")
	p.destination.Inject(emulator.Fault{Path: "/links/b/configs$", Status: 403})
	p.list(query{config: attrs{"endpoint": "destination"}, resource: true}).expect(t, []string{"a"},
		`error: Unable to read settings of link: "b": 403: needs rights`)

	p.destination.Inject(emulator.Fault{Path: "/links$", Status: 403})
	p.list(query{config: attrs{"endpoint": "destination"}}).expect(t, nil, "error: Unable to list links: 403")
	m := newLife(t, mirrorTopicType, p.endpoints())
	for name, c := range map[string]struct {
		config attrs
		want   string
	}{
		"no such link":     {attrs{"endpoint": "destination", "link_name": "nowhere"}, `error: Unable to list mirror topics: "nowhere": 404`},
		"no name":          {attrs{"endpoint": "destination", "link_name": "a/b"}, "error at link_name: "},
		"no such endpoint": {attrs{"endpoint": "nowhere"}, `error at endpoint: Unable to use endpoint: "nowhere"`},
		"no endpoint":      {attrs{}, "error at endpoint: Unable to use endpoint: name one"},
	} {
		t.Run(name, func(t *testing.T) { m.list(query{config: c.config}).expect(t, nil, c.want) })
	}
}
