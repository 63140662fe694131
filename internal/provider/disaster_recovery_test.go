package provider

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const regionsLink = "regions"

// regions is a walk through the guide to disaster recovery: the source is east,
// the destination west.
type regions struct {
	*walk
	east, west *emulator.Cluster
	records    map[string][]string // that each topic must have, by name
}

func newRegionsWalk(t *testing.T) *regions {
	t.Helper()
	w := newWorld(t)
	c := w.story("disaster-recovery", "east", "west", nil)
	g := &walk{cli: c, steps: readSteps(t, "disaster-recovery"), w: w, variables: map[string]string{}}
	r := &regions{walk: g, east: w.source, west: w.destination, records: map[string][]string{}}
	for _, topic := range []string{"orders", "payments"} {
		w.topic(topic)
		r.records[topic] = nil
	}
	r.replaced = strings.NewReplacer("{east_rest_endpoint}", r.east.RESTEndpoint(), "{east_cluster_id}", r.east.ID(),
		"{west_rest_endpoint}", r.west.RESTEndpoint(), "{west_cluster_id}", r.west.ID())
	return r
}

// needsNoActions leaves the actions of the example out where the CLI does not
// know them, and carries them out over the wire.
func (r *regions) needsNoActions() {
	r.t.Helper()
	path := filepath.Join(r.dir, "disaster-recovery_actions.tf")
	actions, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		r.t.Fatal(err)
	}
	endpoint := func(c *emulator.Cluster) attrs {
		return attrs{"rest_endpoint": c.RESTEndpoint(), "cluster_id": c.ID(), "username": restUser, "password": restPassword, "ca_certificate": c.CACertificate()}
	}
	r.invoke = r.overTheWire(string(actions), attrs{"endpoints": attrs{"east": endpoint(r.east), "west": endpoint(r.west)}})
}

// leads produces to the topics of a cluster, more to one than to the other, and
// sees that the other cluster's copies get these records, or do not.
func (r *regions) leads(c, copies *emulator.Cluster, value string, arrives bool) {
	r.t.Helper()
	for topic, values := range map[string][]string{"orders": {value, value + " too"}, "payments": {value}} {
		before := r.records[topic]
		r.w.produce(c, topic, values...)
		r.records[topic] = append(before[:len(before):len(before)], values...)
		r.w.expectRecords(c, topic, r.records[topic]...)
		if arrives {
			r.w.expectRecords(copies, topic, r.records[topic]...)
			if err := copies.Produce(r.t.Context(), topic, "written to the copy"); err == nil {
				r.t.Errorf("%s: the copy of %q was written to", copies.ID(), topic)
			}
		} else {
			r.w.expectRecords(copies, topic, before...)
		}
	}
}

// copying waits until a cluster's topics mirror and have every record.
func (r *regions) copying(c *emulator.Cluster) {
	r.t.Helper()
	admin := r.w.admin(c)
	for topic := range r.records {
		eventually(r.t, topic+" to follow", func() bool {
			m, err := admin.Mirror(r.t.Context(), regionsLink, topic, false)
			return err == nil && m.Status == kafkarest.StatusActive && totalLag(m.Lags) == 0
		})
	}
}

// noChange runs a plan, which must find nothing to do.
func (r *regions) noChange() {
	r.t.Helper()
	says(r.t, r.succeeds("plan"), "No changes.")
}

// isSafe runs an apply between writing the variables and the action: it must
// fail, and change nothing.
func (r *regions) isSafe() {
	r.t.Helper()
	r.resetRequests()
	r.fails("apply", "-auto-approve")
	r.w.expectChanges(r.east)
	r.w.expectChanges(r.west)
}

func (r *regions) resetRequests() {
	r.east.ResetRequests()
	r.west.ResetRequests()
}

