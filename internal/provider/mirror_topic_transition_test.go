package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	pauseOrders  = "POST /links/demo-link/mirrors:pause"
	resumeOrders = "POST /links/demo-link/mirrors:resume"
)

// written is the demo with a state that is written.
func (w *world) written(state string) string {
	return w.config(demoLink("") + demoMirror(`state = "`+state+`"`))
}

// becomes is a step that changes the state of demoMirror by these calls.
func (w *world) becomes(state, status string, want ...string) resource.TestStep {
	return resource.TestStep{
		Config:           w.written(state),
		ConfigPlanChecks: planned(ordersMirror, plancheck.ResourceActionUpdate),
		ConfigStateChecks: ordersIs(map[string]knownvalue.Check{
			"state": knownvalue.StringExact(state), "mirror_status": knownvalue.StringExact(status),
		}),
		Check: w.told(w.destination, want...),
	}
}

func TestStateChangesByPauseResumeAndPromote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	acceptance(t,
		w.createsDemo(""),
		unchanged(w.written("ACTIVE")),
		w.becomes("PAUSED", "PAUSED", pauseOrders),
		unchanged(w.written("PAUSED")),
		w.becomes("ACTIVE", "ACTIVE", resumeOrders),
		resource.TestStep{ // drift
			PreConfig:        func() { w.outside(kafkarest.Pause, "PAUSED"); w.destination.ResetRequests() },
			Config:           w.written("ACTIVE"),
			ConfigPlanChecks: planned(ordersMirror, plancheck.ResourceActionUpdate),
			Check: func(s *terraform.State) error {
				w.sent(w.destination, resumeOrders, `{"mirror_topic_names":["orders"]}`)
				return w.told(w.destination, resumeOrders)(s)
			},
		},
		w.becomes("PROMOTED", "STOPPED", promoteOrders),
		unchanged(w.written("PROMOTED")),
		w.becomes("FAILED_OVER", "STOPPED"), // which nobody can tell apart
		unchanged(w.written("FAILED_OVER")),
		refused(w.written("PAUSED"), `state = "PAUSED"`),
		refused(w.written("ACTIVE"), `The mirror topic "orders" cannot become ACTIVE: it is STOPPED, and a topic that was stopped does not mirror again. `+
			`Write state = "PROMOTED" to keep it as it is; or take it out of Terraform with a removed block; on a bidirectional link, the action clusterlink_restore_mirror_topics makes it mirror again`),
		refused(w.written("ACTIVE"), "If this stands in the way of terraform destroy, use -refresh=false, or set CLUSTERLINK_PLAN_VALIDATION=false"),
	)
	w.produce(w.destination, "orders", "written here")
	w.expectRecords(w.destination, "orders", "1", "written here")
}

func TestStateFailsOverWhatIsPausedAndWithoutASource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	acceptance(t,
		w.createsDemo(`state = "ACTIVE"`),
		resource.TestStep{
			PreConfig: func() {
				w.expectRecords(w.destination, "orders", "1")
				w.source.Broker().Outage()
				w.await("SOURCE_UNAVAILABLE")
			},
			Config: w.written("PAUSED"), ExpectError: wrapped(`The mirror topic "orders" cannot become PAUSED: it is SOURCE_UNAVAILABLE. Mend the link or its source, or write state = "FAILED_OVER"`),
		},
		refused(w.written("PROMOTED"), `The mirror topic "orders" cannot become PROMOTED: it is SOURCE_UNAVAILABLE.`),
		w.becomes("FAILED_OVER", "STOPPED", failoverOrders),
		unchanged(w.written("FAILED_OVER")),
	)
	w.produce(w.destination, "orders", "written here")
	w.expectRecords(w.destination, "orders", "1", "written here")
	w.restoreSource()
}

func TestMirrorTopicIsCreatedPausedButNeverStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	acceptance(t,
		refused(w.written("PROMOTED"), `state = "PROMOTED"`),
		refused(w.written("PROMOTED"), `A mirror topic cannot be created as PROMOTED: it has to mirror first.`),
		refused(w.written("FAILED_OVER"), `A mirror topic cannot be created as FAILED_OVER: it has to mirror first.`),
		refused(w.written("STOPPED"), `state value must be one of: ["ACTIVE" "PAUSED" "PROMOTED" "FAILED_OVER"]`),
		resource.TestStep{
			Config:            w.written("PAUSED"),
			ConfigPlanChecks:  planned(ordersMirror, plancheck.ResourceActionCreate),
			ConfigStateChecks: ordersIs(map[string]knownvalue.Check{"state": knownvalue.StringExact("PAUSED"), "mirror_status": knownvalue.StringExact("PAUSED")}),
			Check:             w.told(w.destination, createDemoLink, "POST /links/demo-link/mirrors", pauseOrders),
		},
		unchanged(w.written("PAUSED")),
		w.becomes("FAILED_OVER", "STOPPED", failoverOrders),
	)
}

