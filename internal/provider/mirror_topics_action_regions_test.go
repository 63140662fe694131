package provider

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// newRegions is a pair with a bidirectional link demo-link, over which the
// destination mirrors topics of the source.
func newRegions(t *testing.T, topics ...string) *pair {
	t.Helper()
	p := newPair(t)
	for c, remote := range map[*emulator.Cluster]*emulator.Cluster{p.source: p.destination, p.destination: p.source} {
		p.outsideLink(c, kafkarest.NewLink{Name: "demo-link", RemoteClusterID: remote.ID(), Validate: true, Configs: []kafkarest.Setting{
			{Name: "link.mode", Value: "BIDIRECTIONAL"}, {Name: "bootstrap.servers", Value: remote.BootstrapServers()},
		}})
	}
	for _, topic := range topics {
		p.mirror(topic)
	}
	p.awaitStatus(p.destination, "demo-link", "ACTIVE", topics...)
	return p
}

func (p *pair) writes(c *emulator.Cluster, topic string, values ...string) {
	p.t.Helper()
	if err := c.Produce(p.within(), topic, values...); err != nil {
		p.t.Errorf("%s: %s: %v", c.ID(), topic, err)
	}
}

// reads wants a topic to have exactly these records, sooner or later.
func (p *pair) reads(c *emulator.Cluster, topic string, want ...string) {
	p.t.Helper()
	if got, err := c.Consume(p.within(), topic, len(want)); err != nil || !slices.Equal(got, want) {
		p.t.Errorf("%s: %s has %q (%v), want %q", c.ID(), topic, got, err, want)
	}
}

func (p *pair) within() context.Context {
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	p.t.Cleanup(cancel)
	return ctx
}

func TestReversedTopicsMirrorTheOtherWay(t *testing.T) {
	t.Parallel()
	for remote, c := range map[string]struct{ verb, status string }{
		"START": {"reverse-and-start-mirror", "ACTIVE"},
		"PAUSE": {"reverse-and-pause-mirror", "PAUSED"},
	} {
		t.Run(remote, func(t *testing.T) {
			t.Parallel()
			p := newRegions(t, "a", "b")
			p.writes(p.source, "a", "1", "2")
			both := onDestination(attrs{"mirror_topic_names": set("a", "b")})
			config := both.with(attrs{"remote": remote})
			rehearsal := p.invoke(t.Context(), "reverse", config.with(attrs{"validate_only": true}))
			expectDiagnostics(t, rehearsal.diagnostics)
			if told := strings.Join(rehearsal.progress, "|"); !strings.HasPrefix(told, `2 of 2 mirror topics of link "demo-link" would be reversed`) {
				t.Errorf("progress: %q", told) // the lag may be told, too
			}
			p.expectChanges(p.destination)

			got := p.invoke(t.Context(), "reverse", config)
			expectDiagnostics(t, got.diagnostics)
			if !slices.Contains(got.progress, "2 of 2 reversed") {
				t.Errorf("progress: %q", got.progress)
			}
			p.expectChanges(p.destination, "POST /links/demo-link/mirrors:"+c.verb)
			p.awaitStatus(p.destination, "demo-link", "STOPPED", "a", "b")
			p.awaitStatus(p.source, "demo-link", c.status, "a", "b")
			p.writes(p.destination, "a", "3")
			if remote == "PAUSE" {
				p.reads(p.source, "a", "1", "2")
				expectDiagnostics(t, p.invoke(t.Context(), "resume", both.with(attrs{"endpoint": "source"})).diagnostics)
			}
			p.reads(p.source, "a", "1", "2", "3")

			p.invoke(t.Context(), "reverse", config).expect(t, []string{`2 of 2 mirror topics of link "demo-link" are STOPPED already`})
			p.expectChanges(p.destination)
		})
	}
}

