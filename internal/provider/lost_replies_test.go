package provider

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// A write that was carried out is no failure, though no reply ever says so: the
// server is looked at.
func TestWritesThatAreNeverAnsweredAreSeen(t *testing.T) {
	t.Parallel()
	linkOutside := func(p *pair) {
		p.outsideLink(p.destination, kafkarest.NewLink{Name: "demo-link", SourceClusterID: "lkc-source", Configs: []kafkarest.Setting{
			{Name: "bootstrap.servers", Value: p.source.BootstrapServers()},
		}})
	}
	mirror := func(extra attrs) func(*pair) attrs { return func(*pair) attrs { return orders(extra) } }
	link := func(more attrs) func(*pair) attrs { return func(p *pair) attrs { return p.link(more, nil) } }
	active, settings := mirror(nil), mirror(attrs{"config": attrs{"retention.ms": "5000", "segment.ms": "6000"}})
	for name, c := range map[string]struct {
		typeName      string
		exists        func(*pair)       // before Terraform comes
		before, after func(*pair) attrs // configurations; nil: none
		method, path  string            // of the write
	}{
		"create a link":              {linkType, nil, nil, link(nil), "POST", "/links$"},
		"change settings of a link":  {linkType, nil, link(attrs{"acl.sync.ms": "6000"}), link(attrs{"consumer.offset.sync.ms": "7000"}), "PUT", ""},
		"delete a link":              {linkType, nil, link(nil), nil, "DELETE", ""},
		"create a mirror topic":      {mirrorTopicType, linkOutside, nil, active, "POST", "/mirrors$"},
		"pause":                      {mirrorTopicType, linkOutside, active, mirror(attrs{"state": "PAUSED"}), "POST", "mirrors:pause$"},
		"resume":                     {mirrorTopicType, linkOutside, mirror(attrs{"state": "PAUSED"}), mirror(attrs{"state": "ACTIVE"}), "POST", "mirrors:resume$"},
		"promote":                    {mirrorTopicType, linkOutside, active, mirror(attrs{"state": "PROMOTED"}), "POST", "mirrors:promote$"},
		"promote by destroying":      {mirrorTopicType, linkOutside, active, nil, "POST", "mirrors:promote$"},
		"fail over":                  {mirrorTopicType, linkOutside, active, mirror(attrs{"state": "FAILED_OVER"}), "POST", "mirrors:failover$"},
		"change settings of a topic": {mirrorTopicType, linkOutside, settings, mirror(attrs{"config": attrs{"retention.ms": "7000"}}), "POST", "/topics/orders/configs:alter$"},
		"delete a topic":             {mirrorTopicType, linkOutside, mirror(attrs{"on_destroy": "DELETE_TOPIC"}), nil, "DELETE", "/topics/orders$"},
	} {
		for how, fault := range map[string]emulator.Fault{"cut off": {Drop: emulator.DropAfter}, "cut in the middle": {TruncateBody: true}} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				p := newPair(t)
				if err := p.source.CreateTopic("orders", 1); err != nil {
					t.Fatal(err)
				}
				p.life = newLife(t, c.typeName, p.endpoints())
				if c.exists != nil {
					c.exists(p)
				}
				if c.before != nil {
					p.create(c.before(p))
				}
				p.restart(p.endpoints().with(attrs{"max_retries": 1, "plan_validation": false}))
				fault.Method, fault.Path = c.method, c.path
				p.destination.Inject(fault)
				if c.after == nil {
					expectDiagnostics(t, p.destroy())
					p.expectNoState()
					return
				}
				expectDiagnostics(t, p.apply(c.after(p)))
				p.destination.ClearFaults()
				seen := p.state
				expectDiagnostics(t, p.refresh())
				if differences, err := p.state.Diff(seen); err != nil || len(differences) > 0 {
					t.Errorf("the next run sees %v (%v)", differences, err)
				}
				p.expectUnchanged(c.after(p))
			})
		}
	}
}

// What cannot be seen, since no server tells secrets, is sent again.
func TestSecretWhoseReplyIsLostIsSentAgain(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	rotated := func(version int, password string) attrs {
		return p.link(nil, attrs{"sensitive_config_wo": attrs{"local.ssl.key.password": password}, "sensitive_config_wo_version": version})
	}
	p.create(rotated(1, "first-password"))
	p.restart(p.endpoints().with(attrs{"max_retries": 0, "plan_validation": false}))
	p.destination.Inject(emulator.Fault{Method: "PUT", Drop: emulator.DropAfter, Count: 1})
	expectDiagnostics(t, p.apply(rotated(2, "second-password")), "error: Unable to change settings of link")
	if version := attribute(p.state, "sensitive_config_wo_version"); !version.Equal(tftypes.NewValue(tftypes.Number, 1)) {
		t.Errorf("version %s is in state", version)
	}
	p.destination.ResetRequests()
	expectDiagnostics(t, p.apply(rotated(2, "second-password")))
	if sent := bodies(p.destination, alter+"$"); len(sent) != 1 {
		t.Errorf("sent %q", sent)
	}
}

// The look may have to wait longer than it is granted after a caller's end.
func TestLostReplyIsLookedForThoughTheServerIsBusy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		typeName, path, look string
		config               func(*pair) attrs
	}{
		"link":         {linkType, "/links$", thatLink, func(p *pair) attrs { return p.link(nil, nil) }},
		"mirror topic": {mirrorTopicType, "/mirrors$", "/mirrors/orders$", func(*pair) attrs { return orders(nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			if c.typeName == mirrorTopicType {
				p = newMirroring(t)
				if err := p.source.CreateTopic("orders", 1); err != nil {
					t.Fatal(err)
				}
				p.life = newLife(t, c.typeName, p.endpoints())
			}
			p.restart(p.endpoints().with(attrs{"plan_validation": false}))
			p.destination.Inject(emulator.Fault{Method: "POST", Path: c.path, Drop: emulator.DropAfter, Count: 1})
			after := 0
			if c.typeName == linkType {
				after = 1 // that before the link is created
			}
			longer := http.Header{"Retry-After": {strconv.Itoa(int(lookGrace.Seconds()) + 1)}}
			p.destination.Inject(emulator.Fault{Method: "GET", Path: c.look, Status: 429, Header: longer, After: after, Count: 1})
			expectDiagnostics(t, p.apply(c.config(p)))
			if got := calls(p.destination, "^GET .*"+c.look); len(got) < 2 {
				t.Errorf("looked by %q", got)
			}
		})
	}
}
