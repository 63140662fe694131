package provider

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// manyMirrors are 20 mirror topics, "topic-0" to "topic-19".
func manyMirrors(link string) string {
	return `
resource "clusterlink_mirror_topic" "many" {
  count             = 20
  endpoint          = "destination"
  link_name         = ` + link + `
  source_topic_name = "topic-${count.index}"
}
`
}

// asked fails the test unless these are the provider's calls since the last
// look, in any order, those to refresh or to validate a link left out.
func (w *world) asked(want ...string) {
	w.t.Helper()
	got := slices.DeleteFunc(calls(w.destination, ""), func(call string) bool { return strings.Contains(call, "validate_only=true") })
	w.destination.ResetRequests()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("asked %q, want %q", got, want)
	}
}

func TestLookupsOfManyMirrorTopicsAreShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLI(t, w.config(demoLink("")+manyMirrors("clusterlink_link.demo.link_name")))
	says(t, c.succeeds("plan"), "Plan: 21 to add")
	w.asked("GET /links/demo-link/configs") // without its prefix no name is known

	w.link()
	w.destination.ResetRequests()
	c.write(w.config(manyMirrors(`"demo-link"`)))
	says(t, c.succeeds("plan"), "Plan: 20 to add", `mirror_topic_name = "topic-19"`)
	w.asked("GET /links/-/mirrors", "GET /links/demo-link/configs", "GET /topics")
}

func TestListsAreLookedUpTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link()
	w.destination.ResetRequests()
	w.destination.SetLatency(500 * time.Millisecond)
	newCLI(t, w.config(manyMirrors(`"demo-link"`))).succeeds("plan")
	lists := requests(w.destination, "^GET (/topics|/links/-/mirrors)$")
	if len(lists) != 2 {
		t.Fatalf("asked %q", calls(w.destination, ""))
	}
	if apart := lists[1].At.Sub(lists[0].At).Abs(); apart >= 500*time.Millisecond {
		t.Errorf("one was asked for %s after the other", apart)
	}
}

func TestLookupsGoByNameWhereTopicsAreNotListed(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"not found": 404, "not allowed": 405} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.topic("clicks", "1")
			w.link("clicks")
			if err := w.destination.CreateTopic("orders", 1); err != nil {
				t.Fatal(err)
			}
			w.destination.Inject(emulator.Fault{Method: "GET", Path: "/topics$", Status: status})
			w.destination.ResetRequests()
			c := newCLI(t, w.config(onDemoLink("")))
			says(t, c.fails("plan"), `The cluster has a topic "orders", which is no mirror topic`)
			w.asked("GET /links/-/mirrors", "GET /links/demo-link/configs", "GET /topics", "GET /topics/orders")
			c.write(w.config(strings.ReplaceAll(onDemoLink(""), `"orders"`, `"clicks"`)))
			says(t, c.fails("plan"), `The topic "clicks" is a mirror topic of the link "demo-link" already`)
			w.asked("GET /links/-/mirrors", "GET /links/demo-link/configs", "GET /topics") // it is known without its name
			c.write(w.config(strings.ReplaceAll(onDemoLink(""), `"orders"`, `"payments"`)))
			if said := c.succeeds("plan"); strings.Contains(said, "Warning") {
				t.Errorf("warned: %s", said)
			}
		})
	}
}

func TestLookupsNeverKeepAPlanFromBeingMade(t *testing.T) {
	t.Parallel()
	const warning = "Name of mirror topic not looked up"
	hanging := func(path string) func(*world) string {
		return func(w *world) string {
			w.destination.Inject(emulator.Fault{Method: "GET", Path: path, Hang: time.Minute})
			return w.config(manyMirrors(`"demo-link"`))
		}
	}
	for name, config := range map[string]func(*world) string{
		"nothing listens": func(w *world) string {
			return strings.Replace(w.config(manyMirrors(`"demo-link"`)), w.destination.RESTEndpoint(), "https://"+deafAddress(w.t), 1)
		},
		"settings hang":    hanging("/configs$"),
		"topics hang":      hanging("/topics$"),
		"everything hangs": hanging(""),
		"the id of the cluster hangs": func(w *world) string {
			return strings.Replace(hanging("/clusters$")(w), `cluster_id = "lkc-destination", `, "", 1)
		},
		"the server is in trouble": func(w *world) string {
			w.destination.Inject(emulator.Fault{Method: "GET", Status: 503})
			return w.config(manyMirrors(`"demo-link"`))
		},
		"the credential is refused": func(w *world) string {
			return strings.ReplaceAll(w.config(manyMirrors(`"demo-link"`)), restPassword, "another-password")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.link()
			c := newCLI(t, config(w))
			started := time.Now()
			says(t, c.succeeds("plan"), "Plan: 20 to add", warning)
			if took := time.Since(started); took > 10*time.Second {
				t.Errorf("the plan took %s", took)
			}
		})
	}
}

func TestLookupsOnManySilentLinksWaitOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.destination.Inject(emulator.Fault{Hang: time.Minute})
	c := newCLI(t, w.config(strings.Replace(manyMirrors(`"link-${count.index}"`), "= 20", "= 40", 1)))
	c.plansAfterOneWait("Plan: 40 to add", "Name of mirror topic not looked up")
}

// plansAfterOneWait plans at servers that do not answer.
func (c *cli) plansAfterOneWait(want ...string) {
	c.t.Helper()
	started := time.Now()
	says(c.t, c.succeeds("plan"), append(want, "no answer within 5s")...)
	if took := time.Since(started); took > planPatience+4*time.Second {
		c.t.Errorf("the plan took %s", took)
	}
}

func TestLookupsGoOnWhereALinkIsSlowToValidate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.link("orders")
	w.destination.Inject(emulator.Fault{Method: "POST", Path: "/links$", Hang: time.Minute})
	slow := strings.ReplaceAll(demoLink(""), "demo-link", "slow-link")
	c := newCLI(t, w.config(slow+onDemoLink("depends_on = [clusterlink_link.demo]")))
	says(t, c.fails("plan"), "Link not validated", "Topic exists already")
}

// deafAddress is one at which nothing listens.
func deafAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestLookupsAreNotMadeWithoutPlanValidation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.destination.CreateTopic("orders", 1); err != nil {
		t.Fatal(err)
	}
	w.link()
	w.destination.ResetRequests()
	c := newCLI(t, strings.Replace(w.config(onDemoLink("")), "endpoints = {", "plan_validation = false\n endpoints = {", 1))
	says(t, c.succeeds("plan"), "Plan: 1 to add", "mirror_topic_name = (known after apply)")
	w.asked()
	says(t, c.fails("apply", "-auto-approve"), "Topic 'orders' already exists.", `id = "lkc-destination/demo-link/orders"`)
	w.destination.ResetRequests()

	// What a plan would have told, apply tells.
	c.write(strings.Replace(w.config(onDemoLink(`state = "PROMOTED"`)), "endpoints = {", "plan_validation = false\n endpoints = {", 1))
	says(t, c.fails("apply", "-auto-approve"), "A mirror topic cannot be created as PROMOTED: it has to mirror first.")
	w.nothingWasChanged(w.destination)
}

// The environment is the whole process's: this test runs by itself.
func TestPlanValidationIsTurnedOffByTheEnvironment(t *testing.T) {
	w := newWorld(t)
	w.topic("orders", "1")
	w.link("orders")
	c := newCLI(t, w.config(onDemoLink("")))
	w.destination.ResetRequests()

	t.Setenv("CLUSTERLINK_PLAN_VALIDATION", "false")
	says(t, c.succeeds("plan"), "Plan: 1 to add")
	w.asked()
	t.Setenv("CLUSTERLINK_PLAN_VALIDATION", "maybe")
	says(t, c.fails("plan"), "CLUSTERLINK_PLAN_VALIDATION must be true or false.")

	// It gets terraform destroy past an error of the plan, as that error says.
	t.Setenv("CLUSTERLINK_PLAN_VALIDATION", "")
	c.write(w.config(onDemoLink("") + "import {\n to = " + ordersMirror + "\n id = \"destination/demo-link/orders\"\n}"))
	says(t, c.succeeds("apply", "-auto-approve"), "1 imported")
	c.write(w.config(onDemoLink("")))
	c.succeeds("taint", ordersMirror)
	says(t, c.fails("destroy", "-auto-approve"), refreshEscape)
	t.Setenv("CLUSTERLINK_PLAN_VALIDATION", "false")
	says(t, c.succeeds("destroy", "-auto-approve"), "1 destroyed")
	w.await("STOPPED")
}
