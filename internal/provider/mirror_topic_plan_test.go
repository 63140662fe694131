package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	refreshEscape = "If this stands in the way of terraform destroy, use -refresh=false, or set CLUSTERLINK_PLAN_VALIDATION=false."
	replacing     = "it would be promoted and could not be mirrored again: take the change back, use terraform untaint, or write a moved block."
)

// onDemoLink is demoMirror on a link that Terraform does not manage.
func onDemoLink(extra string) string {
	return strings.Replace(demoMirror(extra), "clusterlink_link.demo.link_name", `"demo-link"`, 1)
}

// nothingWasChanged looks at all calls since the last look.
func (w *world) nothingWasChanged(c *emulator.Cluster) {
	w.t.Helper()
	if err := w.told(c)(nil); err != nil {
		w.t.Error(err)
	}
}

func TestPlanOfCreationFailsWhereAPlainTopicHasTheName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	if err := w.destination.CreateTopic("orders", 1); err != nil {
		t.Fatal(err)
	}
	w.link()
	w.destination.ResetRequests()
	c := newCLI(t, w.config(onDemoLink("")))
	says(t, c.fails("plan"), "Topic exists already", `source_topic_name = "orders"`,
		`The cluster has a topic "orders", which is no mirror topic, and a mirror topic cannot take its place.`,
		"Rename or delete that topic, or use a link with a cluster.link.prefix.", refreshEscape)
	c.write(w.config(onDemoLink(`mirror_topic_name = "orders"`)))
	says(t, c.fails("plan"), "Topic exists already", `mirror_topic_name = "orders"`)
	w.nothingWasChanged(w.destination)
}

func TestPlanOfCreationFailsWhereAMirrorOfAnotherLinkHasTheName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.link("orders")
	other := strings.ReplaceAll(demoLink(""), "demo-link", "other-link")
	c := newCLI(t, w.config(other))
	c.succeeds("apply", "-auto-approve")
	w.destination.ResetRequests()
	c.write(w.config(other + demoMirror("")))
	says(t, c.fails("plan"), "Topic exists already", `source_topic_name = "orders"`,
		`The topic "orders" is a mirror topic of another link, "demo-link" (ACTIVE). A topic has one source: use a link with a cluster.link.prefix, or import it as what it is: `+
			`import { to = clusterlink_mirror_topic.<name> id = "lkc-destination/demo-link/orders" }`, refreshEscape)
	w.nothingWasChanged(w.destination)
}

func TestPlanOfCreationOfAMirrorThatExistsGivesTheImportBlockThatWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.link("orders")
	w.destination.ResetRequests()
	c := newCLI(t, w.config(onDemoLink("")))
	said := c.fails("plan")
	says(t, said, "Topic exists already", `The topic "orders" is a mirror topic of the link "demo-link" already (ACTIVE). To manage it here, import it:`, replacing, refreshEscape)

	block := regexp.MustCompile(`import \{ to = (\S+) id = (\S+) \}`).FindStringSubmatch(said)
	if block == nil {
		t.Fatalf("no import block in %s", said)
	}
	pasted := fmt.Sprintf("import {\n  to = %s\n  id = %s\n}\n", strings.Replace(block[1], "<name>", "orders", 1), block[2])
	c.write(w.config(onDemoLink("") + pasted))
	says(t, c.succeeds("plan"), "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.")
	says(t, c.succeeds("apply", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed.")
	c.write(w.config(onDemoLink("")))
	says(t, c.succeeds("plan"), "No changes.")
	w.nothingWasChanged(w.destination)
}

func TestReplacementIsStoppedBeforeAnythingIsPromoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	c := newCLI(t, w.config(demoLink("")+demoMirror("")))
	c.succeeds("apply", "-auto-approve")
	w.destination.ResetRequests()

	says(t, c.fails("plan", "-replace="+ordersMirror), "Topic exists already", replacing)
	says(t, c.fails("apply", "-auto-approve", "-replace="+ordersMirror), "Topic exists already", replacing)
	c.succeeds("taint", ordersMirror)
	says(t, c.fails("apply", "-auto-approve"), "Topic exists already", replacing)
	w.nothingWasChanged(w.destination)
	w.await("ACTIVE")

	c.succeeds("untaint", ordersMirror) // as the error says
	says(t, c.succeeds("plan"), "No changes.")

	c.succeeds("taint", ordersMirror)
	says(t, c.fails("destroy", "-auto-approve"), refreshEscape)
	w.nothingWasChanged(w.destination)
	says(t, c.succeeds("destroy", "-auto-approve", "-refresh=false"), "2 destroyed")
	w.produce(w.destination, "orders", "written here")
}

