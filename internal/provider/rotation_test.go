package provider

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// watch looks at the mirror topic orders and its link all the time, until it is
// called: what it returns are the statuses and states that it saw, and how often.
func (p *pair) watch() func() map[string]int {
	p.t.Helper()
	client, seen := p.outside(p.destination), map[string]int{}
	ctx, cancel := context.WithCancel(p.t.Context())
	var looking sync.WaitGroup
	looking.Go(func() {
		for ctx.Err() == nil {
			mirror, err := client.Mirror(ctx, "demo-link", "orders", false)
			link, linkErr := client.Link(ctx, "demo-link", false)
			switch {
			case ctx.Err() != nil:
			case err != nil || linkErr != nil:
				p.t.Errorf("look: %v, %v", err, linkErr)
				return
			default:
				seen[mirror.Status]++
				seen["link "+link.State]++
			}
		}
	})
	stop := func() map[string]int { cancel(); looking.Wait(); return seen }
	p.t.Cleanup(func() { stop() })
	return stop
}

// relogin cuts all connections to the source, so that the link has to make new ones.
func (p *pair) relogin() {
	p.t.Helper()
	p.source.Broker().Outage()
	if err := p.source.Broker().Restore(); err != nil {
		p.t.Fatal(err)
	}
}

// rotation is a change of what a link proves itself with.
type rotation struct {
	source        emulator.Config
	before, after attrs
	revoke        string // a user that is gone once the change is made
	sent          []string
}

func rotations(t *testing.T) map[string]rotation {
	ca := newCA(t)
	users := func() map[string]string {
		return map[string]string{"a-client": "client-password-1", "old": "old-password-1", "new": "new-password-1"}
	}
	sasl, both := emulator.Config{TLS: true, KafkaUsers: users()}, emulator.Config{TLS: true, KafkaUsers: users(), KafkaClientCA: ca}
	ssl, reset := attrs{"security.protocol": "SSL"}, func(name string) string { return `{"name":"` + name + `","operation":"DELETE"}` }
	set := func(name, value string) string {
		return `{"name":"` + name + `","operation":"SET","value":"` + value + `"}`
	}
	hidden := func(name string) string { return set(name, "(redacted)") }
	trust := hidden("ssl.truststore.certificates") // goes along with the others of its map
	return map[string]rotation{
		"another user": {
			source: sasl, before: login(t, "SASL_SSL", "PLAIN", "old", "old-password-1"), after: login(t, "SASL_SSL", "PLAIN", "new", "new-password-1"),
			revoke: "old", sent: []string{hidden("sasl.jaas.config"), trust},
		},
		"another user of SCRAM": {
			source: sasl, before: login(t, "SASL_SSL", "SCRAM-SHA-512", "old", "old-password-1"), after: login(t, "SASL_SSL", "SCRAM-SHA-512", "new", "new-password-1"),
			revoke: "old", sent: []string{hidden("sasl.jaas.config"), trust},
		},
		"another mechanism": {
			source: sasl, before: login(t, "SASL_SSL", "PLAIN", "old", "old-password-1"), after: login(t, "SASL_SSL", "SCRAM-SHA-256", "new", "new-password-1"),
			revoke: "old", sent: []string{hidden("sasl.jaas.config"), set("sasl.mechanism", "SCRAM-SHA-256"), trust},
		},
		"another certificate": {
			source: emulator.Config{TLS: true, KafkaClientCA: ca}, before: ssl.with(keystore(t, ca)), after: ssl.with(keystore(t, ca)),
			sent: []string{hidden("ssl.keystore.certificate.chain"), hidden("ssl.keystore.key"), trust},
		},
		"from SASL to mTLS": {
			source: both, before: login(t, "SASL_SSL", "PLAIN", "old", "old-password-1"), after: ssl.with(keystore(t, ca)), revoke: "old",
			sent: []string{
				reset("sasl.jaas.config"), reset("sasl.mechanism"), set("security.protocol", "SSL"),
				hidden("ssl.keystore.certificate.chain"), hidden("ssl.keystore.key"), set("ssl.keystore.type", "PEM"), trust,
			},
		},
		"from mTLS to SASL": {
			source: both, before: ssl.with(keystore(t, ca)), after: login(t, "SASL_SSL", "SCRAM-SHA-512", "new", "new-password-1"),
			sent: []string{
				hidden("sasl.jaas.config"), set("sasl.mechanism", "SCRAM-SHA-512"), set("security.protocol", "SASL_SSL"),
				reset("ssl.keystore.certificate.chain"), reset("ssl.keystore.key"), reset("ssl.keystore.type"), trust,
			},
		},
	}
}

// While records flow, a credential is exchanged in one call: no record is lost
// or doubled, and the mirror topic never leaves ACTIVE.
func TestRotationWhileRecordsFlow(t *testing.T) {
	t.Parallel()
	for name, r := range rotations(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newSecuredPair(t, r.source)
			w := &world{t: t, source: p.source, destination: p.destination}
			after := p.secured(p.trusting(r.after), 2)
			p.create(p.secured(p.trusting(r.before), 1))
			p.mirror("orders")
			p.awaitStatus(p.destination, "demo-link", kafkarest.StatusActive, "orders")
			flow, stopFlow := w.startFlow("orders")
			flows := func() {
				due := flow.before(time.Now()) + 100
				eventually(t, "records flow", func() bool { return flow.before(time.Now()) >= due })
				if _, err := p.destination.Consume(p.within(), "orders", due); err != nil {
					t.Error(err)
				}
			}
			flows()
			p.destination.ResetRequests()
			stopWatch := p.watch()

			expectDiagnostics(t, p.apply(after))
			if sent := bodies(p.destination, alter+"$"); !slices.Equal(sent, []string{`{"data":[` + strings.Join(r.sent, ",") + `]}`}) {
				t.Errorf("sent %q, want %q", sent, r.sent)
			}
			if made := changes(p.destination); len(made) != 1 {
				t.Errorf("changed by %q", made)
			}
			p.source.Broker().SetPassword(r.revoke, "")
			flows()
			seen := stopWatch()
			if statuses := slices.Sorted(maps.Keys(seen)); !slices.Equal(statuses, []string{"ACTIVE", "link ACTIVE"}) || seen["ACTIVE"] < 10 {
				t.Errorf("seen: %v", seen)
			}
			stopFlow()

			p.relogin() // for which the former credential is of no use
			p.writes(p.source, "orders", "the end")
			written := w.records(p.source, "orders")
			if n := len(written) - 1; n < flow.before(time.Now()) || !slices.Equal(written, append(numbers(n), "the end")) {
				t.Errorf("%d records are on the source, or not in order", n)
			}
			p.reads(p.destination, "orders", written...)
			if arrived := w.records(p.destination, "orders"); !slices.Equal(arrived, written) {
				t.Errorf("%d records of %d are on the destination", len(arrived), len(written))
			}
			expectDiagnostics(t, p.refresh())
			p.expectUnchanged(after)
			p.hides(r.after)
		})
	}
}
