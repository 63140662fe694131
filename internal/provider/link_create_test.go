package provider

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

const (
	thatLink = `/links/demo-link$`
	created  = "POST /links?link_name=demo-link&validate_link=true"
)

// An object that the server has accepted is in state, without an error,
// whatever happens while Create waits for it.
func TestLinkThatWasAcceptedIsNeverTainted(t *testing.T) {
	t.Parallel()
	const notReady = "warning: Link created, but not ready: "
	withError := func(code string) string {
		return `{"link_name":"demo-link","source_cluster_id":"lkc-source","cluster_link_id":"id-1","link_state":"FAILED","link_error":"` + code + `","link_error_message":"Invalid username or password"}`
	}
	short := attrs{"timeouts": attrs{"create": "300ms"}}
	for name, c := range map[string]struct {
		fault  emulator.Fault
		hidden time.Duration // after its creation
		extra  attrs         // beside config
		want   []string
		state  attrs
	}{
		"visible after 3 s": {
			hidden: 3 * time.Second,
			state:  attrs{"link_state": "ACTIVE", "link_error": "NO_ERROR", "link_mode": "DESTINATION", "remote_cluster_id": "lkc-source"},
		},
		"settings visible later": {
			fault: emulator.Fault{Method: "GET", Path: thatLink[:len(thatLink)-1] + `/configs$`, Status: 404, Body: `{"error_code":404,"message":"Not found"}`, Count: 2},
			state: attrs{"link_state": "ACTIVE", "connection_mode": "OUTBOUND"},
		},
		"not resolved at first": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 404, Body: `{"error_code":404,"message":"Unable to resolve cluster link information."}`, After: 1, Count: 2},
			state: attrs{"link_state": "ACTIVE", "link_error": "NO_ERROR"},
		},
		"unhealthy at first": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: withError("BOOTSTRAP_TCP_CONNECTION_FAILED_ERROR"), After: 1, Count: 4},
			state: attrs{"link_state": "ACTIVE", "link_error": "NO_ERROR"},
		},
		"a wrong credential, seen in passing": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: withError("AUTHENTICATION_ERROR"), After: 1, Count: 2},
			state: attrs{"link_error": "NO_ERROR"},
		},
		"a wrong credential": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: withError("AUTHENTICATION_ERROR"), After: 1},
			want:  []string{notReady + "AUTHENTICATION_ERROR: Invalid username or password"},
			state: attrs{"link_error": "AUTHENTICATION_ERROR", "link_error_message": "Invalid username or password", "cluster_link_id": "id-1"},
		},
		"a wrong credential, and nobody to care": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: withError("AUTHENTICATION_ERROR"), After: 1},
			extra: attrs{"validate_link": false},
			state: attrs{"link_error": "AUTHENTICATION_ERROR", "link_state": "FAILED"},
		},
		"a state nobody knows": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: strings.Replace(withError(""), "FAILED", "NAPPING", 1), After: 1},
			state: attrs{"link_error": nil, "link_state": "NAPPING"},
		},
		"an error that lasts longer than the timeout": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: withError("TIMEOUT_ERROR"), After: 1},
			extra: short,
			want:  []string{notReady + "TIMEOUT_ERROR"},
			state: attrs{"link_error": "TIMEOUT_ERROR"},
		},
		"an error of a half that is dialled": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: withError("TIMEOUT_ERROR"), After: 1},
			extra: attrs{"connection_mode": "INBOUND", "config": nil},
			state: attrs{"link_error": "TIMEOUT_ERROR", "connection_mode": "INBOUND"},
		},
		"an error of a bidirectional link": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 200, Body: withError("TIMEOUT_ERROR"), After: 1},
			extra: attrs{"link_mode": "BIDIRECTIONAL", "remote_cluster_id": "lkc-source"},
			state: attrs{"link_error": "TIMEOUT_ERROR", "link_mode": "BIDIRECTIONAL"},
		},
		"invisible longer than the timeout": {
			hidden: time.Hour,
			extra:  short,
			want:   []string{notReady + "404"},
			state:  attrs{"link_error": nil, "link_mode": nil, "cluster_link_id": nil, "id": "lkc-destination/demo-link", "cluster_id": "lkc-destination"},
		},
		"no longer readable": {
			fault: emulator.Fault{Method: "GET", Path: thatLink, Status: 403, Body: `{"error_code":40301,"message":"Not authorized"}`, After: 1},
			want:  []string{notReady + "Not authorized"},
			state: attrs{"link_state": nil},
		},
		"settings not readable": {
			fault: emulator.Fault{Method: "GET", Path: `/configs$`, Status: 401, Body: `{"error_code":40101,"message":"Unauthorized"}`},
			want:  []string{notReady + `The REST API refused the credential of endpoints["destination"]`},
		},
		"its reply was lost": {
			fault: emulator.Fault{Method: "POST", Path: `/links$`, Drop: emulator.DropAfter, After: 1, Count: 1},
			state: attrs{"link_state": "ACTIVE"},
		},
		"its reply was lost, and it is not visible yet": {
			fault:  emulator.Fault{Method: "POST", Path: `/links$`, Drop: emulator.DropAfter, After: 1, Count: 1},
			hidden: time.Second,
			state:  attrs{"link_state": "ACTIVE"},
		},
		"refused by a gateway at first": {
			fault: emulator.Fault{Method: "POST", Path: `/links$`, Status: 502, After: 1, Count: 1},
			state: attrs{"link_state": "ACTIVE"},
		},
		"paused": {
			extra: attrs{"sensitive_config": attrs{"cluster.link.paused": "true"}},
			state: attrs{"link_state": "PAUSED", "link_error": "NO_ERROR"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.destination.SetVisibilityDelay(c.hidden)
			if c.fault.Path != "" {
				p.destination.Inject(c.fault)
			}
			config := p.link(nil, c.extra)
			started := time.Now()
			expectDiagnostics(t, p.apply(config), c.want...)
			if took := time.Since(started); took > time.Minute {
				t.Errorf("took %s, though there was nothing to wait for", took)
			}
			p.expectState(attrs{"id": "lkc-destination/demo-link", "endpoint": "destination"}.with(c.state))

			p.destination.ClearFaults()
			p.destination.ResetRequests()
			if c.hidden < time.Hour {
				expectDiagnostics(t, p.refresh())
				p.expectUnchanged(config)
			}
			if made := changes(p.destination); len(made) > 0 {
				t.Errorf("afterwards, something changed: %q", made)
			}
		})
	}
}

