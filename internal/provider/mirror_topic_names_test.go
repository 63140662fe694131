package provider

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// prefixedLink is demoLink with a prefix.
func prefixedLink() string {
	return strings.Replace(demoLink(""), "config = {", `config = {
    "cluster.link.prefix" = "west."`, 1)
}

func TestMirrorTopicTakesTheNameThatTheLinkGivesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.topic("payments", "2")
	const payments = `
resource "clusterlink_mirror_topic" "payments" {
  endpoint          = "destination"
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = "payments"
  mirror_topic_name = "west.payments"
}
`
	const name = "mirror_topic_name"
	acceptance(t,
		resource.TestStep{ // With its link in one apply, the prefix cannot be seen while planning.
			Config: w.config(prefixedLink() + demoMirror("")),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownValue(ordersMirror, tfjsonpath.New(name)),
				plancheck.ExpectUnknownValue(ordersMirror, tfjsonpath.New("id")),
			}},
			ConfigStateChecks: ordersIs(map[string]knownvalue.Check{
				"id": knownvalue.StringExact("lkc-destination/demo-link/west.orders"),
				name: knownvalue.StringExact("west.orders"),
			}),
			Check: func(s *terraform.State) error {
				w.sent(w.destination, `POST /links/demo-link/mirrors$`, `{"source_topic_name":"orders","mirror_topic_name":"west.orders","configs":[]}`)
				return w.told(w.destination, createDemoLink, "POST /links/demo-link/mirrors")(s)
			},
		},
		unchanged(w.config(prefixedLink()+demoMirror(""))),
		unchanged(w.config(prefixedLink()+demoMirror(`mirror_topic_name = "west.orders"`))),
		resource.TestStep{ // On a link that is there, the name is planned.
			Config: w.config(prefixedLink() + strings.Replace(payments, `mirror_topic_name = "west.payments"`, "", 1)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue("clusterlink_mirror_topic.payments", tfjsonpath.New(name), knownvalue.StringExact("west.payments")),
				plancheck.ExpectKnownValue("clusterlink_mirror_topic.payments", tfjsonpath.New("id"), knownvalue.StringExact("lkc-destination/demo-link/west.payments")),
			}},
			Check: func(*terraform.State) error {
				w.sent(w.destination, `POST /links/demo-link/mirrors$`, `{"source_topic_name":"payments","mirror_topic_name":"west.payments","configs":[]}`)
				return nil
			},
		},
		unchanged(w.config(prefixedLink()+payments)),
	)
	w.expectRecords(w.destination, "west.orders", "1")
	w.expectRecords(w.destination, "west.payments", "2")
}

func TestMirrorTopicOfAWrongNameFailsAtPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders")
	acceptance(t,
		// Without a server: no prefix makes that name.
		refused(w.config(demoLink("")+demoMirror(`mirror_topic_name = "payments"`)), `mirror_topic_name = "payments"`),
		refused(w.config(demoLink("")+demoMirror(`mirror_topic_name = "payments"`)), `it ends in "orders"`),
		resource.TestStep{Config: w.config(prefixedLink()), Check: w.told(w.destination, createDemoLink)},
		// With the link: that prefix is not its own.
		refused(w.config(prefixedLink()+demoMirror(`mirror_topic_name = "east.orders"`)), `mirror_topic_name = "east.orders"`),
		refused(w.config(prefixedLink()+demoMirror(`mirror_topic_name = "east.orders"`)), `on the link "demo-link" its name can only be "west.orders"`),
		refused(w.config(prefixedLink()+demoMirror(`mirror_topic_name = "orders"`)), `on the link "demo-link" its name can only be "west.orders"`),
		resource.TestStep{
			Config: w.config(prefixedLink() + demoMirror(`mirror_topic_name = "west.orders"`)),
			Check:  w.told(w.destination, "POST /links/demo-link/mirrors"),
		},
		// Renaming is a replacement, and the new name is as wrong.
		refused(w.config(prefixedLink()+demoMirror(`mirror_topic_name = "east.orders"`)), `its name can only be "west.orders"`),
		resource.TestStep{Config: w.config(prefixedLink() + demoMirror("")), Check: w.told(w.destination)},
	)
}

