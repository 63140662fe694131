package provider

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// createdInTrouble is a world with a link, and a cli that has made this mirror topic
// of it, whatever went wrong on the way.
func createdInTrouble(t *testing.T, extra string, trouble func(*world)) (w *world, c *cli, said string) {
	t.Helper()
	w = newWorld(t)
	w.topic("orders", "1")
	w.link()
	trouble(w)
	w.destination.ResetRequests()
	c = newCLI(t, w.config(onDemoLink(extra)))
	return w, c, c.succeeds("apply", "-auto-approve")
}

// isKept fails the test unless the mirror topic is in the state, untainted, and
// another apply does nothing.
func (w *world) isKept(c *cli) {
	w.t.Helper()
	says(w.t, c.succeeds("plan"), "No changes.")
	says(w.t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed.")
	w.nothingWasChanged(w.destination)
	says(w.t, c.succeeds("show"), `id = "lkc-destination/demo-link/orders"`)
}

func TestCreationWhoseReplyIsLostIsFound(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(*world){
		"once": func(w *world) {
			w.destination.Inject(emulator.Fault{Method: "POST", Path: "/mirrors$", Drop: emulator.DropAfter, Count: 1})
		},
		"several times": func(w *world) {
			w.destination.Inject(emulator.Fault{Method: "POST", Path: "/mirrors$", Drop: emulator.DropAfter, Count: 3})
		},
		"and the mirror topic is not visible yet": func(w *world) {
			w.destination.SetVisibilityDelay(3 * time.Second)
			w.destination.Inject(emulator.Fault{Method: "POST", Path: "/mirrors$", Drop: emulator.DropAfter, Count: 1})
		},
		"by a gateway": func(w *world) {
			w.destination.Inject(emulator.Fault{Method: "POST", Path: "/mirrors$", TruncateBody: true, Count: 1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c, said := createdInTrouble(t, "", trouble)
			says(t, said, "1 added, 0 changed, 0 destroyed.")
			w.destination.ClearFaults()
			w.destination.ResetRequests()
			w.isKept(c)
		})
	}
}

func TestCreationThatIsNotWaitedOutWarnsAndKeeps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		extra   string
		trouble func(*world)
		words   []string
	}{
		"as it takes too long": {
			extra:   `timeouts = { create = "1s" }`,
			trouble: func(w *world) { w.destination.SetMirrorStatus("demo-link", "orders", "PENDING_MIRROR") },
			words:   []string{`mirror topic "orders" has status PENDING_MIRROR`, "It took longer than the resource's timeouts allow."},
		},
		"as it is never seen": {
			extra: `timeouts = { create = "1s" }`,
			trouble: func(w *world) {
				w.destination.Inject(emulator.Fault{Method: "GET", Path: "/mirrors/orders$", Status: 404})
			},
			words: []string{`mirror topic "orders" was never seen`},
		},
		"as it fails": {
			trouble: func(w *world) { w.destination.SetMirrorStatus("demo-link", "orders", "FAILED") },
			words:   []string{`mirror topic "orders" has status FAILED`},
		},
		"as its link fails": {
			trouble: func(w *world) { w.destination.SetMirrorStatus("demo-link", "orders", "LINK_FAILED") },
			words:   []string{`mirror topic "orders" has status LINK_FAILED`},
		},
		"as it cannot be looked at": {
			trouble: func(w *world) {
				w.destination.Inject(emulator.Fault{Method: "GET", Path: "/mirrors/orders$", Status: 403, Body: `{"error_code": 40301, "message": "Not for you."}`})
			},
			words: []string{"Not for you."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c, said := createdInTrouble(t, test.extra, test.trouble)
			says(t, said, append(test.words, "1 added, 0 changed, 0 destroyed.", "Warning: Mirror topic created, but not ready", "exists and is kept in state")...)
			w.destination.ClearFaults()
			w.destination.SetMirrorStatus("demo-link", "orders", "")
			w.destination.ResetRequests()
			w.isKept(c)
		})
	}
}

func TestCreationAsPausedThatIsRefusedIsPlannedAgain(t *testing.T) {
	t.Parallel()
	w, c, said := createdInTrouble(t, `state = "PAUSED"`, func(w *world) {
		w.destination.RefuseVerdict("demo-link", "orders", "pause", 40035, "Not before noon.")
	})
	says(t, said, "Warning: Mirror topic created, but not ready", "Not before noon. (error_code 40035)")
	w.destination.RefuseVerdict("demo-link", "orders", "pause", 0, "")
	w.destination.ResetRequests()
	says(t, c.succeeds("apply", "-auto-approve"), `state = "ACTIVE" -> "PAUSED"`, "0 added, 1 changed, 0 destroyed.")
	if err := w.told(w.destination, pauseOrders)(nil); err != nil {
		t.Error(err)
	}
}

func TestCreationOfWhichNothingIsKnownIsAnErrorAndNotInState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.link()
	w.destination.ResetRequests()
	c := newCLI(t, strings.Replace(w.config(onDemoLink("")), "endpoints = {", "max_retries = 0\n endpoints = {", 1))
	w.destination.Inject(emulator.Fault{Method: "POST", Path: "/mirrors$", Drop: emulator.DropBefore, Count: 1})
	says(t, c.fails("apply", "-auto-approve"), "Error: Unable to create mirror topic", "It is not known whether it was created all the same.",
		`import { to = clusterlink_mirror_topic.<name> id = "lkc-destination/demo-link/orders" }`)
	w.destination.ResetRequests()
	says(t, c.succeeds("apply", "-auto-approve"), "1 added, 0 changed, 0 destroyed.")
	if err := w.told(w.destination, "POST /links/demo-link/mirrors")(nil); err != nil {
		t.Error(err)
	}
}

// Ctrl-C while Terraform waits for a mirror topic that was just created.
func TestCreationThatIsInterruptedKeepsTheMirrorTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.link()
	w.destination.SetMirrorStatus("demo-link", "orders", "PENDING_MIRROR")
	w.destination.ResetRequests()
	c := newCLI(t, w.config(onDemoLink("")))

	var said bytes.Buffer
	apply := c.command(&said, "apply", "-auto-approve")
	if err := apply.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is waited for", func() bool { return len(calls(w.destination, "^GET /links/demo-link/mirrors/orders$")) > 1 })
	pressed := time.Now()
	if err := apply.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = apply.Wait() // Terraform calls an interrupted apply a failure
	if took := time.Since(pressed); took > 10*time.Second {
		t.Errorf("it took %s to end", took)
	}
	says(t, unwrapped(said.String()), "Interrupt received.", "Mirror topic created, but not ready", "context canceled")

	w.destination.SetMirrorStatus("demo-link", "orders", "")
	if err := w.told(w.destination, "POST /links/demo-link/mirrors")(nil); err != nil {
		t.Error(err)
	}
	w.isKept(c)
}