func TestUpdateThatFailsHalfWayLeavesWhatIsTrue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	const alter = "POST /topics/orders/configs:alter"
	c := newCLI(t, w.written("ACTIVE"))
	c.applies(2)
	w.destination.ResetRequests()

	w.destination.RefuseVerdict("demo-link", "orders", "pause", 40035, "Not before noon.")
	c.write(w.config(demoLink("") + demoMirror("state = \"PAUSED\"\n config = { \"retention.ms\" = \"86400000\" }")))
	says(t, c.fails("apply", "-auto-approve"), "Unable to change state of mirror topic", "Not before noon. (error_code 40035)")
	says(t, c.succeeds("show"), `source_topic_name = "orders" state = "ACTIVE"`, `mirror_status = "ACTIVE"`, `"retention.ms" = "86400000"`)
	if err := w.told(w.destination, alter, pauseOrders)(nil); err != nil {
		t.Error(err)
	}

	w.destination.RefuseVerdict("demo-link", "orders", "pause", 0, "")
	says(t, c.succeeds("apply", "-auto-approve"), `state = "ACTIVE" -> "PAUSED"`, "0 added, 1 changed, 0 destroyed.")
	if err := w.told(w.destination, pauseOrders)(nil); err != nil { // only that was left to do
		t.Error(err)
	}
	says(t, c.succeeds("plan"), "No changes.")
}

func TestUnknownStatusShowsInMirrorStatusAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	seen := func(status, state string) resource.TestStep {
		return resource.TestStep{
			PreConfig: func() { w.destination.SetMirrorStatus("demo-link", "orders", status) },
			Config:    w.written(state),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(ordersMirror, plancheck.ResourceActionNoop)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			ConfigStateChecks: ordersIs(map[string]knownvalue.Check{"state": knownvalue.StringExact(state), "mirror_status": knownvalue.StringExact(status)}),
			Check:             w.told(w.destination),
		}
	}
	acceptance(t,
		w.createsDemo(`state = "ACTIVE"`),
		seen(emulatortest.UnknownStatus, "ACTIVE"),
		seen("PENDING_SYNCHRONIZE", "ACTIVE"),
		seen("FAILED", "ACTIVE"),
		refused(w.written("PAUSED"), `The mirror topic "orders" cannot become PAUSED: it is FAILED.`),
		resource.TestStep{PreConfig: func() { w.destination.SetMirrorStatus("demo-link", "orders", "") }, Config: w.written("PAUSED"), Check: w.told(w.destination, pauseOrders)},
		seen(emulatortest.UnknownStatus, "PAUSED"),
		resource.TestStep{PreConfig: func() { w.destination.SetMirrorStatus("demo-link", "orders", "") }, Config: w.written("PAUSED")},
	)
}

func TestStateLeftOutFollowsWhatIsObservedWithAWarning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	c := newCLI(t, w.config(demoLink("")+demoMirror("")))
	const summary = "Mirror topic is not active"
	if said := c.succeeds("apply", "-auto-approve"); strings.Contains(said, summary) {
		t.Errorf("warned too early: %s", said)
	}
	w.outside(kafkarest.Pause, "PAUSED")
	says(t, c.succeeds("plan"), "No changes.", summary, `The mirror topic "orders" is PAUSED`, `Write state = "PAUSED" to keep it so and end this warning.`)
	w.outside(kafkarest.Promote, "STOPPED")
	w.destination.ResetRequests()
	says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed", summary, `Write state = "PROMOTED" to keep it so and end this warning.`)
	says(t, c.succeeds("show"), `state = "PROMOTED"`, `mirror_status = "STOPPED"`)
	c.write(w.written("PROMOTED"))
	if said := c.succeeds("plan"); strings.Contains(said, summary) || !strings.Contains(said, "No changes.") {
		t.Errorf("still: %s", said)
	}
	if got := changes(w.destination); len(got) > 0 {
		t.Errorf("changed %q", got)
	}
}
