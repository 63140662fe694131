package provider

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// lister is a server that lists clusters, and nothing else, and counts how
// often it is asked to.
func lister(t *testing.T, clusters ...string) (address string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	rows := []map[string]string{}
	for _, id := range clusters {
		rows = append(rows, map[string]string{"cluster_id": id})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != "/kafka/v3/clusters" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"data": rows}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestClusterIsDiscoveredOnce(t *testing.T) {
	t.Parallel()
	address, asked := lister(t, "lkc-1")
	e := configured(t, map[string]map[string]string{"a": {"rest_endpoint": address}}).byName["a"]
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if id, err := e.id(t.Context()); err != nil || id != "lkc-1" {
				t.Errorf("cluster %q, %v", id, err)
			}
		})
	}
	group.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}

	address, asked = lister(t, "lkc-1")
	e = configured(t, map[string]map[string]string{"a": {"rest_endpoint": address, "cluster_id": "lkc-2"}}).byName["a"]
	if id, err := e.id(t.Context()); err != nil || id != "lkc-2" || asked.Load() > 0 {
		t.Errorf("cluster %q, %v, asked %d times", id, err, asked.Load())
	}
}

func TestClusterThatCannotBeDiscovered(t *testing.T) {
	t.Parallel()
	several, _ := lister(t, "lkc-1", "lkc-2")
	none, _ := lister(t)
	for address, want := range map[string]string{
		several: "set cluster_id to one of: lkc-1, lkc-2",
		none:    "lists no cluster; set cluster_id",
	} {
		eps := configured(t, map[string]map[string]string{"a": {"rest_endpoint": address}})
		if _, _, err := eps.pickReady(t.Context(), types.StringNull()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		l := newLife(t, linkType, attrs{"endpoints": attrs{"a": attrs{"rest_endpoint": address}}})
		expectDiagnostics(t, l.carryOut(t.Context(), l.plan(plainLink)), "error at endpoint: "+want)
		l.expectNoState()
	}
}

func TestPickingAnEndpoint(t *testing.T) {
	t.Parallel()
	two := &endpoints{byName: map[string]*endpoint{"b": {name: "b"}, "a": {name: "a"}}}
	one := &endpoints{byName: map[string]*endpoint{"a": {name: "a"}}}
	for name, c := range map[string]struct {
		eps     *endpoints
		name    types.String
		want    string
		unknown bool
	}{
		"by name":              {two, types.StringValue("b"), "b", false},
		"the only one":         {one, types.StringNull(), "a", false},
		"left out, of several": {two, types.StringNull(), `name one of the provider's endpoints: "a", "b"`, false},
		"one not there":        {two, types.StringValue("c"), `the provider has no endpoint "c"; it has: "a", "b"`, false},
		"of none":              {&endpoints{}, types.StringNull(), "the provider has no endpoint; give it endpoints, or set CLUSTERLINK_REST_ENDPOINT", false},
		"name not known yet":   {two, types.StringUnknown(), "endpoint: not known yet", true},
		"nothing known yet":    {&endpoints{unknown: "endpoints"}, types.StringValue("a"), "the provider's endpoints: not known yet", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := c.eps.pick(c.name)
			if err != nil {
				if err.Error() != c.want || errors.Is(err, errUnknown) != c.unknown {
					t.Errorf("error %q, want %q", err, c.want)
				}
			} else if e.name != c.want {
				t.Errorf("endpoint %q, want %q", e.name, c.want)
			}
		})
	}
}

