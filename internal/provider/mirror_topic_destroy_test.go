package provider

import (
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	promoteOrders  = "POST /links/demo-link/mirrors:promote"
	failoverOrders = "POST /links/demo-link/mirrors:failover"
)

// createsDemo is a first step for tests of what comes later.
func (w *world) createsDemo(mirror string) resource.TestStep {
	return resource.TestStep{
		Config: w.config(demoLink("") + demoMirror(mirror)),
		Check:  w.told(w.destination, createDemoLink, "POST /links/demo-link/mirrors"),
	}
}

// destroysOrders is a step in which demoMirror is destroyed, and its link stays.
func (w *world) destroysOrders(before func(), want ...string) resource.TestStep {
	return resource.TestStep{
		PreConfig:        before,
		Config:           w.config(demoLink("")),
		ConfigPlanChecks: planned(ordersMirror, plancheck.ResourceActionDestroy),
		Check:            w.told(w.destination, want...),
	}
}

// outside does something to demoMirror outside of Terraform.
func (w *world) outside(verb kafkarest.Verb, until string) {
	w.t.Helper()
	verdicts, err := w.admin(w.destination).AlterMirrors(w.t.Context(), "demo-link", verb, kafkarest.Selection{Names: []string{"orders"}}, false)
	if err != nil || len(verdicts) != 1 || verdicts[0].Refused() {
		w.t.Errorf("%s: %v, %v", verb, verdicts, err)
	}
	w.await(until)
}

// await waits until demoMirror has a status.
func (w *world) await(status string) {
	w.t.Helper()
	admin := w.admin(w.destination)
	eventually(w.t, "status "+status, func() bool {
		mirror, err := admin.Mirror(w.t.Context(), "demo-link", "orders", false)
		return err == nil && mirror.Status == status
	})
}

// lagging leaves demoMirror without its last records, and with a source that is away.
func (w *world) lagging(values ...string) {
	w.t.Helper()
	w.outside(kafkarest.Pause, "PAUSED")
	w.produce(w.source, "orders", values...)
	w.source.Broker().Outage()
}

func (w *world) restoreSource() {
	if err := w.source.Broker().Restore(); err != nil {
		w.t.Error(err)
	}
}

func TestDestroyPromotesWithAllRecordsThoughMoreAreFlowing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders")
	var flow *flow
	var due int // records that were there before the promotion was asked for
	acceptance(t,
		w.createsDemo(""),
		resource.TestStep{
			PreConfig: func() {
				flow, _ = w.startFlow("orders")
				eventually(t, "records flow", func() bool { return flow.before(time.Now()) > 100 })
			},
			Config: w.config(demoLink("")),
			Check: func(s *terraform.State) error {
				for _, r := range requests(w.destination, promoteOrders+"$") {
					due = flow.before(r.At)
				}
				return w.told(w.destination, promoteOrders)(s)
			},
		},
	)
	arrived := w.records(w.destination, "orders")
	if due == 0 || len(arrived) < due || !slices.Equal(arrived, numbers(len(arrived))) {
		t.Errorf("%d records are there, or not in order; %d were written before the topic was promoted", len(arrived), due)
	}
	w.produce(w.destination, "orders", "written here")
}

func TestDestroyWaitsUntilTheLagIsZero(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", numbers(5)...)
	acceptance(t,
		w.createsDemo(""),
		w.destroysOrders(func() {
			w.lagging(numbers(500)...)
			go func() {
				w.await("PENDING_STOPPED")
				w.restoreSource()
			}()
		}, promoteOrders),
	)
	w.produce(w.destination, "orders", "written here")
	w.expectRecords(w.destination, "orders", slices.Concat(numbers(5), numbers(500), []string{"written here"})...)
}

func TestDestroyOfAStoppedMirrorTopicAsksForNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	acceptance(t,
		w.createsDemo(""),
		w.destroysOrders(func() { w.outside(kafkarest.Promote, "STOPPED") }),
	)
	w.expectRecords(w.destination, "orders", "1")
}

func TestDestroyWaitsForAPromotionThatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	acceptance(t,
		w.createsDemo(""),
		w.destroysOrders(func() {
			w.lagging("2", "3")
			w.outside(kafkarest.Promote, "PENDING_STOPPED")
			w.destination.ResetRequests()
			go func() {
				eventually(t, "the provider waits", func() bool { return len(calls(w.destination, `^GET /links/demo-link/mirrors/orders$`)) > 3 })
				w.restoreSource()
			}()
		}),
	)
	w.expectRecords(w.destination, "orders", "1", "2", "3")
}

