package provider

import (
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	unhealthyLink = `{"link_name":"demo-link","source_cluster_id":"lkc-source","link_error":"TIMEOUT_ERROR","link_error_message":"no answer"}`

	// What waits in these tests would do so for a minute at least. Once told to
	// stop it may wait for the answer to a write, and look what came of it.
	longestStop = 20 * time.Second
)

// cancelled is one way to wait.
type cancelled struct {
	typeName string                  // of the resource; empty: a link
	before   func(*pair)             // what exists, besides an empty topic "orders" on the source
	trouble  func(*emulator.Cluster) // at the destination
	do       func(*pair) []*tfprotov6.Diagnostic
	asked    string   // of this the destination has been asked when Ctrl-C is pressed,
	times    int      // so often
	want     []string // diagnostics
	after    func(*pair)
}

func (p *pair) readSourceAt(endpoint, name string, config attrs) []*tfprotov6.Diagnostic {
	p.t.Helper()
	typ := p.schema.DataSourceSchemas[name].ValueType()
	resp, err := p.ReadDataSource(p.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: p.encode(value(typ, config.with(attrs{"endpoint": endpoint})))})
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.Diagnostics
}

// orders is the configuration of a mirror topic.
func orders(extra attrs) attrs {
	return attrs{"endpoint": "destination", "link_name": "demo-link", "source_topic_name": "orders"}.with(extra)
}

// hanging makes a cluster leave requests unanswered.
func hanging(method, path string) func(*emulator.Cluster) {
	return func(c *emulator.Cluster) {
		c.Inject(emulator.Fault{Method: method, Path: path, Hang: time.Hour})
	}
}

func answering(method, path string, status int, body string, header http.Header) func(*emulator.Cluster) {
	return func(c *emulator.Cluster) {
		c.Inject(emulator.Fault{Method: method, Path: path, Status: status, Body: body, Header: header})
	}
}

func pinned(status string) func(*emulator.Cluster) {
	return func(c *emulator.Cluster) { c.SetMirrorStatus("demo-link", "orders", status) }
}

