package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const confluentAddress = "registry.terraform.io/confluentinc/confluent"

// A secret, as they stand in states of Confluent's provider.
const movedSecret = "moved-secret-1"

// confluentLinkState is a state as Confluent's provider keeps it: of a link that
// its destination initiates, by default.
func confluentLinkState(replace ...string) string {
	cluster := func(id, rest, bootstrap string) string {
		return fmt.Sprintf(`[{"id": %q, "rest_endpoint": %q, "bootstrap_endpoint": %q, "credentials": [%s]}]`, id, rest, bootstrap, confluentCredentials(id))
	}
	return strings.NewReplacer(replace...).Replace(`{
		"id": "lkc-destination/demo-link", "link_name": "demo-link", "link_mode": "DESTINATION", "connection_mode": "OUTBOUND",
		"cluster_link_id": "cl-1", "config": {"acl.sync.ms": "12345"},
		"source_kafka_cluster": ` + cluster("lkc-source", "", "pkc-11111.region.provider.example.com:9092") + `,
		"destination_kafka_cluster": ` + cluster("lkc-destination", "https://pkc-00000.region.provider.example.com:443", "") + `,
		"local_kafka_cluster": [], "remote_kafka_cluster": []
	}`)
}

func confluentMirrorState(replace ...string) string {
	return strings.NewReplacer(replace...).Replace(`{
		"id": "lkc-destination/demo-link/orders", "mirror_topic_name": "orders", "status": "ACTIVE",
		"source_kafka_topic": [{"topic_name": "orders"}], "cluster_link": [{"link_name": "demo-link"}],
		"kafka_cluster": [{
			"id": "lkc-destination", "rest_endpoint": "https://pkc-00000.region.provider.example.com:443",
			"credentials": [` + confluentCredentials("lkc-destination") + `]
		}]
	}`)
}

func confluentCredentials(cluster string) string {
	return fmt.Sprintf(`{"key": "APIKEY of %s", "secret": "%s of %s"}`, cluster, movedSecret, cluster)
}