func TestReversalNeedsABidirectionalLink(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "a")
	p.invoke(t.Context(), "reverse", onDestination(attrs{"mirror_topic_names": set("a"), "remote": "START"})).expect(t, nil,
		"error: Mirror topics not reversed: 1 of 1 mirror topics: * a: is not bidirectional: (error_code 400)")
}

// A disaster: the destination takes over while the source has records that
// never reached it, which are cut off when the source is to follow.
func TestRestoredTopicsMirrorAgainWithoutTheirOwnRecords(t *testing.T) {
	t.Parallel()
	for by, chosen := range map[string]attrs{
		"names":  {"mirror_topic_names": set("orders-1", "orders-2")},
		"regexp": {"mirror_topic_name_regex": "^ord"},
	} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			p := newRegions(t, "orders-1", "orders-2", "payments")
			p.writes(p.source, "orders-1", "1", "2")
			p.reads(p.destination, "orders-1", "1", "2")
			expectDiagnostics(t, p.invoke(t.Context(), "failover", onDestination(attrs{"mirror_topic_name_regex": "."})).diagnostics)
			p.writes(p.source, "orders-1", "lost", "lost too")
			p.writes(p.destination, "orders-1", "3")

			config := onDestination(chosen).with(attrs{"endpoint": "source", "allow_truncation": true})
			p.invoke(t.Context(), "restore", config.with(attrs{"validate_only": true})).expect(t, []string{
				`2 of 2 mirror topics of link "demo-link" would be restored`, `2 records would be cut off, 2 of "orders-1"`,
			})
			p.expectChanges(p.source)
			p.reads(p.source, "orders-1", "1", "2", "lost", "lost too")

			got := p.invoke(t.Context(), "restore", config)
			expectDiagnostics(t, got.diagnostics)
			if len(got.progress) < 3 || !slices.Equal(got.progress[:2], []string{
				`2 of 2 mirror topics of link "demo-link" are being restored`, `2 records are being cut off, 2 of "orders-1"`,
			}) || !strings.HasPrefix(got.progress[len(got.progress)-1], "2 of 2 restored") {
				t.Errorf("progress: %q", got.progress)
			}
			p.expectChanges(p.source, "POST /links/demo-link/mirrors:truncate-and-restore?include_partition_level_truncation_data=true")
			p.reads(p.source, "orders-1", "1", "2", "3")
			p.writes(p.source, "payments", "still writable")

			p.invoke(t.Context(), "restore", config).expect(t, []string{`2 of 2 mirror topics of link "demo-link" are ACTIVE already`})
		})
	}
}

func TestRestoreTellsWhatCannotBeRestored(t *testing.T) {
	t.Parallel()
	p := newRegions(t, "a")
	config := attrs{"endpoint": "source", "link_name": "demo-link", "allow_truncation": true}
	p.invoke(t.Context(), "restore", config.with(attrs{"mirror_topic_names": set("a", "nowhere")})).expect(t, nil,
		"error: Mirror topics not restored: 2 of 2 mirror topics: * a: has not stopped: * nowhere: has no mirror topic")
	p.invoke(t.Context(), "restore", config.with(attrs{"mirror_topic_name_regex": "a"})).expect(t, nil, "warning at mirror_topic_name_regex: No mirror topic matches")
}

// The number of records comes with an answer that may get lost; the next try is
// refused, since the topic is being restored.
func TestRestoreWhoseAnswerIsLostSaysSo(t *testing.T) {
	t.Parallel()
	p := newRegions(t, "a")
	p.stop("a")
	p.source.Inject(emulator.Fault{Path: "truncate-and-restore", Drop: emulator.DropAfter, Count: 1})
	got := p.invoke(t.Context(), "restore", attrs{"endpoint": "source", "link_name": "demo-link", "allow_truncation": true, "mirror_topic_names": set("a")})
	expectDiagnostics(t, got.diagnostics)
	if !slices.Contains(got.progress, "how many records are being cut off was not heard") {
		t.Errorf("progress: %q", got.progress)
	}
	p.awaitStatus(p.source, "demo-link", "ACTIVE", "a")
}
