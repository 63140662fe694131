package provider

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// privateState is a resource's private state outside of a server.
type privateState map[string][]byte

func (p privateState) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return p[key], nil
}

func (p privateState) SetKey(_ context.Context, key string, data []byte) diag.Diagnostics {
	p[key] = data
	return nil
}

func TestPlannedIDIsWhollyKnownOrUnknown(t *testing.T) {
	t.Parallel()
	a, b := types.StringValue("a"), types.StringValue("b")
	if got := plannedID(a, b); got.ValueString() != "a/b" {
		t.Errorf("id %s", got)
	}
	for _, part := range []types.String{types.StringUnknown(), types.StringNull()} {
		if got := plannedID(a, part); !got.IsUnknown() {
			t.Errorf("id %s, want unknown", got)
		}
	}
}

func TestLinkReplacements(t *testing.T) {
	t.Parallel()
	text := types.StringValue
	link := func(name, mode, connection, remote types.String) linkModel {
		return linkModel{LinkName: name, LinkMode: mode, ConnectionMode: connection, RemoteClusterID: remote}
	}
	prior := link(text("a"), text(modeDestination), text(connectionOutbound), text("lkc-1"))
	null := types.StringNull()
	for name, c := range map[string]struct {
		state, plan linkModel
		want        []string
	}{
		"nothing":      {prior, prior, nil},
		"a name":       {prior, link(text("b"), prior.LinkMode, prior.ConnectionMode, prior.RemoteClusterID), []string{"link_name"}},
		"a mode":       {prior, link(prior.LinkName, text(modeSource), prior.ConnectionMode, prior.RemoteClusterID), []string{"link_mode"}},
		"a connection": {prior, link(prior.LinkName, prior.LinkMode, text(connectionInbound), prior.RemoteClusterID), []string{"connection_mode"}},
		"a remote":     {prior, link(prior.LinkName, prior.LinkMode, prior.ConnectionMode, text("lkc-2")), []string{"remote_cluster_id"}},
		"what a server never told is recorded": {
			link(text("a"), null, null, null), prior, nil,
		},
		"all at once": {
			prior, link(text("b"), text(modeBidirectional), text(connectionInbound), text("lkc-2")),
			[]string{"link_name", "link_mode", "connection_mode", "remote_cluster_id"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range linkReplacements(c.state, c.plan, false) {
				got = append(got, p.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("replaced because of %q, want %q", got, c.want)
			}
		})
	}
}

func TestChangeOfPrefixReplacesWhereverItStands(t *testing.T) {
	t.Parallel()
	const prefix = "cluster.link.prefix"
	writeOnly := func(value string, version int) attrs {
		return attrs{"sensitive_config_wo": attrs{prefix: value}, "sensitive_config_wo_version": version}
	}
	for name, c := range map[string]struct {
		before, after    attrs // in config
		beforeX, afterX  attrs // beside config
		replaces, silent bool  // silent: nothing is sent
	}{
		"changed in config":                     {before: attrs{prefix: "a-"}, after: attrs{prefix: "b-"}, replaces: true},
		"removed from config":                   {before: attrs{prefix: "a-"}, replaces: true},
		"added to config":                       {after: attrs{prefix: "a-"}, replaces: true},
		"changed in sensitive_config":           {beforeX: attrs{"sensitive_config": attrs{prefix: "a-"}}, afterX: attrs{"sensitive_config": attrs{prefix: "b-"}}, replaces: true},
		"added to the write-only map":           {afterX: writeOnly("a-", 1), replaces: true},
		"removed from the write-only map":       {beforeX: writeOnly("a-", 1), replaces: true},
		"changed in the write-only map":         {beforeX: writeOnly("a-", 1), afterX: writeOnly("b-", 2), replaces: true},
		"changed on the way to config":          {beforeX: writeOnly("a-", 1), after: attrs{prefix: "b-"}, replaces: true},
		"changed on the way to write-only":      {before: attrs{prefix: "a-"}, afterX: writeOnly("b-", 1), replaces: true},
		"moved to sensitive_config":             {before: attrs{prefix: "a-"}, afterX: attrs{"sensitive_config": attrs{prefix: "a-"}}, silent: true},
		"moved to the write-only map":           {before: attrs{prefix: "a-"}, afterX: writeOnly("a-", 1), silent: true},
		"moved from the write-only map":         {beforeX: writeOnly("a-", 1), after: attrs{prefix: "a-"}, silent: true},
		"the same in a new version":             {beforeX: writeOnly("a-", 1), afterX: writeOnly("a-", 2), silent: true},
		"beside another setting that changes":   {before: attrs{prefix: "a-"}, after: attrs{prefix: "a-", "acl.sync.ms": "6000"}},
		"write-only, beside another in a round": {beforeX: writeOnly("a-", 1), after: attrs{"acl.sync.ms": "6000"}, afterX: writeOnly("a-", 2)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.create(p.link(c.before, c.beforeX))
			planned := p.plan(p.link(c.after, c.afterX))
			expectDiagnostics(t, planned.diagnostics)
			if replaces := len(planned.replace) > 0; replaces != c.replaces {
				t.Fatalf("replaced because of %q, want %t", planned.replace, c.replaces)
			}
			if c.replaces {
				return
			}
			expectDiagnostics(t, p.carryOut(t.Context(), planned))
			sent := bodies(p.destination, `PUT .*configs:alter$`)
			if c.silent && len(sent) > 0 || !c.silent && len(sent) != 1 || strings.Contains(strings.Join(sent, ""), prefix) {
				t.Errorf("sent %q", sent)
			}
		})
	}
}