// Everything that can wait.
func everyWait() map[string]cancelled {
	withLink := func(p *pair) { p.create(p.link(nil, nil)) }
	linkOutside := func(p *pair) {
		p.outsideLink(p.destination, kafkarest.NewLink{Name: "demo-link", SourceClusterID: "lkc-source", Configs: []kafkarest.Setting{
			{Name: "bootstrap.servers", Value: p.source.BootstrapServers()},
		}})
	}
	withMirror := func(extra attrs) func(*pair) {
		return func(p *pair) {
			linkOutside(p)
			p.create(orders(extra))
		}
	}
	apply := func(config func(*pair) attrs) func(*pair) []*tfprotov6.Diagnostic {
		return func(p *pair) []*tfprotov6.Diagnostic { return p.apply(config(p)) }
	}
	link := apply(func(p *pair) attrs { return p.link(nil, nil) })
	mirror := func(extra attrs) func(*pair) []*tfprotov6.Diagnostic {
		return apply(func(*pair) attrs { return orders(extra) })
	}
	changedLink := apply(func(p *pair) attrs { return p.link(attrs{"acl.sync.ms": "60001"}, nil) })
	destroy := func(p *pair) []*tfprotov6.Diagnostic { return p.destroy() }
	refresh := func(p *pair) []*tfprotov6.Diagnostic { return p.readAgain() }
	promote := func(p *pair) []*tfprotov6.Diagnostic {
		return p.invoke(p.t.Context(), "promote", onDestination(attrs{"mirror_topic_names": set("orders")})).diagnostics
	}
	source := func(name string, config attrs) func(*pair) []*tfprotov6.Diagnostic {
		return func(p *pair) []*tfprotov6.Diagnostic { return p.readSourceAt("destination", name, config) }
	}
	kept := func(p *pair) { p.expectState(attrs{"id": "lkc-destination/demo-link/orders", "state": "ACTIVE"}) }
	const ended = ": context canceled"
	holds := http.Header{"Retry-After": {"100"}}
	return map[string]cancelled{
		"create, until the link is healthy": {trouble: answering("GET", thatLink, 200, unhealthyLink, nil), before: func(p *pair) {
			p.destination.Inject(emulator.Fault{Method: "GET", Path: thatLink, Status: 404, Count: 1, Body: `{"error_code":404,"message":"none"}`})
		}, do: link, asked: "^GET " + thatLink, times: 3, want: []string{"warning: Link created, but not ready" + ended},
			after: func(p *pair) { p.expectState(attrs{"id": "lkc-destination/demo-link", "link_error": "TIMEOUT_ERROR"}) }},
		"create, until the link can be looked for": {trouble: hanging("GET", thatLink), do: link, asked: "", want: []string{"error: Unable to create link" + ended}},
		"create, at a server in trouble": {trouble: answering("POST", "/links$", 503, "", nil), do: link, asked: "^POST /links.*validate_link=true$", times: 3,
			want: []string{"error: Unable to create link" + ended}},
		"read, while a limit holds":        {before: withLink, trouble: answering("GET", "", 429, "", holds), do: refresh, asked: "^GET", times: 1, want: []string{"error: Unable to read link" + ended}},
		"read, without an answer":          {before: withLink, trouble: hanging("GET", ""), do: refresh, want: []string{"error: Unable to read link" + ended}},
		"update, at a server in trouble":   {before: withLink, trouble: answering("PUT", "", 500, "", nil), do: changedLink, asked: "^PUT .*:alter$", times: 3, want: []string{"error: Unable to change settings of link" + ended}},
		"update, while a limit holds":      {before: withLink, trouble: answering("PUT", "configs:alter$", 429, "", holds), do: changedLink, asked: "^PUT .*", times: 1, want: []string{"error: Unable to change settings of link" + ended}},
		"delete, until the link is gone":   {before: withLink, trouble: answering("GET", thatLink, 200, `{"link_name":"demo-link"}`, nil), do: destroy, asked: "^GET " + thatLink, times: 3, want: []string{"error: Unable to delete link" + ended}},
		"delete, while the link is in use": {before: withLink, trouble: answering("DELETE", thatLink, 403, `{"error_code":40301,"message":"in use"}`, nil), do: destroy, asked: "^DELETE", times: 2, want: []string{"error: Unable to delete link" + ended}},

		"create, until the mirror topic mirrors": {typeName: mirrorTopicType, before: linkOutside, trouble: pinned("PENDING_MIRROR"), do: mirror(nil), asked: "^GET .*/mirrors/orders$", times: 3,
			want: []string{"warning: Mirror topic created, but not ready" + ended}, after: kept},
		"create, until the mirror topic is paused": {typeName: mirrorTopicType, before: linkOutside, trouble: pinned("ACTIVE"), do: mirror(attrs{"state": "PAUSED"}), asked: "^GET .*/mirrors/orders$", times: 4,
			want: []string{"warning: Mirror topic created, but not ready" + ended}},
		"update, until the mirror topic is paused": {typeName: mirrorTopicType, before: withMirror(nil), trouble: pinned("ACTIVE"), do: mirror(attrs{"state": "PAUSED"}), asked: "^GET .*/mirrors/orders$", times: 3,
			want: []string{"error at state: Unable to change state of mirror topic" + ended}, after: kept},
		"update of the topic, at a server in trouble": {typeName: mirrorTopicType, before: withMirror(nil), trouble: answering("POST", "/topics/orders/configs:alter$", 503, "", nil),
			do: mirror(attrs{"config": attrs{"retention.ms": "5"}}), asked: "^POST /topics", times: 3, want: []string{"error at config: Unable to change settings of mirror topic" + ended}, after: kept},
		"destroy, until the mirror topic is promoted": {typeName: mirrorTopicType, before: withMirror(nil), trouble: pinned("PENDING_STOPPED"), do: destroy, asked: "^GET .*/mirrors/orders$", times: 3,
			want: []string{"error: Unable to promote mirror topic" + ended}, after: kept},
		"destroy, while a limit holds": {typeName: mirrorTopicType, before: withMirror(nil), trouble: answering("POST", "mirrors:promote$", 429, "", holds), do: destroy, asked: "^POST .*promote$", times: 1,
			want: []string{"error: Unable to promote mirror topic" + ended}, after: kept},
		"destroy, without an answer": {typeName: mirrorTopicType, before: withMirror(nil), trouble: hanging("POST", "mirrors:promote$"), do: destroy,
			want: []string{"error: Unable to promote mirror topic" + ended}, after: kept},
		"destroy, until the topic is deleted": {typeName: mirrorTopicType, before: withMirror(attrs{"on_destroy": "DELETE_TOPIC"}), trouble: answering("GET", "/topics/orders$", 200, `{"topic_name":"orders"}`, nil),
			do: destroy, asked: "^GET /topics/orders$", times: 3, want: []string{"error: Unable to delete topic" + ended}},

		"data source link":          {before: withLink, trouble: hanging("GET", ""), do: source("clusterlink_link", attrs{"link_name": "demo-link"}), want: []string{"error: Unable to read link" + ended}},
		"data source links":         {before: withLink, trouble: hanging("GET", ""), do: source("clusterlink_links", attrs{}), want: []string{"error: Unable to list links" + ended}},
		"data source mirror topics": {before: withLink, trouble: answering("GET", "", 503, "", nil), asked: "^GET", times: 2, do: source("clusterlink_mirror_topics", attrs{}), want: []string{"error: Unable to list mirror topics" + ended}},
		"data source topics":        {before: withLink, trouble: answering("GET", "", 429, "", holds), asked: "^GET", times: 1, do: source("clusterlink_topics", attrs{}), want: []string{"error: Unable to list topics" + ended}},

		"action, until the mirror topic is promoted": {before: withLink, trouble: func(c *emulator.Cluster) {
			c.Inject(emulator.Fault{Method: "GET", Path: "/mirrors$", Status: 200, Body: `{"data":[{"mirror_topic_name":"orders","mirror_status":"PENDING_STOPPED"}]}`})
		},
			do: promote, asked: "^GET .*/mirrors", times: 3, want: []string{"error: Mirror topics not promoted" + ended}},
		"action, while a limit holds": {before: withLink, trouble: answering("GET", "", 429, "", holds), do: promote, asked: "^GET", times: 1, want: []string{"error: Mirror topics not promoted" + ended}},
		"query": {before: withLink, trouble: hanging("GET", ""), do: func(p *pair) []*tfprotov6.Diagnostic {
			return p.list(query{config: attrs{"endpoint": "destination"}}).diagnostics
		}, want: []string{"error: Unable to list links" + ended}},
		"import": {trouble: hanging("GET", ""), do: func(p *pair) []*tfprotov6.Diagnostic { return p.importID(p.t.Context(), "destination/demo-link") }, want: []string{"error: Unable to import link" + ended}},
	}
}