func TestEndpointOfAnExistingObject(t *testing.T) {
	t.Parallel()
	one, askedOne := lister(t, "lkc-1")
	two, askedTwo := lister(t, "lkc-2")
	broken := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(broken.Close)
	given := func(entries map[string]map[string]string) *endpoints { return configured(t, entries) }
	unready := func(id string) *endpoint {
		return &endpoint{name: "unready", clusterID: id, unknown: `endpoints["unready"].password`}
	}
	for name, c := range map[string]struct {
		eps           *endpoints
		name, cluster string
		want          string // endpoint, or the error
	}{
		"where it was":                   {given(map[string]map[string]string{"a": {"rest_endpoint": "https://a", "cluster_id": "lkc-1"}, "b": {"rest_endpoint": "https://b", "cluster_id": "lkc-1"}}), "b", "lkc-1", "b"},
		"renamed":                        {given(map[string]map[string]string{"new": {"rest_endpoint": "https://a", "cluster_id": "lkc-1"}}), "old", "lkc-1", "new"},
		"renamed, discovered":            {given(map[string]map[string]string{"x": {"rest_endpoint": two}, "new": {"rest_endpoint": one}}), "old", "lkc-1", "new"},
		"names swapped":                  {given(map[string]map[string]string{"a": {"rest_endpoint": "https://b", "cluster_id": "lkc-2"}, "b": {"rest_endpoint": "https://a", "cluster_id": "lkc-1"}}), "a", "lkc-1", "b"},
		"the name leads elsewhere":       {given(map[string]map[string]string{"a": {"rest_endpoint": two}}), "a", "lkc-1", `no endpoint of the provider leads to cluster "lkc-1"; it has: "a"`},
		"no endpoint at all":             {&endpoints{}, "a", "lkc-1", `no endpoint of the provider leads to cluster "lkc-1"; it has: none`},
		"the name cannot tell":           {given(map[string]map[string]string{"a": {"rest_endpoint": broken.URL}}), "a", "lkc-1", `endpoint "a": `},
		"another cannot tell":            {given(map[string]map[string]string{"a": {"rest_endpoint": broken.URL}, "b": {"rest_endpoint": one}}), "old", "lkc-1", "b"},
		"none is it, one cannot tell":    {given(map[string]map[string]string{"a": {"rest_endpoint": broken.URL}}), "old", "lkc-1", `endpoint "a": `},
		"not known yet":                  {&endpoints{byName: map[string]*endpoint{"unready": unready("lkc-1")}}, "unready", "lkc-1", `the provider's endpoints["unready"].password: not known yet`},
		"not known yet, nor its cluster": {&endpoints{byName: map[string]*endpoint{"unready": unready("")}}, "old", "lkc-1", `the provider's endpoints["unready"].password: not known yet`},
		"nothing known yet":              {&endpoints{unknown: "endpoints"}, "a", "lkc-1", "the provider's endpoints: not known yet"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := c.eps.at(t.Context(), c.name, c.cluster)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) || errors.Is(err, errUnknown) != strings.Contains(c.want, "not known yet") {
					t.Errorf("error %q, want %q", err, c.want)
				}
			} else if e.name != c.want {
				t.Errorf("endpoint %q, want %q", e.name, c.want)
			}
		})
	}
	// Those that need no call to tell their cluster come first.
	before := askedOne.Load() + askedTwo.Load()
	eps := given(map[string]map[string]string{"a": {"rest_endpoint": one}, "b": {"rest_endpoint": two}, "z": {"rest_endpoint": "https://z", "cluster_id": "lkc-9"}})
	if e, err := eps.at(t.Context(), "old", "lkc-9"); err != nil || e.name != "z" || askedOne.Load()+askedTwo.Load() != before {
		t.Errorf("endpoint %v, %v, found by asking", e, err)
	}
}