func TestDestroyOfATopicWhoseLinkIsGoneAsksForNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	const linkless = `
resource "clusterlink_mirror_topic" "orders" {
  endpoint          = "destination"
  link_name         = "demo-link"
  source_topic_name = "orders"
  state             = "PROMOTED"
}
`
	acceptance(t,
		w.createsDemo(""),
		resource.TestStep{Config: w.config(demoLink("") + demoMirror(`state = "PROMOTED"`)), Check: w.told(w.destination, promoteOrders)},
		resource.TestStep{ // The topic stays known though its link is destroyed.
			Config:            w.config(linkless),
			ConfigPlanChecks:  planned(ordersMirror, plancheck.ResourceActionNoop),
			ConfigStateChecks: ordersIs(map[string]knownvalue.Check{"state": knownvalue.StringExact("PROMOTED")}),
			Check:             w.told(w.destination, "DELETE /links/demo-link"),
		},
		unchanged(w.config(linkless)),
		resource.TestStep{
			Config: w.config(""),
			Check:  w.told(w.destination),
		},
	)
	w.expectRecords(w.destination, "orders", "1")
}

func TestDestroyThatIsRefusedKeepsTheMirrorTopicInState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	acceptance(t,
		w.createsDemo(""),
		resource.TestStep{
			PreConfig: func() {
				w.destination.RefuseVerdict("demo-link", "orders", "promote", 40035, "Promotion is frozen for the day.")
			},
			Config: w.config(demoLink("")), ExpectError: wrapped("Promotion is frozen for the day. (error_code 40035)"),
		},
		refused(w.config(demoLink("")), `If the source is lost, set on_destroy = "FAILOVER", apply, and destroy again`),
		unchanged(w.config(demoLink("")+demoMirror(""))), // it is in the state, and mirrors
		resource.TestStep{
			PreConfig: func() {
				w.expectRecords(w.destination, "orders", "1")
				w.destination.RefuseVerdict("demo-link", "orders", "promote", 0, "")
				w.destination.ResetRequests()
			},
			Config: w.config(demoLink("")), Check: w.told(w.destination, promoteOrders),
		},
	)
}

func TestDestroyWithoutASourceSaysWhyAndFailsOverWhenTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	const hasty = `timeouts = { delete = "2s" }`
	acceptance(t,
		w.createsDemo(hasty),
		resource.TestStep{
			PreConfig: func() { w.lagging("2") },
			Config:    w.config(demoLink("")), ExpectError: wrapped(`has status PENDING_STOPPED`),
		},
		refused(w.config(demoLink("")), `INTERNAL_ERROR: The source cluster`),
		refused(w.config(demoLink("")), `If the source is lost, set on_destroy = "FAILOVER", apply, and destroy again`),
		resource.TestStep{
			Config:           w.config(demoLink("") + demoMirror(hasty+"\n on_destroy = \"FAILOVER\"")),
			ConfigPlanChecks: planned(ordersMirror, plancheck.ResourceActionUpdate),
			Check:            w.told(w.destination, promoteOrders), // of the first attempt; the others waited for it
		},
		w.destroysOrders(nil, failoverOrders),
	)
	w.produce(w.destination, "orders", "written here")
	w.expectRecords(w.destination, "orders", "1", "written here")
	w.restoreSource()
}

func TestKeepLeavesTheTopicMirroring(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	link := demoLink("force_destroy = true")
	acceptance(t,
		resource.TestStep{Config: w.config(link + demoMirror(`on_destroy = "KEEP"`))},
		resource.TestStep{
			PreConfig:        w.destination.ResetRequests,
			Config:           w.config(link),
			ConfigPlanChecks: planned(ordersMirror, plancheck.ResourceActionDestroy),
			Check: func(s *terraform.State) error {
				w.produce(w.source, "orders", "2")
				w.expectRecords(w.destination, "orders", "1", "2")
				return w.told(w.destination)(s)
			},
		},
	)
}

func TestDeleteTopicDeletesTheTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mayDeleteTopics = true
	w.topic("orders", "1")
	acceptance(t,
		w.createsDemo(`on_destroy = "DELETE_TOPIC"`),
		w.destroysOrders(nil, "DELETE /topics/orders"),
	)
	if topic, err := w.admin(w.destination).Topic(t.Context(), "orders"); err == nil {
		t.Errorf("there is still %v", topic)
	}
	if topic, err := w.admin(w.source).Topic(t.Context(), "orders"); err != nil {
		t.Errorf("the source lost its topic: %v, %v", topic, err)
	}
}