// loses takes a region away altogether, and says how to bring it back.
func (r *regions) loses(c *emulator.Cluster) (comesBack func()) {
	r.t.Helper()
	c.Broker().Outage()
	c.Inject(emulator.Fault{Drop: emulator.DropBefore})
	r.resetRequests()
	return func() {
		r.t.Helper()
		if asked := calls(c, "."); len(asked) > 0 {
			r.t.Errorf("%s was asked while it was away: %q", c.ID(), asked)
		}
		c.ClearFaults()
		if err := c.Broker().Restore(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// begins is the steady state.
func (r *regions) begins() {
	r.t.Helper()
	says(r.t, r.takes("begin"), "4 added, 0 changed, 0 destroyed.")
	r.leads(r.east, r.west, "steady", true)
	r.copying(r.west)
	says(r.t, r.takes("lag"), `"west" = { "orders" = { "lag" = 0 "status" = "ACTIVE" } "payments" = { "lag" = 0 "status" = "ACTIVE" } }`)
	r.noChange()
}

// Every command of the guide, with actions where the CLI has them: what is said,
// what is planned after it, and which records each region has.
func TestDisasterRecoveryGuide(t *testing.T) {
	t.Parallel()
	r := newRegionsWalk(t)
	if r.lacks(tfversion.Version1_14_0) != "" {
		r.needsNoActions()
	}
	r.begins()
	r.resetRequests()
	says(t, r.takes("rehearse"), `2 of 2 mirror topics of link "regions" would be failed over`)
	r.w.expectChanges(r.west)
	r.leads(r.east, r.west, "after the rehearsal", true)

	r.switches()
	r.returns()
	r.failsOver()
	r.failsBack()
	r.returns()

	r.promotesAndReturns()
	r.failsOverByState()
	r.follows("follow", "followed", r.west, r.east)
	says(t, r.succeeds("destroy", "-auto-approve"), "6 destroyed")
	r.leads(r.east, r.west, "without a link", false)
}

func (r *regions) switches() {
	r.t.Helper()
	r.onlySets("switch")
	r.isSafe()
	says(r.t, r.takes("switch"), "2 of 2 reversed")
	r.leads(r.west, r.east, "switched", true)
	r.resetRequests()
	says(r.t, r.takes("switched"), "Plan: 2 to import, 0 to add, 0 to change, 0 to destroy.", "2 imported, 0 added, 0 changed, 0 destroyed.")
	r.w.expectChanges(r.east)
	r.w.expectChanges(r.west)
	r.noChange()
	r.copying(r.east)
	says(r.t, r.takes("lag"), `"east" = { "orders" = { "lag" = 0 "status" = "ACTIVE" } "payments" = { "lag" = 0 "status" = "ACTIVE" } }`)
}

func (r *regions) returns() {
	r.t.Helper()
	r.copying(r.east)
	r.onlySets("return")
	r.isSafe()
	says(r.t, r.takes("return"), "2 of 2 reversed", "0 added, 0 changed, 2 destroyed.")
	r.w.expectChanges(r.east, "POST /links/regions/mirrors:reverse-and-start-mirror")
	r.w.expectChanges(r.west)
	r.noChange()
	r.leads(r.east, r.west, "returned", true)
	r.copying(r.west)
}

// failsOver loses east. What its producers write then, who do not hear of the
// failover, never reaches west.
func (r *regions) failsOver() {
	r.t.Helper()
	comesBack := r.loses(r.east)
	says(r.t, r.takes("failover"), "2 of 2 failed over")
	says(r.t, r.takes("failed-over"), "0 added, 2 changed, 0 destroyed.")
	r.w.expectChanges(r.west, "POST /links/regions/mirrors:failover")
	comesBack()
	r.leads(r.west, r.east, "failed over", false)
	r.w.produce(r.east, "orders", "lost", "lost too")
	says(r.t, r.takes("back"), "No changes.")
}

func (r *regions) failsBack() {
	r.t.Helper()
	r.resetRequests()
	says(r.t, r.takes("rehearse-restore"), `2 of 2 mirror topics of link "regions" would be restored`, `2 records would be cut off, 2 of "orders"`)
	r.onlySets("restore")
	r.isSafe()
	says(r.t, r.takes("restore"), `2 records are being cut off, 2 of "orders"`, "2 of 2 restored", "2 imported, 0 added, 0 changed, 0 destroyed.")
	r.noChange()
	r.leads(r.west, r.east, "restored", true)
}

// promotesAndReturns is the planned switch and the way back where there are no actions.
func (r *regions) promotesAndReturns() {
	r.t.Helper()
	says(r.t, r.takes("promote"), "0 added, 2 changed, 0 destroyed.")
	r.leads(r.west, r.east, "promoted", false)
	r.noChange()
	r.follows("follow", "followed", r.west, r.east)

	says(r.t, r.takes("promote-back"), "0 added, 2 changed, 0 destroyed.")
	r.leads(r.east, r.west, "promoted again", false)
	r.follows("follow-back", "followed-back", r.east, r.west)
}

func (r *regions) failsOverByState() {
	r.t.Helper()
	comesBack := r.loses(r.east)
	says(r.t, r.takes("state-failover"), "0 added, 2 changed, 0 destroyed.")
	if made := slices.Compact(changes(r.west)); !slices.Equal(made, []string{"POST /links/regions/mirrors:failover"}) { // of both topics, or one by one
		r.t.Errorf("changes: %q", made)
	}
	comesBack()
	r.leads(r.west, r.east, "failed over by state", false)
	r.noChange()
}

// follows restores the topics of a cluster by a request, so that they follow
// those of the other.
func (r *regions) follows(step, then string, leader, follower *emulator.Cluster) {
	r.t.Helper()
	r.onlySets(step)
	r.isSafe()
	says(r.t, r.takes(step), `"messages_truncated":0`)
	r.copying(follower)
	r.resetRequests()
	r.takes(then)
	r.noChange()
	r.w.expectChanges(leader)
	r.w.expectChanges(follower)
	r.leads(leader, follower, then, true)
	r.copying(follower)
}
