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

// flowing is a pair whose link carries records all the time.
type flowing struct {
	*pair
	world *world
	flow  *flow
	stop  func()
}

func (r rotation) start(t *testing.T) *flowing {
	t.Helper()
	p := newSecuredPair(t, r.source)
	f := &flowing{pair: p, world: &world{t: t, source: p.source, destination: p.destination}}
	p.create(p.secured(p.trusting(r.before), 1))
	p.mirror("orders")
	p.awaitStatus(p.destination, "demo-link", kafkarest.StatusActive, "orders")
	f.flow, f.stop = f.world.startFlow("orders")
	f.goesOn()
	p.destination.ResetRequests()
	return f
}

// goesOn waits until more records have been written, and have arrived.
func (f *flowing) goesOn() {
	f.t.Helper()
	due := f.flow.before(time.Now()) + 100
	eventually(f.t, "records flow", func() bool { return f.flow.before(time.Now()) >= due })
	if _, err := f.destination.Consume(f.within(), "orders", due); err != nil {
		f.t.Error(err)
	}
}

// losesNothing ends the flow. All that was written has arrived, once and in
// order, and a new login succeeds.
func (f *flowing) losesNothing() {
	f.t.Helper()
	f.stop()
	f.relogin()
	f.writes(f.source, "orders", "the end")
	written := f.world.records(f.source, "orders")
	if n := len(written) - 1; n < f.flow.before(time.Now()) || !slices.Equal(written, append(numbers(n), "the end")) {
		f.t.Errorf("%d records are on the source, or not in order", n)
	}
	f.reads(f.destination, "orders", written...)
	if arrived := f.world.records(f.destination, "orders"); !slices.Equal(arrived, written) {
		f.t.Errorf("%d records of %d are on the destination", len(arrived), len(written))
	}
}

// While records flow, a credential is exchanged in one call: no record is lost
// or doubled, and the mirror topic never leaves ACTIVE.
func TestRotationWhileRecordsFlow(t *testing.T) {
	t.Parallel()
	for name, r := range rotations(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := r.start(t)
			after := f.secured(f.trusting(r.after), 2)
			stopWatch := f.watch()
			expectDiagnostics(t, f.apply(after))
			if sent := bodies(f.destination, alter+"$"); !slices.Equal(sent, []string{`{"data":[` + strings.Join(r.sent, ",") + `]}`}) {
				t.Errorf("sent %q, want %q", sent, r.sent)
			}
			if made := changes(f.destination); len(made) != 1 {
				t.Errorf("changed by %q", made)
			}
			f.source.Broker().SetPassword(r.revoke, "")
			f.goesOn()
			seen := stopWatch()
			if statuses := slices.Sorted(maps.Keys(seen)); !slices.Equal(statuses, []string{"ACTIVE", "link ACTIVE"}) || seen["ACTIVE"] < 10 {
				t.Errorf("seen: %v", seen)
			}
			f.losesNothing()
			expectDiagnostics(t, f.refresh())
			f.expectUnchanged(after)
			f.hides(r.after)
		})
	}
}

// A server that takes one setting at a time is told secrets first. The link may
// be out for a moment in between, but loses nothing.
func TestRotationOneSettingAtATimeLosesNothing(t *testing.T) {
	t.Parallel()
	r := rotations(t)["from SASL to mTLS"]
	f := r.start(t)
	f.destination.Inject(emulator.Fault{Method: "PUT", Path: `configs:alter$`, Status: 405})
	after := f.secured(f.trusting(r.after), 2)
	expectDiagnostics(t, f.apply(after))
	const one = "PUT /links/demo-link/configs/"
	made := changes(f.destination)
	if want := []string{alter, one + "ssl.keystore.certificate.chain", one + "ssl.keystore.key", one + "ssl.truststore.certificates"}; len(made) != 1+len(r.sent) || !slices.Equal(made[:4], want) {
		t.Errorf("changed by %q, want %q and the others", made, want)
	}
	f.source.Broker().SetPassword(r.revoke, "")
	f.goesOn()
	f.losesNothing()
	expectDiagnostics(t, f.refresh())
	f.expectUnchanged(after)
}