func TestShiftedCountIsStoppedBeforeAnythingIsPromoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := func(topics string) string {
		return w.config(demoLink("") + `
resource "clusterlink_mirror_topic" "all" {
  count             = length(local.topics)
  endpoint          = "destination"
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = local.topics[count.index]
}
locals {
  topics = ` + topics + `
}
`)
	}
	for _, topic := range []string{"orders", "payments", "refunds"} {
		w.topic(topic, "1")
	}
	c := newCLI(t, config(`["orders", "payments", "refunds"]`))
	says(t, c.succeeds("apply", "-auto-approve"), "4 added")
	w.destination.ResetRequests()

	c.write(config(`["payments", "refunds"]`))
	says(t, c.fails("apply", "-auto-approve"), `The topic "payments" is a mirror topic of the link "demo-link" already (ACTIVE).`,
		`The topic "refunds" is a mirror topic of the link "demo-link" already (ACTIVE).`, "a shifted count", replacing)
	w.nothingWasChanged(w.destination)

	// As the error says: with names instead of numbers, and moved blocks.
	c.write(strings.NewReplacer("count             = length(local.topics)", "for_each = toset(local.topics)", "local.topics[count.index]", "each.value").
		Replace(config(`["payments", "refunds"]`)) + `
moved {
  from = clusterlink_mirror_topic.all[1]
  to   = clusterlink_mirror_topic.all["payments"]
}
moved {
  from = clusterlink_mirror_topic.all[2]
  to   = clusterlink_mirror_topic.all["refunds"]
}
`)
	says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 1 destroyed.")
	w.sent(w.destination, promoteOrders+"$", `{"mirror_topic_names":["orders"]}`)
	if err := w.told(w.destination, promoteOrders)(nil); err != nil {
		t.Error(err)
	}
}

// A stopped topic for which ACTIVE is written fails every plan, that of
// terraform destroy included.
func TestDestroyGetsPastAnErrorOfThePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	c := newCLI(t, w.written("ACTIVE"))
	c.succeeds("apply", "-auto-approve")
	w.outside(kafkarest.Promote, "STOPPED")
	w.destination.ResetRequests()
	says(t, c.fails("destroy", "-auto-approve"), "State cannot be reached", refreshEscape)
	w.nothingWasChanged(w.destination)
	says(t, c.succeeds("destroy", "-auto-approve", "-refresh=false"), "2 destroyed")
	if err := w.told(w.destination, "DELETE /links/demo-link")(nil); err != nil {
		t.Error(err)
	}
}

// What was promoted by a destroy that did not end well stands in the way of the next.
func TestDestroyThatWasCutShortGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	c := newCLI(t, w.config(demoLink("")+demoMirror("")))
	c.succeeds("apply", "-auto-approve")
	c.succeeds("destroy", "-auto-approve", "-target="+ordersMirror)
	w.destination.ResetRequests()
	says(t, c.fails("destroy", "-auto-approve"), `The topic "orders" was a mirror topic of the link "demo-link", and was stopped`, refreshEscape)
	w.nothingWasChanged(w.destination)
	says(t, c.succeeds("destroy", "-auto-approve", "-refresh=false"), "1 destroyed")
}