func TestMirrorTopicOfAMissingSourceFailsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.config(demoLink("") + demoMirror(""))
	acceptance(t,
		refused(config, `source_topic_name = "orders"`),
		resource.TestStep{
			PreConfig: func() {
				if got := calls(w.destination, `POST /links/demo-link/mirrors$`); len(got) != 1 {
					t.Errorf("tried to create the mirror topic %d times, want 1", len(got))
				}
				w.destination.ResetRequests()
			},
			Config: config, ExpectError: wrapped(`The source cluster has no topic "orders", or the link's user may not see it`),
		},
		resource.TestStep{
			PreConfig: func() { w.topic("orders", "1"); w.destination.ResetRequests() },
			Config:    config,
			Check:     w.told(w.destination, "POST /links/demo-link/mirrors"),
		},
	)
}

func TestMirrorTopicOfAMissingLinkFailsAtItsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders")
	mirror := strings.Replace(demoMirror(`timeouts = { create = "1s" }`), "clusterlink_link.demo.link_name", `"other-link"`, 1)
	acceptance(t,
		refused(w.config(mirror), `link_name = "other-link"`),
		refused(w.config(mirror), `Cluster link 'other-link' does not exist`),
	)
	if got := changes(w.destination); len(got) > 0 {
		t.Errorf("changed %q", got)
	}
}

func TestMirrorTopicWaitsForWhatIsNotVisibleYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.destination.SetVisibilityDelay(3 * time.Second)
	config := w.config(demoLink("") + demoMirror(""))
	acceptance(t,
		resource.TestStep{
			Config:            config,
			ConfigStateChecks: ordersIs(map[string]knownvalue.Check{"mirror_status": knownvalue.StringExact("ACTIVE"), "num_partitions": knownvalue.Int64Exact(1)}),
		},
		unchanged(config),
	)
	if got := changes(w.destination); !slices.Equal(got, []string{createDemoLink, "POST /links/demo-link/mirrors", "POST /links/demo-link/mirrors:promote", "DELETE /links/demo-link"}) {
		t.Errorf("changed %q", got)
	}
}

func TestMirrorTopicThatDisappearsIsPlannedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1", "2")
	config := w.config(demoLink("force_destroy = true") + demoMirror(`mirror_topic_name = "orders"`))
	admin := w.admin(w.destination)
	acceptance(t,
		resource.TestStep{Config: config, Check: w.told(w.destination, createDemoLink, "POST /links/demo-link/mirrors")},
		resource.TestStep{ // The topic was deleted.
			PreConfig: func() {
				if err := admin.DeleteTopic(t.Context(), "orders"); err != nil {
					t.Fatal(err)
				}
			},
			Config:           config,
			ConfigPlanChecks: planned(ordersMirror, plancheck.ResourceActionCreate),
			Check:            w.told(w.destination, "POST /links/demo-link/mirrors"),
		},
		resource.TestStep{ // The link was deleted: what it mirrored is an ordinary topic now.
			PreConfig: func() {
				w.expectRecords(w.destination, "orders", "1", "2")
				if err := admin.DeleteLink(t.Context(), "demo-link", true); err != nil {
					t.Fatal(err)
				}
			},
			Config: config, ExpectError: wrapped(`The cluster has a topic "orders", which is no mirror topic`),
		},
	)
	if got := changes(w.destination); !slices.Equal(got, []string{"DELETE /links/demo-link?force=true"}) { // by the end of the test
		t.Errorf("changed %q", got)
	}
}

func demoMirrorAt(endpoint string) string {
	return strings.Replace(demoMirror(""), `"destination"`, `"`+endpoint+`"`, 1)
}

func TestMirrorTopicStaysWhenItsEndpointIsRenamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders")
	config := func(name string) string {
		return strings.NewReplacer("    destination = {", "    "+name+" = {", `= "destination"`, `= "`+name+`"`).Replace(w.config(demoLink("") + demoMirror("")))
	}
	acceptance(t,
		resource.TestStep{Config: config("destination"), Check: w.told(w.destination, createDemoLink, "POST /links/demo-link/mirrors")},
		resource.TestStep{
			Config:            config("target"),
			ConfigPlanChecks:  planned(ordersMirror, plancheck.ResourceActionNoop),
			ConfigStateChecks: ordersIs(map[string]knownvalue.Check{"endpoint": knownvalue.StringExact("target"), "id": knownvalue.StringExact("lkc-destination/demo-link/orders")}),
			Check:             w.told(w.destination),
		},
		unchanged(config("target")),
		resource.TestStep{ // Another cluster is a replacement.
			Config:   strings.Replace(config("target"), demoMirrorAt("target"), demoMirrorAt("source"), 1),
			PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(ordersMirror, plancheck.ResourceActionDestroyBeforeCreate),
			}},
		},
	)
}