// moveFrom moves a state of another provider here, as Terraform does: to a
// provider that is not configured yet.
func (l *life) moveFrom(provider, typeName, state string) []*tfprotov6.Diagnostic {
	l.t.Helper()
	l.wire = newWire(l.t)
	resp, err := l.MoveResourceState(l.t.Context(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: provider, SourceTypeName: typeName, SourceState: &tfprotov6.RawState{JSON: []byte(state)}, TargetTypeName: l.typeName,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	if !hasError(resp.Diagnostics) {
		l.state, l.private, l.identity = l.decode(resp.TargetState), resp.TargetPrivate, resp.TargetIdentity
		if told := l.state.String() + string(l.private); strings.Contains(told, movedSecret) || strings.Contains(told, "APIKEY") {
			l.t.Errorf("a credential was moved: %s", told)
		}
	}
	return resp.Diagnostics
}

const notMoved = "warning: Credentials are not moved: sensitive_config_wo_version: endpoints"

func TestMovedLinkIsKept(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.outsideLink(p.destination, kafkarest.NewLink{Name: "demo-link", SourceClusterID: "lkc-source", Validate: true, Configs: []kafkarest.Setting{
		{Name: "bootstrap.servers", Value: p.source.BootstrapServers()}, {Name: "acl.sync.ms", Value: "12345"},
	}})
	expectDiagnostics(t, p.moveFrom(confluentAddress, "confluent_cluster_link", confluentLinkState()), notMoved)
	p.expectIdentity(attrs{"cluster_id": "lkc-destination", "link_name": "demo-link"})
	p.expectState(attrs{
		"id": "lkc-destination/demo-link", "cluster_id": "lkc-destination", "link_name": "demo-link", "endpoint": nil, "config": nil,
		"link_mode": "DESTINATION", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-source", "cluster_link_id": "cl-1",
		"validate_link": true, "force_destroy": false, "sensitive_config": nil, "timeouts": nil,
	})

	expectDiagnostics(t, p.refresh())
	settings := attrs{"acl.sync.ms": "12345"}
	p.expectState(attrs{"endpoint": "destination", "config": settings.with(attrs{"bootstrap.servers": p.source.BootstrapServers()})})
	written := p.link(settings, attrs{"remote_cluster_id": "lkc-source"})
	p.expectUnchanged(written)

	// That was once: from now on only what the configuration manages is watched.
	p.set("consumer.offset.sync.ms", "20000")
	expectDiagnostics(t, p.refresh())
	p.expectUnchanged(written)
	if made := changes(p.destination); len(made) > 0 {
		t.Errorf("changed by %q", made)
	}
}

func TestMovedLinkThatIsChangedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.outsideLink(p.destination, kafkarest.NewLink{Name: "demo-link", SourceClusterID: "lkc-source", Validate: true, Configs: []kafkarest.Setting{
		{Name: "bootstrap.servers", Value: p.source.BootstrapServers()}, {Name: "acl.sync.ms", Value: "12345"},
	}})
	expectDiagnostics(t, p.moveFrom(confluentAddress, "confluent_cluster_link", confluentLinkState()), notMoved)
	p.restart(p.endpoints())
	written := p.link(nil, nil)
	expectDiagnostics(t, p.apply(written))
	// What the configuration has never managed stays as it is.
	expectDiagnostics(t, p.refresh())
	p.expectUnchanged(written)
	p.expectChanges(p.destination, "PUT /links/demo-link/configs:alter")
}

func TestMovedLinkOfEachMode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replace []string
		want    attrs
	}{
		"source initiated, at the source": {
			[]string{`"id": "lkc-destination/demo-link"`, `"id": "lkc-source/demo-link"`, `"link_mode": "DESTINATION"`, `"link_mode": "SOURCE"`},
			attrs{"cluster_id": "lkc-source", "link_mode": "SOURCE", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-destination"},
		},
		"source initiated, at the destination": {
			[]string{`"OUTBOUND"`, `"INBOUND"`},
			attrs{"cluster_id": "lkc-destination", "link_mode": "DESTINATION", "connection_mode": "INBOUND", "remote_cluster_id": "lkc-source"},
		},
		"bidirectional": {
			[]string{
				`"link_mode": "DESTINATION"`, `"link_mode": "BIDIRECTIONAL"`, `"lkc-destination/demo-link"`, `"lkc-east/demo-link"`,
				`"source_kafka_cluster"`, `"former"`, `"destination_kafka_cluster"`, `"latter"`,
				`"local_kafka_cluster": []`, `"local_kafka_cluster": [{"id": "lkc-east"}]`, `"remote_kafka_cluster": []`, `"remote_kafka_cluster": [{"id": "lkc-west"}]`,
			},
			attrs{"cluster_id": "lkc-east", "link_mode": "BIDIRECTIONAL", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-west"},
		},
		"of an old version, which told less": {
			[]string{`"link_mode": "DESTINATION", "connection_mode": "OUTBOUND",`, "", `"cluster_link_id": "cl-1",`, ""},
			attrs{"cluster_id": "lkc-destination", "link_mode": nil, "connection_mode": nil, "cluster_link_id": nil, "remote_cluster_id": "lkc-source"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t, linkType, attrs{})
			expectDiagnostics(t, l.moveFrom(confluentAddress, "confluent_cluster_link", confluentLinkState(c.replace...)), notMoved)
			l.expectState(c.want.with(attrs{"link_name": "demo-link"}))
		})
	}
}

func TestMovedMirrorTopicIsKept(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "orders")
	m := newLife(t, mirrorTopicType, p.endpoints())
	expectDiagnostics(t, m.moveFrom(confluentAddress, "confluent_kafka_mirror_topic", confluentMirrorState()))
	m.expectIdentity(attrs{"cluster_id": "lkc-destination", "link_name": "demo-link", "mirror_topic_name": "orders"})
	m.expectState(attrs{
		"id": "lkc-destination/demo-link/orders", "cluster_id": "lkc-destination", "endpoint": nil, "link_name": "demo-link",
		"source_topic_name": "orders", "mirror_topic_name": "orders", "state": "ACTIVE", "on_destroy": "PROMOTE", "timeouts": nil,
	})
	expectDiagnostics(t, m.refresh())
	m.expectState(attrs{"endpoint": "destination", "mirror_status": "ACTIVE"})
	m.expectUnchanged(attrs{"endpoint": "destination", "link_name": "demo-link", "source_topic_name": "orders"})
	p.expectChanges(p.destination)
}