func TestReplacementOfLinkThatStillMirrors(t *testing.T) {
	t.Parallel()
	const listed = `"orders" (ACTIVE), "payments" (PAUSED)`
	for name, c := range map[string]struct {
		provider attrs // beside endpoints
		extra    attrs
		stopped  bool
		fault    emulator.Fault
		want     []string
	}{
		"fails": {want: []string{"error at remote_cluster_id: Replacing a link that has mirror topics: " + listed + ": -refresh=false: CLUSTERLINK_PLAN_VALIDATION=false"}},
		"warns with force_destroy": {
			extra: attrs{"force_destroy": true}, want: []string{"warning at remote_cluster_id: Replacing a link that has mirror topics: " + listed},
		},
		"is fine once all are stopped":       {stopped: true},
		"is not looked at where that is off": {provider: attrs{"plan_validation": false}},
		"warns where it cannot be seen": {
			fault: emulator.Fault{Method: "GET", Path: `/mirrors$`, Status: 403, Body: `{"error_code":40301,"message":"Not authorized"}`},
			want:  []string{"warning: Link is to be replaced: could not be seen: Not authorized"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.create(p.link(nil, attrs{"remote_cluster_id": "lkc-source"}.with(c.extra)))
			p.mirror("orders")
			p.mirror("payments")
			if _, err := p.outside(p.destination).AlterMirrors(t.Context(), "demo-link", kafkarest.Pause, kafkarest.Selection{Names: []string{"payments"}}, false); err != nil {
				t.Fatal(err)
			}
			if c.stopped {
				p.stop("orders")
				p.stop("payments")
			}
			p.restart(p.endpoints().with(c.provider))
			if c.fault.Path != "" {
				p.destination.Inject(c.fault)
			}
			planned := p.plan(p.link(nil, attrs{"remote_cluster_id": "lkc-other"}.with(c.extra)))
			expectDiagnostics(t, planned.diagnostics, c.want...)
			if !hasError(planned.diagnostics) && !slices.Equal(planned.replace, []string{"remote_cluster_id"}) {
				t.Errorf("replaced because of %q", planned.replace)
			}
			if made := changes(p.destination); len(made) > 0 {
				t.Errorf("planning changed %q", made)
			}
		})
	}
}
