package provider

import (
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

func TestDriftOfSettings(t *testing.T) {
	t.Parallel()
	filters := func(p *pair, filter string) attrs {
		return p.link(attrs{offsetSyncEnable: "true", groupFilters: filter, "acl.sync.ms": "6000"}, nil)
	}
	for name, c := range map[string]struct {
		happens func(*pair)
		drifts  attrs // what config then shows, beside what was configured; nil: no drift
		body    string
	}{
		"another value": {
			happens: func(p *pair) { p.set("acl.sync.ms", "9000") },
			drifts:  attrs{"acl.sync.ms": "9000"},
			body:    `{"data":[{"name":"acl.sync.ms","operation":"SET","value":"6000"}]}`,
		},
		"back to the default": {
			happens: func(p *pair) { p.set("acl.sync.ms") },
			drifts:  attrs{"acl.sync.ms": "5000"},
			body:    `{"data":[{"name":"acl.sync.ms","operation":"SET","value":"6000"}]}`,
		},
		"another filter": {
			happens: func(p *pair) { p.set(groupFilters, otherGroupFilter) },
			drifts:  attrs{groupFilters: otherGroupFilter},
			body:    `{"data":[{"name":"consumer.offset.group.filters","operation":"SET","value":"` + strings.ReplaceAll(groupFilter, `"`, `\"`) + `"}]}`,
		},
		"the same filter in other words": {happens: func(p *pair) { p.set(groupFilters, groupFilterLaidOut) }},
		"the same boolean in capitals":   {happens: func(p *pair) { p.set(offsetSyncEnable, "TRUE") }},
		"a setting that nobody manages":  {happens: func(p *pair) { p.set("consumer.offset.sync.ms", "9000") }},
		"a sync switched off": {
			happens: func(p *pair) { p.set(offsetSyncEnable, "false") },
			drifts:  attrs{offsetSyncEnable: "false"},
			body: `{"data":[{"name":"consumer.offset.group.filters","operation":"SET","value":"` + strings.ReplaceAll(groupFilter, `"`, `\"`) + `"},` +
				`{"name":"consumer.offset.sync.enable","operation":"SET","value":"true"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			config := filters(p, groupFilter)
			p.create(config)
			c.happens(p)
			expectDiagnostics(t, p.refresh())
			p.expectState(attrs{"config": config["config"].(attrs).with(c.drifts)})
			if c.drifts == nil {
				p.expectUnchanged(config)
				return
			}
			p.destination.ResetRequests()
			expectDiagnostics(t, p.apply(config))
			if got := strings.Join(bodies(p.destination, alter+`$`), ""); got != c.body {
				t.Errorf("sent %q, want %q", got, c.body)
			}
			expectDiagnostics(t, p.refresh())
			p.expectUnchanged(config)
		})
	}
}

func TestConfigurationThatDiffersInTextAlonePlansNothing(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	with := func(filter, ms string) attrs {
		return p.link(attrs{offsetSyncEnable: "true", groupFilters: filter, "acl.sync.ms": ms}, nil)
	}
	p.create(with(groupFilter, "6000"))
	p.expectUnchanged(with(groupFilterLaidOut, "6000"))

	// With a real change beside it, the new text goes along, and settles.
	expectDiagnostics(t, p.apply(with(groupFilterLaidOut, "7000")))
	expectDiagnostics(t, p.refresh())
	p.expectUnchanged(with(groupFilterLaidOut, "7000"))
}

func TestNullFromTheServerKeepsWhatIsConfigured(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	config := p.link(nil, attrs{"remote_cluster_id": "lkc-source", "sensitive_config": attrs{"ssl.key.password": "x"}})
	p.create(config)
	p.destination.Inject(emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: `{"link_name":"demo-link","source_cluster_id":null,"destination_cluster_id":null,"remote_cluster_id":null}`})
	p.destination.Inject(emulator.Fault{Method: "GET", Path: `/configs$`, Status: 200, Body: `{"data":[{"name":"bootstrap.servers","value":null},{"name":"link.mode","value":null},{"name":"ssl.key.password","value":null}]}`})
	expectDiagnostics(t, p.refresh())
	p.expectState(attrs{
		"remote_cluster_id": "lkc-source", "link_mode": "DESTINATION", "connection_mode": "OUTBOUND", "config": config["config"], "sensitive_config": config["sensitive_config"],
		"link_state": nil, "link_error": nil, "link_error_message": nil, "cluster_link_id": nil,
	})
	p.expectUnchanged(config)
}

func TestOnlyNotFoundRemovesALinkFromState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   emulator.Fault
		want    string // diagnostic; empty: none
		removed bool
	}{
		"not found":            {fault: emulator.Fault{Path: thatLink, Status: 404, Body: `{"error_code":404,"message":"Cluster link 'demo-link' does not exist."}`}, removed: true},
		"unauthorized":         {fault: emulator.Fault{Path: thatLink, Status: 401, Body: `{"error_code":40101,"message":"Unauthorized"}`}, want: "error: Unable to read link: endpoints"},
		"forbidden":            {fault: emulator.Fault{Path: thatLink, Status: 403, Body: `{"error_code":40301,"message":"Not authorized"}`}, want: "error: Unable to read link: rights"},
		"broken":               {fault: emulator.Fault{Path: thatLink, Status: 500, Body: `{"error_code":50003,"message":"oh"}`}, want: "error: Unable to read link: oh"},
		"busy":                 {fault: emulator.Fault{Path: thatLink, Status: 503}, want: "error: Unable to read link: 503"},
		"cut off":              {fault: emulator.Fault{Path: thatLink, Drop: emulator.DropBefore}, want: "error: Unable to read link"},
		"a page of a proxy":    {fault: emulator.Fault{Path: thatLink, Status: 404, Body: `<html><body>no such page</body></html>`}, want: "error: Unable to read link: rest_endpoint"},
		"not resolved":         {fault: emulator.Fault{Path: thatLink, Status: 404, Body: `{"error_code":404,"message":"Unable to resolve cluster link information"}`}, want: "error: Unable to read link"},
		"settings not found":   {fault: emulator.Fault{Path: `/configs$`, Status: 404, Body: `{"error_code":404,"message":"none"}`}, want: "error: Unable to read link: not visible yet"},
		"settings unreachable": {fault: emulator.Fault{Path: `/configs$`, Drop: emulator.DropBefore}, want: "error: Unable to read link"},
		"a moment's trouble":   {fault: emulator.Fault{Path: thatLink, Status: 503, Count: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.create(p.link(nil, nil))
			p.restart(p.endpoints().with(attrs{"max_retries": 1}))
			p.destination.Inject(c.fault)
			var want []string
			if c.want != "" {
				want = append(want, c.want)
			}
			expectDiagnostics(t, p.refresh(), want...)
			if c.removed {
				p.expectNoState()
				return
			}
			p.expectState(attrs{"id": "lkc-destination/demo-link", "config": p.link(nil, nil)["config"]})
		})
	}
}

func TestReadingHasATimeout(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(p.link(nil, attrs{"timeouts": attrs{"read": "200ms"}}))
	p.destination.Inject(emulator.Fault{Path: thatLink, Status: 503})
	expectDiagnostics(t, p.refresh(), "error: Unable to read link: timeouts allow")
	p.expectState(attrs{"id": "lkc-destination/demo-link"})
}