func TestMovedMirrorTopicKeepsItsState(t *testing.T) {
	t.Parallel()
	for status, c := range map[string]struct{ seen, state string }{
		"ACTIVE":      {"ACTIVE", "ACTIVE"},
		"PAUSED":      {"PAUSED", "PAUSED"},
		"PROMOTED":    {"STOPPED", "PROMOTED"},
		"FAILED_OVER": {"STOPPED", "FAILED_OVER"}, // which the server does not tell
		"STOPPED":     {"STOPPED", "PROMOTED"},
		"UNHEARD_OF":  {"ACTIVE", "ACTIVE"},
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			p := newMirroring(t, "orders")
			p.destination.SetMirrorStatus("demo-link", "orders", c.seen)
			m := newLife(t, mirrorTopicType, p.endpoints())
			expectDiagnostics(t, m.moveFrom(confluentAddress, "confluent_kafka_mirror_topic", confluentMirrorState(`"ACTIVE"`, fmt.Sprintf("%q", status))))
			m.expectState(attrs{"state": c.state})
			expectDiagnostics(t, m.refresh())
			m.expectState(attrs{"state": c.state, "mirror_status": c.seen})
			m.expectUnchanged(attrs{"endpoint": "destination", "link_name": "demo-link", "source_topic_name": "orders", "state": c.state})
		})
	}
}

func TestMovedMirrorTopicUnderAPrefix(t *testing.T) {
	t.Parallel()
	m := newLife(t, mirrorTopicType, attrs{})
	expectDiagnostics(t, m.moveFrom(confluentAddress, "confluent_kafka_mirror_topic", confluentMirrorState(`link/orders"`, `link/x.orders"`, `"mirror_topic_name": "orders"`, `"mirror_topic_name": "x.orders"`)))
	m.expectState(attrs{"id": "lkc-destination/demo-link/x.orders", "source_topic_name": "orders", "mirror_topic_name": "x.orders"})
}

func TestWhatCannotBeMovedSaysWhy(t *testing.T) {
	t.Parallel()
	const unable = "error: Unable to Move Resource State" // the framework's words for what nobody here knows
	for name, c := range map[string]struct{ target, provider, source, state, want string }{
		"a link without a cluster":   {linkType, confluentAddress, "confluent_cluster_link", confluentLinkState("lkc-destination/", ""), `error: Unable to move link: the id is "demo-link": import {`},
		"another link's id":          {linkType, confluentAddress, "confluent_cluster_link", confluentLinkState(`/demo-link`, "/other"), `error: Unable to move link: the id is "lkc-destination/other" and the link_name "demo-link"`},
		"a mirror topic's bad id":    {mirrorTopicType, confluentAddress, "confluent_kafka_mirror_topic", confluentMirrorState("/demo-link/", "/"), `error: Unable to move mirror topic: "lkc-destination/orders": import {`},
		"a mirror topic of no topic": {mirrorTopicType, confluentAddress, "confluent_kafka_mirror_topic", confluentMirrorState(`[{"topic_name": "orders"}]`, "[]"), "error: Unable to move mirror topic: source_kafka_topic"},
		"a state of another kind":    {linkType, confluentAddress, "confluent_cluster_link", `{"id": ["a"]}`, "error: Unable to move state: confluent_cluster_link cannot be understood"},
		"another provider":           {linkType, "registry.terraform.io/example/confluent", "confluent_cluster_link", confluentLinkState(), unable},
		"another resource":           {linkType, confluentAddress, "confluent_kafka_topic", confluentLinkState(), unable},
		"a link as a mirror topic":   {mirrorTopicType, confluentAddress, "confluent_cluster_link", confluentLinkState(), unable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t, c.target, attrs{})
			diagnostics := l.moveFrom(c.provider, c.source, c.state)
			expectDiagnostics(t, diagnostics, c.want)
			l.expectNoState()
			for _, d := range diagnostics {
				if strings.Contains(told(d), movedSecret) {
					t.Errorf("a secret was told: %s", told(d))
				}
			}
		})
	}
}

func TestMovedObjectWhoseClusterNoEndpointLeadsTo(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	expectDiagnostics(t, p.moveFrom(confluentAddress, "confluent_cluster_link", confluentLinkState("lkc-destination", "lkc-elsewhere")), notMoved)
	expectDiagnostics(t, p.refresh(), `error at endpoint: Unable to use endpoint: no endpoint of the provider leads to cluster "lkc-elsewhere"`)
}

// Any registry may serve Confluent's provider.
func TestMovedFromAMirrorOfTheRegistry(t *testing.T) {
	t.Parallel()
	l := newLife(t, linkType, attrs{})
	expectDiagnostics(t, l.moveFrom("registry.opentofu.org/confluentinc/confluent", "confluent_cluster_link", confluentLinkState()), notMoved)
}