// readAgain reads the resource, as the next plan of the same provider does.
func (l *life) readAgain() []*tfprotov6.Diagnostic {
	l.t.Helper()
	resp, err := l.ReadResource(l.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: l.typeName, CurrentState: l.encode(l.state), Private: l.private, CurrentIdentity: l.identity,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.state, l.private, l.identity = l.decode(resp.NewState), resp.Private, resp.NewIdentity
	return resp.Diagnostics
}

// Ctrl-C ends every wait at once, and what is left is true.
func TestCtrlCEndsEveryWait(t *testing.T) {
	t.Parallel()
	for name, c := range everyWait() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			patient := p.endpoints().with(attrs{"max_retries": 1000, "request_timeout": "10m", "plan_validation": false})
			if c.typeName != "" {
				p.life = newLife(t, c.typeName, p.endpoints())
			}
			if err := p.source.CreateTopic("orders", 1); err != nil {
				t.Fatal(err)
			}
			if c.before != nil {
				c.before(p)
			}
			p.restart(patient)
			p.destination.ResetRequests()
			c.trouble(p.destination)

			told := make(chan []*tfprotov6.Diagnostic, 1)
			go func() { told <- c.do(p) }()
			p.awaitCalls(c.asked, c.times)
			pressed := time.Now()
			if _, err := p.StopProvider(t.Context(), nil); err != nil {
				t.Error(err)
			}
			got := <-told
			if took := time.Since(pressed); took > longestStop {
				t.Errorf("it took %s to end", took)
			}
			expectDiagnostics(t, got, c.want...)
			if c.after != nil {
				c.after(p)
			}
			p.leavesTrueState()
		})
	}
}

// awaitCalls waits until the destination was asked something so often, or until
// a request hangs there.
func (p *pair) awaitCalls(match string, times int) {
	p.t.Helper()
	if match == "" {
		eventually(p.t, "a request to hang", func() bool { return p.destination.InFlight() > 0 })
		return
	}
	eventually(p.t, match, func() bool { return len(calls(p.destination, match)) >= times })
}

// leavesTrueState wants the next run to find the state as it was left, or to
// change what is in state to what the server has, and to taint nothing.
func (p *pair) leavesTrueState() {
	p.t.Helper()
	p.destination.ClearFaults()
	p.destination.SetMirrorStatus("demo-link", "orders", "")
	p.provider = p.endpoints()
	before := p.state
	if before.IsNull() {
		return
	}
	expectDiagnostics(p.t, p.refresh())
	if p.typeName == linkType && p.state.IsNull() {
		if _, err := p.outside(p.destination).Link(p.t.Context(), "demo-link", false); err == nil {
			p.t.Error("the link is there, and forgotten")
		}
		return
	}
	if !attribute(before, "id").Equal(attribute(p.state, "id")) && !p.state.IsNull() {
		p.t.Errorf("the state was of %s, and is of %s", attribute(before, "id"), attribute(p.state, "id"))
	}
}