func TestPlaceOfAnObject(t *testing.T) {
	t.Parallel()
	address, asked := lister(t, "lkc-1")
	eps := configured(t, map[string]map[string]string{
		"a": {"rest_endpoint": "https://a", "cluster_id": "lkc-1"}, "same": {"rest_endpoint": "https://a", "cluster_id": "lkc-1"},
		"b": {"rest_endpoint": "https://b", "cluster_id": "lkc-2"}, "found": {"rest_endpoint": address},
	})
	eps.byName["unready"] = &endpoint{name: "unready", unknown: `endpoints["unready"].cluster_id`}
	eps.byName["half"] = &endpoint{name: "half", clusterID: "lkc-2", unknown: `endpoints["half"].password`}
	broken := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(broken.Close)
	eps.byName["broken"] = configured(t, map[string]map[string]string{"broken": {"rest_endpoint": broken.URL}}).byName["broken"]
	text, null, later := types.StringValue, types.StringNull(), types.StringUnknown()
	for name, c := range map[string]struct {
		eps                       *endpoints
		configured, name, cluster types.String
		want                      place
		asks                      int32
		err                       string
	}{
		"to create":                                 {eps, text("a"), null, null, place{text("a"), text("lkc-1"), false}, 0, ""},
		"to create, to be discovered":               {eps, text("found"), null, null, place{text("found"), later, false}, 0, ""},
		"to create, not known yet":                  {eps, text("unready"), null, null, place{text("unready"), later, false}, 0, ""},
		"to create, cluster known":                  {eps, text("half"), null, null, place{text("half"), text("lkc-2"), false}, 0, ""},
		"to create, name not known yet":             {eps, later, null, null, place{later, later, false}, 0, ""},
		"to create, nothing known":                  {&endpoints{unknown: "endpoints"}, null, null, null, place{later, later, false}, 0, ""},
		"to create, name known":                     {&endpoints{unknown: "endpoints"}, text("a"), null, null, place{text("a"), later, false}, 0, ""},
		"to create nowhere":                         {eps, text("c"), null, null, place{text("c"), later, false}, 0, `the provider has no endpoint "c"; it has: "a", "b"`},
		"to create anywhere":                        {eps, null, null, null, place{later, later, false}, 0, `name one of the provider's endpoints: "a", "b"`},
		"stays":                                     {eps, text("a"), text("a"), text("lkc-1"), place{text("a"), text("lkc-1"), false}, 0, ""},
		"stays, discovered long ago":                {eps, text("found"), text("found"), text("lkc-1"), place{text("found"), text("lkc-1"), false}, 0, ""},
		"another name for it":                       {eps, text("same"), text("a"), text("lkc-1"), place{text("same"), text("lkc-1"), false}, 0, ""},
		"another name, to be discovered":            {eps, text("found"), text("a"), text("lkc-1"), place{text("found"), text("lkc-1"), false}, 1, ""},
		"moves":                                     {eps, text("b"), text("a"), text("lkc-1"), place{text("b"), text("lkc-2"), true}, 0, ""},
		"moves, though the rest is not known":       {eps, text("half"), text("a"), text("lkc-1"), place{text("half"), text("lkc-2"), true}, 0, ""},
		"moves under the same name":                 {eps, text("b"), text("b"), text("lkc-1"), place{text("b"), text("lkc-2"), true}, 0, ""},
		"may move, not known yet":                   {eps, text("unready"), text("a"), text("lkc-1"), place{text("unready"), text("lkc-1"), false}, 0, ""},
		"stays, nothing known":                      {&endpoints{unknown: "endpoints"}, null, text("a"), text("lkc-1"), place{text("a"), text("lkc-1"), false}, 0, ""},
		"may move, but nobody can tell":             {eps, text("broken"), text("a"), text("lkc-1"), place{text("broken"), text("lkc-1"), false}, 0, "Whether the endpoint leads to the same cluster"},
		"to nowhere":                                {eps, text("c"), text("a"), text("lkc-1"), place{text("c"), text("lkc-1"), false}, 0, "use -refresh=false"},
		"anywhere, where there are several already": {eps, null, text("a"), text("lkc-1"), place{later, text("lkc-1"), false}, 0, "use -refresh=false"},
	} {
		t.Run(name, func(t *testing.T) {
			before := asked.Load()
			var diags diag.Diagnostics
			got := c.eps.plan(t.Context(), c.configured, c.name, c.cluster, &diags)
			if got != c.want {
				t.Errorf("place %+v, want %+v", got, c.want)
			}
			if n := asked.Load() - before; n > c.asks {
				t.Errorf("asked %d times", n)
			}
			if c.err == "" && len(diags) > 0 || c.err != "" && (len(diags) != 1 || !strings.Contains(diags[0].Detail(), c.err)) {
				t.Errorf("diagnostics %v, want %q", diags, c.err)
			}
			for _, d := range diags {
				if at, ok := d.(diag.DiagnosticWithPath); !ok || !at.Path().Equal(path.Root("endpoint")) {
					t.Errorf("not at endpoint: %v", d)
				}
			}
		})
	}
}

