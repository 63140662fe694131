package provider

import (
	"slices"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

const alter = `PUT /links/demo-link/configs:alter`

func TestLinkIsChangedInOneCall(t *testing.T) {
	t.Parallel()
	secret := func(v string) attrs { return attrs{"sasl.jaas.config": v} }
	writeOnly := func(settings attrs, version any) attrs {
		return attrs{"sensitive_config_wo": settings, "sensitive_config_wo_version": version}
	}
	const reset = `{"data":[{"name":"acl.sync.ms","operation":"DELETE"}]}`
	for name, c := range map[string]struct {
		before, after   attrs // in config
		beforeX, afterX attrs // beside config
		body            string
	}{
		"a setting changed": {
			before: attrs{"acl.sync.ms": "6000", "consumer.offset.sync.ms": "7000"}, after: attrs{"acl.sync.ms": "6500", "consumer.offset.sync.ms": "7000"},
			body: `{"data":[{"name":"acl.sync.ms","operation":"SET","value":"6500"}]}`,
		},
		"a setting added": {
			after: attrs{"acl.sync.ms": "6000"},
			body:  `{"data":[{"name":"acl.sync.ms","operation":"SET","value":"6000"}]}`,
		},
		"a setting removed":                         {before: attrs{"acl.sync.ms": "6000"}, body: reset},
		"a setting nulled":                          {before: attrs{"acl.sync.ms": "6000"}, after: attrs{"acl.sync.ms": nil}, body: reset},
		"removed from sensitive_config":             {beforeX: attrs{"sensitive_config": attrs{"acl.sync.ms": "6000"}}, body: reset},
		"removed from write-only, same version":     {beforeX: writeOnly(attrs{"acl.sync.ms": "6000"}, 1), afterX: writeOnly(nil, 1), body: reset},
		"one of two removed from write-only":        {beforeX: writeOnly(attrs{"acl.sync.ms": "6000"}.with(secret("x")), 1), afterX: writeOnly(secret("x"), 1), body: reset},
		"removed from write-only, without versions": {beforeX: writeOnly(attrs{"acl.sync.ms": "6000"}, nil), body: reset},
		"added to write-only, same version": {
			beforeX: writeOnly(secret("x"), 1), afterX: writeOnly(attrs{"acl.sync.ms": "6000"}.with(secret("x")), 1),
			body: `{"data":[{"name":"acl.sync.ms","operation":"SET","value":"6000"}]}`,
		},
		"a new version": {
			beforeX: writeOnly(secret("x"), 1), afterX: writeOnly(secret("y"), 2),
			body: `{"data":[{"name":"sasl.jaas.config","operation":"SET","value":"(redacted)"}]}`,
		},
		"a write-only value changed, same version": {beforeX: writeOnly(secret("x"), 1), afterX: writeOnly(secret("y"), 1)},
		"moved to sensitive_config": {
			before: attrs{"acl.sync.ms": "6000"}, afterX: attrs{"sensitive_config": attrs{"acl.sync.ms": "6000"}},
			body: `{"data":[{"name":"acl.sync.ms","operation":"SET","value":"6000"}]}`,
		},
		"moved to write-only, same version": {
			before: attrs{"acl.sync.ms": "6000"}, beforeX: writeOnly(secret("x"), 1), afterX: writeOnly(attrs{"acl.sync.ms": "6000"}.with(secret("x")), 1),
			body: `{"data":[{"name":"acl.sync.ms","operation":"SET","value":"6000"}]}`,
		},
		"moved from write-only, same version": {
			beforeX: writeOnly(attrs{"acl.sync.ms": "6000"}.with(secret("x")), 1), after: attrs{"acl.sync.ms": "6000"}, afterX: writeOnly(secret("x"), 1),
			body: `{"data":[{"name":"acl.sync.ms","operation":"SET","value":"6000"}]}`,
		},
		"everything at once": {
			before: attrs{"acl.sync.ms": "6000", "consumer.offset.sync.ms": "7000"}, beforeX: writeOnly(secret("x"), 1),
			after:  attrs{"consumer.offset.sync.ms": "7500"},
			afterX: writeOnly(secret("y"), 2).with(attrs{"sensitive_config": attrs{"ssl.keystore.type": "PEM"}, "force_destroy": true}),
			body: `{"data":[{"name":"acl.sync.ms","operation":"DELETE"},{"name":"consumer.offset.sync.ms","operation":"SET","value":"7500"},` +
				`{"name":"sasl.jaas.config","operation":"SET","value":"(redacted)"},{"name":"ssl.keystore.type","operation":"SET","value":"PEM"}]}`,
		},
		"only what no server knows":  {afterX: attrs{"force_destroy": true, "validate_link": false, "timeouts": attrs{"create": "9m"}}},
		"only a version":             {afterX: attrs{"sensitive_config_wo_version": 7}},
		"an attribute, left out now": {beforeX: attrs{"link_mode": "DESTINATION", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-source"}},
		"an attribute, written now":  {afterX: attrs{"link_mode": "DESTINATION", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-source"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.create(p.link(c.before, c.beforeX))
			after := p.link(c.after, c.afterX)
			expectDiagnostics(t, p.apply(after))
			var want []string
			if c.body != "" {
				want = []string{c.body}
			}
			if got := bodies(p.destination, alter+`$`); !slices.Equal(got, want) {
				t.Errorf("sent %q, want %q", got, want)
			}
			if made := changes(p.destination); len(made) != len(want) {
				t.Errorf("changed by %q", made)
			}
			expectDiagnostics(t, p.refresh())
			p.expectUnchanged(after)
			p.destination.ResetRequests()
			expectDiagnostics(t, p.destroy())
			if made := changes(p.destination); len(made) != 1 {
				t.Errorf("destroyed by %q", made)
			}
		})
	}
}

func TestRefusedChangeIsPlannedAgain(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(p.link(nil, attrs{"sensitive_config_wo": attrs{"acl.sync.ms": "6000"}, "sensitive_config_wo_version": 1}))
	after := p.link(attrs{"consumer.offset.sync.ms": "7000"}, nil)
	planned := p.plan(after)
	p.destination.Inject(emulator.Fault{Method: "PUT", Path: `configs:alter`, Status: 400, Body: `{"error_code":40002,"message":"Not today"}`, Count: 1})
	expectDiagnostics(t, p.carryOut(t.Context(), planned), "error: Unable to change settings of link: Not today")
	p.expectState(attrs{"config": p.link(nil, nil)["config"], "sensitive_config_wo_version": 1})

	p.destination.ResetRequests()
	expectDiagnostics(t, p.apply(after))
	want := []string{`{"data":[{"name":"acl.sync.ms","operation":"DELETE"},{"name":"consumer.offset.sync.ms","operation":"SET","value":"7000"}]}`}
	if got := bodies(p.destination, alter+`$`); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestChangeWhoseReplyIsLostIsMade(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(p.link(nil, nil))
	p.destination.Inject(emulator.Fault{Method: "PUT", Path: `configs:alter`, Drop: emulator.DropAfter, After: 1, Count: 1})
	after := p.link(attrs{"acl.sync.ms": "6000"}, nil)
	expectDiagnostics(t, p.apply(after))
	expectDiagnostics(t, p.refresh())
	p.expectUnchanged(after)
}

func TestChangeThatCannotBeReadBackIsKept(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(p.link(nil, nil))
	after := p.link(attrs{"acl.sync.ms": "6000"}, nil)
	planned := p.plan(after)
	p.destination.Inject(emulator.Fault{Method: "GET", Status: 403, Body: `{"error_code":40301,"message":"Not authorized"}`})
	expectDiagnostics(t, p.carryOut(t.Context(), planned), "warning: Link changed, but not read: Not authorized")
	p.expectState(attrs{"config": after["config"], "link_error": nil})
	p.destination.ClearFaults()
	expectDiagnostics(t, p.refresh())
	p.expectUnchanged(after)
}

// A server that does not offer the call for many settings is told one by one,
// secrets first.
func TestChangesOneByOneWhereTheServerWantsThat(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(p.link(attrs{"acl.sync.ms": "6000"}, nil))
	p.destination.Inject(emulator.Fault{Method: "PUT", Path: `configs:alter`, Status: 405})
	after := p.link(attrs{"consumer.offset.sync.ms": "7000"}, attrs{"sensitive_config_wo": attrs{"ssl.key.password": "x"}, "sensitive_config_wo_version": 1})
	expectDiagnostics(t, p.apply(after))
	want := []string{
		alter, "PUT /links/demo-link/configs/ssl.key.password",
		"PUT /links/demo-link/configs/consumer.offset.sync.ms", "DELETE /links/demo-link/configs/acl.sync.ms",
	}
	if got := changes(p.destination); !slices.Equal(got, want) {
		t.Errorf("changed by %q, want %q", got, want)
	}
	expectDiagnostics(t, p.refresh())
	p.expectUnchanged(after)
}

// Switching a sync off clears its filters on the server: no drift.
func TestFiltersOutliveTheirSyncInConfiguration(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(p.link(attrs{offsetSyncEnable: "true", groupFilters: groupFilter}, nil))
	after := p.link(attrs{offsetSyncEnable: "false", groupFilters: groupFilter}, nil)
	expectDiagnostics(t, p.apply(after))
	expectDiagnostics(t, p.refresh())
	p.expectUnchanged(after)

	p.destination.ResetRequests()
	expectDiagnostics(t, p.apply(p.link(attrs{offsetSyncEnable: "true", groupFilters: groupFilter}, nil)))
	expectDiagnostics(t, p.refresh())
	p.expectUnchanged(p.link(attrs{offsetSyncEnable: "true", groupFilters: groupFilter}, nil))
}