func TestLinkThatWasNotCreatedIsAnErrorAndNoState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault emulator.Fault
		want  string
	}{
		"refused": {
			emulator.Fault{Method: "POST", Path: `/links$`, Status: 400, Body: `{"error_code":40002,"message":"Invalid prefix: it already exists"}`},
			"error: Invalid prefix: it already exists",
		},
		"the link's credential refused": {
			emulator.Fault{Method: "POST", Path: `/links$`, Status: 401, Body: `{"error_code":40101,"message":"Unable to validate cluster link due to error: Authentication failed"}`},
			"error: It is the link's",
		},
		"the REST credential refused": {
			emulator.Fault{Method: "POST", Path: `/links$`, Status: 401, Body: `{"error_code":40101,"message":"Unauthorized"}`},
			`error: The REST API refused the credential of endpoints["destination"]`,
		},
		"not allowed": {
			emulator.Fault{Method: "POST", Path: `/links$`, Status: 403, Body: `{"error_code":40301,"message":"Not authorized"}`},
			"error: needs rights",
		},
		"a cluster that is not there": {
			emulator.Fault{Path: `/links`, Status: 404, Body: `{"error_code":404,"message":"Cluster lkc-destination cannot be found."}`},
			"error: Cluster lkc-destination cannot be found",
		},
		"no connection to look over": {
			emulator.Fault{Method: "GET", Path: thatLink, Drop: emulator.DropBefore},
			"error: Unable to create link",
		},
		"no connection to create it over": {
			emulator.Fault{Method: "POST", Path: `/links$`, Drop: emulator.DropBefore},
			`error: It is not known whether the link was created all the same`,
		},
		"too busy for ever": {
			emulator.Fault{Method: "POST", Path: `/links$`, Status: 429},
			"error: 429 Too Many Requests",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.restart(p.endpoints().with(attrs{"max_retries": 1, "plan_validation": false}))
			planned := p.plan(p.link(nil, attrs{"timeouts": attrs{"create": "2s"}}))
			p.destination.Inject(c.fault)
			expectDiagnostics(t, p.carryOut(t.Context(), planned), c.want)
			p.expectNoState()
		})
	}
}

