package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/figures"
)

// storm makes a cluster answer 20 % of its calls with 429 and 10 % with 503, cut
// 5 % off before and 5 % after they were carried out.
func storm(c *emulator.Cluster) {
	left := 1.0
	for _, f := range []struct {
		share float64
		fault emulator.Fault
	}{
		{0.20, emulator.Fault{Status: http.StatusTooManyRequests}},
		{0.10, emulator.Fault{Status: http.StatusServiceUnavailable}},
		{0.05, emulator.Fault{Drop: emulator.DropBefore}},
		{0.05, emulator.Fault{Drop: emulator.DropAfter}},
	} {
		f.fault.Probability = f.share / left // of those that no fault before has struck
		left -= f.share
		c.Inject(f.fault)
	}
}

// struck counts the calls that met a fault, by their status, 0 for those cut off.
func struck(c *emulator.Cluster) map[int]int {
	counts := map[int]int{}
	for _, r := range c.Requests() {
		if r.Status == 0 || r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable {
			counts[r.Status]++
		}
	}
	return counts
}

// inState returns the attributes of all mirror topics in the state, by topic.
func (c *cli) inState() map[string]map[string]any {
	c.t.Helper()
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Type   string
					Values map[string]any
				}
			} `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(c.succeeds("show", "-json")), &state); err != nil {
		c.t.Fatal(err)
	}
	topics := map[string]map[string]any{}
	for _, r := range state.Values.RootModule.Resources {
		if r.Type == mirrorTopicType {
			topics[r.Values["mirror_topic_name"].(string)] = r.Values
		}
	}
	return topics
}

// seed writes the same values to many new topics of the source.
func (w *world) seed(topics []string, values ...string) {
	w.t.Helper()
	client, err := kgo.NewClient(w.source.KafkaOptions()...)
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	var records []*kgo.Record
	for _, topic := range topics {
		if err := w.source.CreateTopic(topic, 1); err != nil {
			w.t.Fatal(err)
		}
		for _, value := range values {
			records = append(records, &kgo.Record{Topic: topic, Value: []byte(value)})
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
}

// holds fails the test unless each of the topics has these values, in this
// order, and returns how many records that are.
func (w *world) holds(c *emulator.Cluster, topics []string, values ...string) (records int) {
	w.t.Helper()
	client, err := kgo.NewClient(append(c.KafkaOptions(), kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topics...)
	if err != nil {
		w.t.Fatal(err)
	}
	want := 0
	ends.Each(func(o kadm.ListedOffset) { want += int(o.Offset) })
	found := map[string][]string{}
	for records < want && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			found[r.Topic] = append(found[r.Topic], string(r.Value))
			records++
		})
	}
	for _, topic := range topics {
		if !slices.Equal(found[topic], values) {
			w.t.Errorf("%s of %s holds %q, want %q", topic, c.ID(), found[topic], values)
		}
	}
	return records
}

// Terraform gets through a storm, with one apply for each thing to do.
func TestStorm(t *testing.T) {
	t.Parallel()
	const topics, records = 300, 10
	w := newWorld(t)
	names := make([]string, topics)
	for i := range names {
		names[i] = fmt.Sprintf("topic-%03d", i)
	}
	w.seed(names, numbers(records)...)
	c := newCLI(t, strings.Replace(w.config(demoLink("")), "endpoints = {", "max_retries = 12 # one call in four fails\n  endpoints = {", 1)+fmt.Sprintf(`
variable "round" { default = 1 }
resource "clusterlink_mirror_topic" "all" {
  count             = %d
  endpoint          = "destination"
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = format("topic-%%03d", count.index)
  config            = { "retention.ms" = tostring(var.round * 86400000) }
  state             = var.round == 2 && count.index %% 2 == 0 ? "PAUSED" : "ACTIVE"
}
`, topics))

	c.patience = 10 * time.Minute
	faults := map[int]int{}
	calls := 0
	inStorm := func(done string, args ...string) {
		t.Helper()
		w.destination.ResetRequests()
		storm(w.destination)
		started := time.Now()
		says(t, c.succeeds(append(args, "-auto-approve")...), done)
		w.destination.ClearFaults()
		for status, n := range struck(w.destination) {
			faults[status] += n
		}
		made := len(w.destination.Requests())
		calls += made
		t.Logf("%s: %d calls in %s", args, made, time.Since(started))
	}
	isAsInState := func() {
		t.Helper()
		state := c.inState()
		mirrors, err := w.admin(w.destination).Mirrors(t.Context(), "demo-link", "")
		if err != nil || len(mirrors) != topics || len(state) != topics {
			t.Fatalf("%d mirror topics, %d in state, %v", len(mirrors), len(state), err)
		}
		for _, m := range mirrors {
			s := state[m.Name]
			retention, err := w.admin(w.destination).TopicSettings(t.Context(), m.Name)
			if err != nil {
				t.Fatal(err)
			}
			if s["mirror_status"] != m.Status || s["state"] != m.Status || s["source_topic_name"] != m.SourceTopicName {
				t.Errorf("%s is %s, and %v in state", m.Name, m.Status, s)
			}
			for _, r := range retention {
				if want := s["config"].(map[string]any)["retention.ms"]; r.Name == "retention.ms" && *r.Value != want {
					t.Errorf("retention of %s is %s, and %s in state", m.Name, *r.Value, want)
				}
			}
		}
	}
	inStorm(strconv.Itoa(topics+1)+" added, 0 changed, 0 destroyed.", "apply")
	isAsInState()
	inStorm(fmt.Sprintf("0 added, %d changed, 0 destroyed.", topics), "apply", "-var=round=2")
	isAsInState()
	says(t, c.succeeds("plan", "-var=round=2"), "No changes.")
	inStorm(strconv.Itoa(topics+1)+" destroyed.", "destroy", "-var=round=2")

	kept := w.holds(w.destination, names, numbers(records)...)
	w.produce(w.destination, names[0], "written here")
	figures.Tell(t, "storm: %d mirror topics created, changed and destroyed over %d calls, of which %d were answered 429, %d 503 and %d cut off; %d of %d records arrived",
		topics, calls, faults[429], faults[503], faults[0], kept, topics*records)
}
