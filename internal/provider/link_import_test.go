package provider

import (
	"errors"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

func TestParseImportID(t *testing.T) {
	t.Parallel()
	two := &endpoints{byName: map[string]*endpoint{
		"a": {name: "a", clusterID: "lkc-a"}, "b": {name: "b", clusterID: "lkc-b"}, "later": {name: "later", clusterID: "lkc-later", unknown: `endpoints["later"].password`},
	}}
	one := &endpoints{byName: map[string]*endpoint{"a": two.byName["a"]}}
	// A cluster may be called as another one's endpoint: the name counts.
	twins := &endpoints{byName: map[string]*endpoint{"a": two.byName["a"], "b": {name: "b", clusterID: "a"}}}
	for name, c := range map[string]struct {
		eps   *endpoints
		id    string
		parts []string
		want  string // endpoint, cluster, parts; or the error
	}{
		"by endpoint":                     {two, "b/link", []string{"link_name"}, "b lkc-b link"},
		"by cluster":                      {two, "lkc-b/link", []string{"link_name"}, "b lkc-b link"},
		"by name where there is one":      {one, "link", []string{"link_name"}, "a lkc-a link"},
		"with one, by endpoint":           {one, "a/link", []string{"link_name"}, "a lkc-a link"},
		"two parts":                       {two, "a/link/topic", []string{"link_name", "topic"}, "a lkc-a link topic"},
		"two parts where there is one":    {one, "link/topic", []string{"link_name", "topic"}, "a lkc-a link topic"},
		"a name before a cluster":         {twins, "a/link", []string{"link_name"}, "a lkc-a link"},
		"by name where there are several": {two, "link", []string{"link_name"}, `name one of the provider's endpoints: "a", "b", "later"`},
		"nowhere":                         {two, "c/link", []string{"link_name"}, `no endpoint of the provider leads to cluster "c"; it has: "a", "b", "later"`},
		"not known yet":                   {two, "later/link", []string{"link_name"}, `the provider's endpoints["later"].password: not known yet`},
		"not known yet, by cluster":       {two, "lkc-later/link", []string{"link_name"}, `the provider's endpoints["later"].password: not known yet`},
		"nothing known yet":               {&endpoints{unknown: "endpoints"}, "a/link", []string{"link_name"}, "the provider's endpoints: not known yet"},
		"empty":                           {two, "", []string{"link_name"}, `the import id "" is not of the form <endpoint>/<link_name>, <cluster_id>/<link_name> or, where the provider has one endpoint, <link_name>`},
		"an empty part":                   {one, "/link", []string{"link_name"}, `the import id "/link" is not of the form`},
		"an empty end":                    {one, "a/", []string{"link_name"}, `the import id "a/" is not of the form`},
		"too many":                        {one, "a/link/topic", []string{"link_name"}, `the import id "a/link/topic" is not of the form`},
		"too few":                         {one, "link", []string{"link_name", "topic"}, `is not of the form <endpoint>/<link_name>/<topic>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, cluster, parts, err := c.eps.parseImportID(t.Context(), c.id, c.parts...)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %q, want %q", err, c.want)
				}
				return
			}
			if got := strings.Join(append([]string{e.name, cluster}, parts...), " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// existing makes a link outside of Terraform, with settings of every kind.
func (p *pair) existing() {
	p.t.Helper()
	link := kafkarest.NewLink{Name: "demo-link", SourceClusterID: "lkc-source", Validate: true}
	for name, value := range map[string]string{
		"bootstrap.servers": p.source.BootstrapServers(), "link.mode": "DESTINATION", "connection.mode": "OUTBOUND",
		"acl.sync.ms": "6000", "consumer.offset.sync.ms": "30000", offsetSyncEnable: "true", groupFilters: groupFilter,
		"security.protocol": "PLAINTEXT", "ssl.key.password": "hidden",
	} {
		link.Configs = append(link.Configs, kafkarest.Setting{Name: name, Value: value})
	}
	if err := p.outside(p.destination).CreateLink(p.t.Context(), link, false); err != nil {
		p.t.Fatal(err)
	}
	// The link is there; that it also connects, the state shows from here on.
	if err := poll(p.t.Context(), func() (bool, error) {
		got, err := p.outside(p.destination).Link(p.t.Context(), "demo-link", false)
		return err == nil && (got.State == "ACTIVE" || got.State == ""), err
	}); err != nil {
		p.t.Fatal(err)
	}
}

func TestImportedLinkPlansToNoChange(t *testing.T) {
	t.Parallel()
	for name, dialect := range map[string]emulator.Dialect{"Confluent Cloud": emulator.ConfluentCloud, "Confluent Platform 7.1": emulator.ConfluentPlatform71} {
		for _, id := range []string{"destination/demo-link", "lkc-destination/demo-link"} {
			t.Run(name+" "+id, func(t *testing.T) {
				t.Parallel()
				p := newPairOf(t, dialect)
				p.existing()
				expectDiagnostics(t, p.importID(t.Context(), id))
				config := attrs{offsetSyncEnable: "true", groupFilters: groupFilter, "acl.sync.ms": "6000", "bootstrap.servers": p.source.BootstrapServers()}
				p.expectState(attrs{
					"id": "lkc-destination/demo-link", "endpoint": "destination", "cluster_id": "lkc-destination", "link_name": "demo-link",
					"link_mode": "DESTINATION", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-source", "config": config,
					"sensitive_config": nil, "sensitive_config_wo": nil, "sensitive_config_wo_version": nil,
					"validate_link": true, "force_destroy": false, "timeouts": nil,
				})
				expectDiagnostics(t, p.refresh())
				written := attrs{"endpoint": "destination", "link_name": "demo-link", "config": config}
				p.expectUnchanged(written)
				p.expectUnchanged(written.with(attrs{"link_mode": "DESTINATION", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-source"}))
				p.expectUnchanged(written.with(attrs{"sensitive_config_wo": attrs{"ssl.key.password": "hidden"}}))
				if made := changes(p.destination); len(made) > 0 {
					t.Errorf("changed by %q", made)
				}
			})
		}
	}
}

func TestImportNeedsAnEndpointOnlyWhereThereAreSeveral(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.existing()
	expectDiagnostics(t, p.importID(t.Context(), "demo-link"), `error: Unable to import link: name one of the provider's endpoints: "destination", "source"`)
	p.expectNoState()

	p.restart(attrs{"endpoints": attrs{"only": attrs{"rest_endpoint": p.destination.RESTEndpoint()}}})
	expectDiagnostics(t, p.importID(t.Context(), "demo-link"))
	p.expectState(attrs{"id": "lkc-destination/demo-link", "endpoint": "only"})
}

func TestImportOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for id, want := range map[string]string{
		"destination/demo-link": "error: Unable to import link: demo-link: 404",
		"nowhere/demo-link":     `error: Unable to import link: no endpoint of the provider leads to cluster "nowhere"`,
		"a/b/c":                 "error: Unable to import link: is not of the form",
		"destination/..":        `error: Unable to import link: ".."`,
	} {
		expectDiagnostics(t, p.importID(t.Context(), id), want)
		p.expectNoState()
	}
}

func TestImportBeforeTheProviderIsKnownSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	eps := &endpoints{unknown: "endpoints"}
	_, _, _, err := eps.parseImportID(t.Context(), "a/demo-link", "link_name")
	if !errors.Is(err, errUnknown) {
		t.Errorf("error %v, want one about what is not known", err)
	}
}

// Halves of a pair say in other fields where the remote cluster is.
func TestImportOfHalves(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(attrs{"endpoint": "destination", "link_name": "demo-link", "connection_mode": "INBOUND", "remote_cluster_id": "lkc-source"})
	outbound := newLife(t, linkType, p.endpoints())
	expectDiagnostics(t, outbound.apply(attrs{
		"endpoint": "source", "link_name": "demo-link", "link_mode": "SOURCE", "remote_cluster_id": "lkc-destination",
		"config": attrs{"bootstrap.servers": p.destination.BootstrapServers()},
	}))
	for id, want := range map[string]attrs{
		"destination/demo-link": {"link_mode": "DESTINATION", "connection_mode": "INBOUND", "remote_cluster_id": "lkc-source", "config": nil},
		"source/demo-link": {
			"link_mode": "SOURCE", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-destination",
			"config": attrs{"bootstrap.servers": p.destination.BootstrapServers()},
		},
	} {
		imported := newLife(t, linkType, p.endpoints())
		expectDiagnostics(t, imported.importID(t.Context(), id))
		imported.expectState(want)
		expectDiagnostics(t, imported.refresh())
		end := "destination"
		if want["link_mode"] == "SOURCE" {
			end = "source"
		}
		imported.expectUnchanged(attrs{"endpoint": end, "link_name": "demo-link", "link_mode": want["link_mode"], "connection_mode": want["connection_mode"], "config": want["config"]})
	}
}