func TestLinkIsFoundUnderAnotherEndpointName(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	config := p.link(nil, nil)
	p.create(config)
	both := p.endpoints()["endpoints"].(attrs)
	renamed := attrs{"endpoints": attrs{"source": both["source"], "renamed": both["destination"]}}

	p.restart(renamed)
	expectDiagnostics(t, p.refresh())
	p.expectState(attrs{"endpoint": "renamed", "cluster_id": "lkc-destination"})
	p.expectUnchanged(config.with(attrs{"endpoint": "renamed"}))
	expectDiagnostics(t, p.plan(config).diagnostics, `error at endpoint: the provider has no endpoint "destination"; it has: "renamed", "source": -refresh=false`)

	// As with -refresh=false, which leaves the old name in the state.
	p.restart(p.endpoints())
	expectDiagnostics(t, p.refresh())
	p.restart(renamed)
	p.expectState(attrs{"endpoint": "destination"})
	expectDiagnostics(t, p.destroy())
	p.expectNoState()
	if made := changes(p.destination); !slices.Equal(made, []string{deleted}) {
		t.Errorf("changed by %q", made)
	}
}

// Of an endpoint whose cluster is not known yet it only shows later that it
// leads elsewhere: the update is made where the link is.
func TestLinkStaysWhereItIsThoughItsNewEndpointLeadsElsewhere(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(p.link(nil, nil))
	both := p.endpoints()["endpoints"].(attrs)
	p.restart(attrs{"endpoints": attrs{"destination": both["destination"], "new": attrs{"rest_endpoint": unknown}}})
	planned := p.plan(p.link(attrs{"acl.sync.ms": "6000"}, attrs{"endpoint": "new"}))
	expectDiagnostics(t, planned.diagnostics)

	after := attrs{"endpoints": attrs{"destination": both["destination"], "new": both["source"]}}
	p.restart(after)
	expectDiagnostics(t, p.carryOut(t.Context(), planned))
	p.expectState(attrs{"endpoint": "new", "cluster_id": "lkc-destination"})
	if made := slices.Concat(changes(p.destination), changes(p.source)); !slices.Equal(made, []string{alter}) {
		t.Errorf("changed by %q", made)
	}
	expectDiagnostics(t, p.refresh())
	p.expectState(attrs{"endpoint": "destination"})
	if next := p.plan(p.link(attrs{"acl.sync.ms": "6000"}, attrs{"endpoint": "new"})); !slices.Contains(next.replace, "endpoint") {
		t.Errorf("then replaced because of %q", next.replace)
	}
}

func TestEntriesThatAreNotKnownYet(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]any{"wholly": unknown, "its address": attrs{"rest_endpoint": unknown}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.create(p.link(nil, nil))
			p.restart(attrs{"endpoints": attrs{"destination": entry}})
			expectDiagnostics(t, p.refresh(), `error: Unable to use endpoint: the provider's endpoints["destination"].rest_endpoint: not known yet`)

			other := newLife(t, linkType, attrs{"endpoints": attrs{"destination": entry}})
			planned := other.plan(p.link(nil, nil))
			expectDiagnostics(t, planned.diagnostics)
			if id := attribute(planned.state, "id"); id.IsKnown() {
				t.Errorf("id is planned as %s", id)
			}
		})
	}
}

func TestRetriesAndTimeoutsAreTheProviders(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(p.link(nil, nil))
	for retries := range 3 {
		p.restart(p.endpoints().with(attrs{"max_retries": retries}))
		p.destination.ResetRequests()
		p.destination.Inject(emulator.Fault{Path: thatLink, Status: 503})
		expectDiagnostics(t, p.refresh(), "error: Unable to read link: 503")
		if made := calls(p.destination, thatLink); len(made) != retries+1 {
			t.Errorf("%d retries: called %d times", retries, len(made))
		}
		p.destination.ClearFaults()
	}
	p.restart(p.endpoints().with(attrs{"max_retries": 0, "request_timeout": "150ms"}))
	p.destination.Inject(emulator.Fault{Path: thatLink, Hang: 5 * time.Second})
	expectDiagnostics(t, p.refresh(), "error: Unable to read link: no reply within 150ms")
}

// configured makes endpoints that must be right.
func configured(t *testing.T, given map[string]map[string]string) *endpoints {
	t.Helper()
	eps, diags := configureEndpoints(t.Context(), entries(given), clientDefaults{}, environment(nil))
	if diags.HasError() {
		t.Fatal(diags)
	}
	return eps
}
