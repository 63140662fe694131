package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

func (l *life) identityType() tftypes.Type {
	l.t.Helper()
	schemas, err := l.GetResourceIdentitySchemas(l.t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		l.t.Fatal(err)
	}
	return schemas.IdentitySchemas[l.typeName].ValueType()
}

func (l *life) expectIdentity(want attrs) {
	l.t.Helper()
	typ := l.identityType()
	if l.identity == nil || l.identity.IdentityData == nil {
		l.t.Errorf("there is no identity, want %v", want)
		return
	}
	got, err := l.identity.IdentityData.Unmarshal(typ)
	if err != nil || !got.Equal(value(typ, want)) {
		l.t.Errorf("identity is %s (%v), want %v", got, err, want)
	}
}

func (l *life) importIdentity(identity attrs) []*tfprotov6.Diagnostic {
	l.t.Helper()
	resp, err := l.ImportResourceState(l.t.Context(), &tfprotov6.ImportResourceStateRequest{
		TypeName: l.typeName, Identity: &tfprotov6.ResourceIdentityData{IdentityData: l.encode(value(l.identityType(), identity))},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, imported := range resp.ImportedResources {
		l.state, l.private, l.identity = l.decode(imported.State), imported.Private, imported.Identity
	}
	return resp.Diagnostics
}

// TestIdentityIsTold follows both resources through all that tells an identity,
// with a Terraform that keeps it, and with one that does not.
func TestIdentityIsTold(t *testing.T) {
	t.Parallel()
	for name, keeps := range map[string]bool{"kept by Terraform": true, "as before Terraform 1.12": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			follow := func(l *life, want, created, updated attrs) {
				t.Helper()
				step := func(diagnostics []*tfprotov6.Diagnostic) {
					t.Helper()
					expectDiagnostics(t, diagnostics)
					l.expectIdentity(want)
					if !keeps {
						l.identity = nil
					}
				}
				step(l.apply(created))
				step(l.refresh())
				step(l.apply(updated))
				step(l.refresh())
				step(l.importIdentity(want))
				step(l.refresh())
				l.expectUnchanged(created)
			}
			link := attrs{"cluster_id": "lkc-destination", "link_name": "demo-link"}
			follow(p.life, link, p.link(nil, nil), p.link(nil, attrs{"force_destroy": true}))

			if err := p.source.CreateTopic("orders", 1); err != nil {
				t.Fatal(err)
			}
			mirror := attrs{"endpoint": "destination", "link_name": "demo-link", "source_topic_name": "orders"}
			follow(newLife(t, mirrorTopicType, p.endpoints()), link.with(attrs{"mirror_topic_name": "orders"}), mirror, mirror.with(attrs{"on_destroy": "KEEP"}))
		})
	}
}

// What is gone leaves the state, whether an identity was kept or not.
func TestWhatIsGoneIsForgottenWithItsIdentity(t *testing.T) {
	t.Parallel()
	for name, keeps := range map[string]bool{"kept by Terraform": true, "as before Terraform 1.12": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.create(p.link(nil, nil))
			if !keeps {
				p.identity = nil
			}
			if err := p.outside(p.destination).DeleteLink(t.Context(), "demo-link", false); err != nil {
				t.Fatal(err)
			}
			expectDiagnostics(t, p.refresh())
			p.expectNoState()
		})
	}
}

func TestImportByIdentityFindsTheEndpointByItsCluster(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "orders")
	// An endpoint that is called as another's cluster must not be taken for it.
	p.restart(attrs{"endpoints": attrs{
		"lkc-destination": attrs{"rest_endpoint": p.source.RESTEndpoint(), "cluster_id": "lkc-source"},
		"other":           attrs{"rest_endpoint": p.destination.RESTEndpoint()},
	}})
	expectDiagnostics(t, p.importIdentity(attrs{"cluster_id": "lkc-destination", "link_name": "demo-link"}))
	p.expectState(attrs{"id": "lkc-destination/demo-link", "endpoint": "other"})

	expectDiagnostics(t, p.importIdentity(attrs{"cluster_id": "lkc-nowhere", "link_name": "demo-link"}),
		`error: Unable to import link: no endpoint of the provider leads to cluster "lkc-nowhere"`)
	expectDiagnostics(t, p.importIdentity(attrs{"cluster_id": "lkc-destination", "link_name": "nowhere"}), "error: Unable to import link: 404")

	m := newLife(t, mirrorTopicType, p.provider)
	expectDiagnostics(t, m.importIdentity(attrs{"cluster_id": "lkc-destination", "link_name": "demo-link", "mirror_topic_name": "orders"}))
	m.expectState(attrs{"id": "lkc-destination/demo-link/orders", "endpoint": "other", "source_topic_name": "orders"})
	p.outsideVerb(kafkarest.Pause, "orders") // and the link knows nothing of it
	expectDiagnostics(t, m.refresh())
	m.expectState(attrs{"state": "PAUSED"})
}
