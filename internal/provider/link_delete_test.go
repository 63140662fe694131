package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const deleted = "DELETE /links/demo-link"

// mirror makes a mirror topic outside of Terraform.
func (p *pair) mirror(topic string) {
	p.t.Helper()
	if err := p.source.CreateTopic(topic, 1); err != nil {
		p.t.Fatal(err)
	}
	if err := p.outside(p.destination).CreateMirror(p.t.Context(), "demo-link", kafkarest.NewMirror{SourceTopicName: topic}); err != nil {
		p.t.Fatal(err)
	}
}

// stop fails a mirror topic over, and waits for that.
func (p *pair) stop(topic string) {
	p.t.Helper()
	outside := p.outside(p.destination)
	if _, err := outside.AlterMirrors(p.t.Context(), "demo-link", kafkarest.Failover, kafkarest.Selection{Names: []string{topic}}, false); err != nil {
		p.t.Fatal(err)
	}
	if err := poll(p.t.Context(), func() (bool, error) {
		m, err := outside.Mirror(p.t.Context(), "demo-link", topic, false)
		return err == nil && m.Status == kafkarest.StatusStopped, err
	}); err != nil {
		p.t.Fatal(err)
	}
}

func TestLinkWithMirrorTopicsIsNotDeleted(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.create(p.link(nil, nil))
	p.mirror("orders")
	p.mirror("payments")
	p.mirror("stopped")
	p.stop("stopped")

	diagnostics := p.destroy()
	expectDiagnostics(t, diagnostics, `error: Unable to delete link: "orders" (ACTIVE), "payments" (ACTIVE). Destroy them first, which promotes them: depends_on: force_destroy = true`)
	if strings.Contains(told(diagnostics[0]), "stopped\"") || strings.Contains(told(diagnostics[0]), "rights") {
		t.Errorf("beside the point: %s", told(diagnostics[0]))
	}
	p.expectState(attrs{"id": "lkc-destination/demo-link"})
	if made := changes(p.destination); !slices.Equal(made, []string{deleted}) {
		t.Errorf("changed by %q", made)
	}

	p.destination.ResetRequests()
	expectDiagnostics(t, p.apply(p.link(nil, attrs{"force_destroy": true})))
	expectDiagnostics(t, p.destroy())
	p.expectNoState()
	if made := changes(p.destination); !slices.Equal(made, []string{deleted + "?force=true"}) {
		t.Errorf("changed by %q", made)
	}
}

func TestDeletionOfLink(t *testing.T) {
	t.Parallel()
	inUse := emulator.Fault{Method: "DELETE", Path: thatLink, Status: 403, Body: `{"error_code":40301,"message":"Cluster link is in use."}`}
	times := func(f emulator.Fault, n int) emulator.Fault { f.Count = n; return f }
	for name, c := range map[string]struct {
		fault   emulator.Fault
		timeout string
		before  func(*pair)
		want    string // diagnostic; empty: none, and the link is gone
	}{
		"at once": {},
		"gone already": {before: func(p *pair) {
			if err := p.outside(p.destination).DeleteLink(p.t.Context(), "demo-link", false); err != nil {
				p.t.Fatal(err)
			}
		}},
		"with mirror topics that are stopped": {before: func(p *pair) { p.mirror("orders"); p.stop("orders") }},
		"a server that has not noticed that the last one stopped": {
			before: func(p *pair) { p.mirror("orders"); p.stop("orders") }, fault: times(inUse, 2),
		},
		"a reply that is lost":     {fault: emulator.Fault{Method: "DELETE", Path: thatLink, Drop: emulator.DropAfter, Count: 1}},
		"a link that lingers":      {fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: `{"link_name":"demo-link"}`, Count: 3}},
		"a link that stays":        {fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: `{"link_name":"demo-link"}`}, timeout: "300ms", want: "error: Unable to delete link: the link is still there"},
		"refused for other reason": {fault: inUse, timeout: "300ms", want: "error: Unable to delete link: in use: may not do this"},
		"a bad request": {
			fault:   emulator.Fault{Method: "DELETE", Path: thatLink, Status: 400, Body: `{"error_code":40002,"message":"Not today."}`},
			timeout: "300ms", want: "error: Unable to delete link: Not today",
		},
		"a wrong credential":  {fault: emulator.Fault{Method: "DELETE", Path: thatLink, Status: 401, Body: `{"error_code":40101,"message":"Unauthorized"}`}, want: "error: Unable to delete link: The REST API refused the credential"},
		"a server in trouble": {fault: emulator.Fault{Method: "DELETE", Path: thatLink, Status: 500, Body: `{"error_code":50003,"message":"oh"}`}, want: "error: Unable to delete link: oh"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			extra := attrs{}
			if c.timeout != "" {
				extra["timeouts"] = attrs{"delete": c.timeout}
			}
			p.create(p.link(nil, extra))
			if c.before != nil {
				c.before(p)
			}
			p.restart(p.endpoints().with(attrs{"max_retries": 1}))
			if c.fault.Path != "" {
				p.destination.Inject(c.fault)
			}
			if c.want != "" {
				expectDiagnostics(t, p.destroy(), c.want)
				p.expectState(attrs{"id": "lkc-destination/demo-link"})
				return
			}
			expectDiagnostics(t, p.destroy())
			p.expectNoState()
			if _, err := p.outside(p.destination).Link(t.Context(), "demo-link", false); err == nil {
				t.Error("the link is still there")
			}
		})
	}
}
