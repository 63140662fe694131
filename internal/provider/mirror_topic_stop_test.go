package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// stopping calls stop on a mirror topic of the demo link.
func (w *world) stopping(topic string, verb kafkarest.Verb) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	return mirrorTopic{w.endpoints().byName["destination"], "demo-link", topic}.stop(ctx, verb)
}

func TestFailoverStopsWhateverTheStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var topics []string
	for _, status := range strings.Fields(everyStatus) {
		topics = append(topics, strings.ToLower(status))
		w.topic(strings.ToLower(status), "1")
	}
	w.link(topics...)
	for _, topic := range topics {
		w.destination.SetMirrorStatus("demo-link", topic, strings.ToUpper(topic))
	}
	for _, topic := range topics {
		t.Run(strings.ToUpper(topic), func(t *testing.T) {
			done := make(chan error, 1)
			go func() { done <- w.stopping(topic, kafkarest.Failover) }()
			asked := func() bool {
				return strings.Contains(strings.Join(bodies(w.destination, "mirrors:failover$"), ""), `"`+topic+`"`)
			}
			if topic == "stopped" { // which it is, as far as anybody can see
				if err := <-done; err != nil || asked() {
					t.Errorf("got %v, asked: %t", err, asked())
				}
				return
			}
			eventually(t, "failover is asked for", asked)
			w.destination.SetMirrorStatus("demo-link", topic, "")
			if err := <-done; err != nil {
				t.Error(err)
			}
			w.produce(w.destination, topic, "written here")
		})
	}
	if promoted := calls(w.destination, "mirrors:promote"); len(promoted) > 0 {
		t.Errorf("promoted: %q", promoted)
	}
}

func TestStopIsDoneWhenTheMirrorIsGoneMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.link("orders")
	w.await("ACTIVE")
	w.lagging("2")
	done := make(chan error, 1)
	go func() { done <- w.stopping("orders", kafkarest.Promote) }()
	w.await("PENDING_STOPPED")
	if err := w.admin(w.destination).DeleteTopic(t.Context(), "orders"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := w.stopping("orders", kafkarest.Promote); err != nil {
		t.Errorf("once more: %s", err)
	}
	if asked := calls(w.destination, "mirrors:promote"); len(asked) != 1 {
		t.Errorf("asked %q", asked)
	}
}

func TestStopIsDoneThoughTheReplyWasLost(t *testing.T) {
	t.Parallel()
	for _, verb := range []kafkarest.Verb{kafkarest.Promote, kafkarest.Failover} {
		t.Run(string(verb), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.topic("orders", "1")
			w.link("orders")
			w.destination.Inject(emulator.Fault{Method: "POST", Path: "mirrors:" + string(verb), Drop: emulator.DropAfter, Count: 1})
			if err := w.stopping("orders", verb); err != nil {
				t.Error(err)
			}
			w.await("STOPPED")
		})
	}
}

// A failed mirror topic does not get better by waiting for the end of the timeout.
func TestPromotingAFailedMirrorTopicFailsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.link("orders")
	w.destination.SetMirrorStatus("demo-link", "orders", "FAILED")
	started := time.Now()
	err := w.stopping("orders", kafkarest.Promote)
	if err == nil || !strings.Contains(err.Error(), `mirror topic "orders" has status FAILED`) || time.Since(started) > 10*time.Second {
		t.Errorf("got %v after %s", err, time.Since(started))
	}
}