func TestLinkThatExistsIsNotTakenOver(t *testing.T) {
	t.Parallel()
	const block = "import {\n  to = clusterlink_link.<name>\n  id = \"lkc-destination/demo-link\"\n}"
	for name, fault := range map[string]emulator.Fault{
		"before":                    {},
		"since it was looked for":   {Method: "GET", Path: thatLink, Status: 404, Body: `{"error_code":404,"message":"none"}`, Count: 1},
		"and an old server says so": {Method: "POST", Path: `/links$`, Status: 400, Body: `{"error_code":40002,"message":"Cluster link 'demo-link' already exists."}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			planned := p.plan(p.link(nil, nil))
			p.create(p.link(nil, nil))
			p.life = newLife(t, linkType, p.endpoints())
			if fault.Method == "POST" {
				p.destination.Inject(emulator.Fault{Method: "GET", Path: thatLink, Status: 404, Body: `{"error_code":404,"message":"none"}`, Count: 1})
			}
			if fault.Path != "" {
				p.destination.Inject(fault)
			}
			expectDiagnostics(t, p.carryOut(t.Context(), planned), "error at link_name: "+block)
			p.expectNoState()
		})
	}
}

func TestLinkToAnUnreachableClusterNeedsValidateLinkOff(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	unreachable := attrs{"bootstrap.servers": "127.0.0.1:1"}
	expectDiagnostics(t, p.plan(p.link(unreachable, nil)).diagnostics, `error at config["bootstrap.servers"]: Unable to validate cluster link`)
	expectDiagnostics(t, p.apply(p.link(unreachable, attrs{"validate_link": false})))
	if made := changes(p.destination); !slices.Equal(made, []string{"POST /links?link_name=demo-link&validate_link=false"}) {
		t.Errorf("changed by %q", made)
	}
	p.expectState(attrs{"validate_link": false})
	p.expectUnchanged(p.link(unreachable, attrs{"validate_link": false}))
}

func TestHalvesOfAPairWaitForEachOther(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	outbound := attrs{
		"endpoint": "source", "link_name": "demo-link", "link_mode": "SOURCE", "remote_cluster_id": "lkc-destination",
		"config": attrs{"bootstrap.servers": p.destination.BootstrapServers()},
	}
	p.source.Inject(emulator.Fault{
		Method: "POST", Path: `/links$`, Status: 400, Count: 2,
		Body: `{"error_code":40002,"message":"Cluster 'lkc-destination' does not have a link named 'demo-link'."}`,
	})
	p.create(attrs{"endpoint": "destination", "link_name": "demo-link", "connection_mode": "INBOUND", "remote_cluster_id": "lkc-source"})
	p.expectState(attrs{"link_mode": "DESTINATION", "connection_mode": "INBOUND", "remote_cluster_id": "lkc-source"})

	p.life = newLife(t, linkType, p.endpoints().with(attrs{"plan_validation": false}))
	expectDiagnostics(t, p.apply(outbound))
	p.expectState(attrs{"link_mode": "SOURCE", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-destination", "link_error": "NO_ERROR"})
	if made := changes(p.source); !slices.Equal(made, []string{created, created, created}) {
		t.Errorf("changed by %q", made)
	}
}

func TestHalfWhoseOtherHalfNeverComesIsRefusedInTheEnd(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	expectDiagnostics(t, p.apply(attrs{
		"endpoint": "source", "link_name": "demo-link", "link_mode": "SOURCE", "remote_cluster_id": "lkc-destination",
		"config":   attrs{"bootstrap.servers": p.destination.BootstrapServers()},
		"timeouts": attrs{"create": "500ms"},
	}), "error: does not have a link named 'demo-link'")
	p.expectNoState()
}

// interrupted is a provider whose work is stopped when a request arrives that
// matches, as Ctrl-C does. The request itself goes on.
func (p *pair) interrupted(at func(*http.Request) bool) {
	target, err := url.Parse(p.destination.RESTEndpoint())
	if err != nil {
		p.t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.ErrorLog = log.New(io.Discard, "", 0) // that a call was cut off is what the test is about
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at(r) {
			if _, err := p.StopProvider(context.Background(), nil); err != nil {
				p.t.Error(err)
			}
		}
		forward.ServeHTTP(w, r)
	}))
	p.t.Cleanup(front.Close)
	provider := p.endpoints()
	provider["endpoints"].(attrs)["destination"] = attrs{"rest_endpoint": front.URL, "cluster_id": "lkc-destination"}
	p.restart(provider)
}

func TestInterruptedCreationKeepsWhatWasCreated(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(*http.Request) bool{
		"while it is under way": func(r *http.Request) bool {
			return r.Method == "POST" && r.URL.Query().Get("validate_only") == ""
		},
		"while it is waited for": func(r *http.Request) bool {
			return r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/configs")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.interrupted(at)
			expectDiagnostics(t, p.apply(p.link(nil, nil)), "warning: Link created, but not ready: context canceled")
			p.expectState(attrs{"id": "lkc-destination/demo-link", "link_mode": "DESTINATION"})
			if attribute(p.state, "cluster_link_id").IsNull() {
				t.Error("the link was not looked at again")
			}
			if made := changes(p.destination); !slices.Equal(made, []string{created}) {
				t.Errorf("changed by %q", made)
			}
		})
	}
}

func TestInterruptedBeforeCreationCreatesNothing(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.interrupted(func(r *http.Request) bool { return r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/demo-link") })
	expectDiagnostics(t, p.apply(p.link(nil, nil)), "error: Unable to create link: context canceled")
	p.expectNoState()
	if made := changes(p.destination); len(made) > 0 {
		t.Errorf("changed by %q", made)
	}
}
