package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// Names that Kafka forbids for links and topics, or that its REST API cannot address, with what is said of them.
var forbiddenNames = map[string]string{
	"100%": "may hold only letters", "%2e%2e": "may hold only letters", "a/b": "may hold only letters", "../b": "may hold only letters",
	"a b": "may hold only letters", "a\n": "may hold only letters", "ünïcode": "may hold only letters", "主题": "may hold only letters", "a\\b": "may hold only letters",
	"": "between 1 and 249", ".": `none of`, "..": `none of`, "-": "none of", strings.Repeat("n", 250): "between 1 and 249",
}

// Awkward names that both allow.
var awkwardNames = []string{"...", "..a", "--", "_", "--help", "0", "UPPER.lower_-", "mirrors", strings.Repeat("n", 249)}

func TestForbiddenNamesFailAtTheirAttribute(t *testing.T) {
	t.Parallel()
	link, mirror := newLife(t, linkType, attrs{}), newLife(t, mirrorTopicType, attrs{})
	plainMirror := attrs{"link_name": "demo-link", "source_topic_name": "orders"}
	for name, want := range forbiddenNames {
		expectDiagnostics(t, link.validate(plainLink.with(attrs{"link_name": name})), "error at link_name: "+want)
		for _, attribute := range []string{"link_name", "source_topic_name", "mirror_topic_name"} {
			refusals := slices.DeleteFunc(mirror.validate(plainMirror.with(attrs{attribute: name})), func(d *tfprotov6.Diagnostic) bool {
				return strings.Contains(told(d), `ends in "orders"`) // which is right, too
			})
			expectDiagnostics(t, refusals, "error at "+attribute+": "+want)
		}
	}
	for _, name := range awkwardNames {
		expectDiagnostics(t, link.validate(plainLink.with(attrs{"link_name": name})))
		expectDiagnostics(t, mirror.validate(attrs{"link_name": name, "source_topic_name": name}))
	}
}

// What can exist can be created, read, imported and destroyed.
func TestAwkwardNamesAreReachable(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	mirror := newLife(t, mirrorTopicType, p.endpoints())
	for _, name := range awkwardNames {
		config := plainLink.with(attrs{"endpoint": "destination", "link_name": name, "config": attrs{"bootstrap.servers": p.source.BootstrapServers()}})
		expectDiagnostics(t, p.apply(config))
		if err := p.source.CreateTopic(name, 1); err != nil {
			t.Fatal(err)
		}
		topic := attrs{"endpoint": "destination", "link_name": name, "source_topic_name": name}
		expectDiagnostics(t, mirror.apply(topic))
		mirror.expectUnchanged(topic)
		expectDiagnostics(t, mirror.importID(t.Context(), "destination/"+name+"/"+name))
		mirror.expectState(attrs{"link_name": name, "mirror_topic_name": name, "mirror_status": "ACTIVE"})
		expectDiagnostics(t, mirror.destroy())
		expectDiagnostics(t, p.importID(t.Context(), "destination/"+name))
		p.expectState(attrs{"link_name": name})
		expectDiagnostics(t, p.destroy())
	}
}

// What names nothing that can exist is not found, and never something else.
func TestForbiddenNamesAreNotFound(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.outsideLink(p.destination, kafkarest.NewLink{Name: "b", SourceClusterID: "lkc-source", Configs: []kafkarest.Setting{{Name: "bootstrap.servers", Value: p.source.BootstrapServers()}}})
	for name := range forbiddenNames {
		diagnostics := p.importID(t.Context(), "destination/"+name)
		if len(diagnostics) == 0 {
			t.Errorf("%q was imported", name)
		}
	}
}

// Whatever is given as an import id, it is taken apart into what it says, or refused with the form it should have.
func FuzzImportID(f *testing.F) {
	for _, id := range []string{"", "/", "demo-link", "a/demo-link", "lkc-a/demo-link/orders", "b/demo-link", "a//orders", "a/b/c/d", "lkc-a", "a/ü/%2F", "a/../..", "\x00/\xff/a", "a/demo-link/"} {
		f.Add(id, true)
		f.Add(id, false)
	}
	only := &endpoint{name: "a", clusterID: "lkc-a"}
	eps := &endpoints{byName: map[string]*endpoint{"a": only}}
	f.Fuzz(func(t *testing.T, id string, ofLink bool) {
		names := []string{"link_name", "mirror_topic_name"}
		if ofLink {
			names = names[:1]
		}
		e, cluster, parts, err := eps.parseImportID(t.Context(), id, names...)
		if err != nil {
			if !strings.Contains(err.Error(), "is not of the form") && !strings.Contains(err.Error(), "no endpoint of the provider") {
				t.Errorf("%q: %v", id, err)
			}
			return
		}
		joined := strings.Join(parts, "/")
		if e != only || cluster != "lkc-a" || len(parts) != len(names) || strings.Contains("/"+joined+"/", "//") ||
			id != joined && id != "a/"+joined && id != "lkc-a/"+joined {
			t.Errorf("%q is taken for %q of cluster %q", id, parts, cluster)
		}
	})
}
