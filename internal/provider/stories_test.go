package provider

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// story runs the CLI in a copy of an example that is a whole configuration, with
// this world's clusters, by the names that the example has for source and
// destination, as its variables.
func (w *world) story(example, source, destination string, more map[string]any) *cli {
	w.t.Helper()
	c := newCLI(w.t, "")
	f := files{}
	f.add(w.t, filepath.Join(examples, example), "*")
	for name, text := range f {
		c.file(name, text)
	}
	c.file("main.tf", "") // the example says what main.tf says otherwise
	variables := maps.Clone(more)
	if variables == nil {
		variables = map[string]any{}
	}
	for side, cluster := range map[string]*emulator.Cluster{source: w.source, destination: w.destination} {
		for name, value := range map[string]string{
			"rest_endpoint": cluster.RESTEndpoint(), "rest_username": restUser, "rest_password": restPassword,
			"bootstrap_servers": cluster.BootstrapServers(), "kafka_username": kafkaUser, "kafka_password": kafkaPassword,
			"cluster_id": cluster.ID(), "ca_certificate": cluster.CACertificate(),
		} {
			variables[side+"_"+name] = value
		}
	}
	text, err := json.Marshal(variables)
	if err != nil {
		w.t.Fatal(err)
	}
	c.file("terraform.tfvars.json", string(text))
	return c
}

// expectChanges fails the test unless these calls changed a cluster, and no others.
func (w *world) expectChanges(c *emulator.Cluster, want ...string) {
	w.t.Helper()
	if made := changes(c); !slices.Equal(made, want) {
		w.t.Errorf("changes at %s: %q, want %q", c.ID(), made, want)
	}
}

// The examples that tell of one topic are applied, twice, and destroyed: its
// records arrive, and stay when all else is gone.
func TestStoryExamplesApply(t *testing.T) {
	t.Parallel()
	half := []string{createDemoLink, "DELETE /links/demo-link"}
	for _, story := range []struct {
		example, source, destination string
		adds, destroys               string
		onSource                     []string
	}{
		{"demo", "source", "destination", "2 added", "2 destroyed", nil},
		{"source-initiated", "source", "destination", "3 added", "3 destroyed", half},
		{"bidirectional", "east", "west", "3 added", "3 destroyed", half},
	} {
		t.Run(story.example, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.topic("demo-link-topic")
			c := w.story(story.example, story.source, story.destination, nil)
			says(t, c.succeeds("apply", "-auto-approve"), story.adds)
			// Records come once mirroring goes on: the lag is an output, which would change.
			w.produce(w.source, "demo-link-topic", numbers(5)...)
			w.expectRecords(w.destination, "demo-link-topic", numbers(5)...)
			w.notWritable("demo-link-topic")
			says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed") // reads the data sources again
			says(t, c.succeeds("plan"), "No changes.")
			c.output("mirror_topics", `{"demo-link-topic": {"source": "demo-link-topic", "status": "ACTIVE", "lag": 0}}`)

			says(t, c.succeeds("destroy", "-auto-approve"), story.destroys)
			w.produce(w.destination, "demo-link-topic", "6")
			w.expectRecords(w.destination, "demo-link-topic", append(numbers(5), "6")...)
			w.expectChanges(w.source, story.onSource...)
			w.expectChanges(w.destination, createDemoLink, "POST /links/demo-link/mirrors", promoteOrders, "DELETE /links/demo-link")
		})
	}
}

// Every whole configuration among the examples can be planned.
func TestWholeExamplesPlan(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob(examples + "/*/main.tf")
	if err != nil || len(found) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range found {
		example := filepath.Base(filepath.Dir(file))
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.topic("demo-link-topic")
			f := files{}
			f.add(t, filepath.Dir(file), "*.tf")
			text := strings.Join(slices.Collect(maps.Values(f)), "\n")
			source, destination := "source", "destination"
			if strings.Contains(text, `variable "east_`) {
				source, destination = "east", "west"
			}
			c := w.story(example, source, destination, map[string]any{"topic_names": []string{"demo-link-topic"}})
			c.mustKnow(text)
			says(t, c.succeeds("plan"), "0 to change, 0 to destroy.")
		})
	}
}

// Topics are promoted all at once, only when none is behind, and leave Terraform
// with nothing lost.
func TestHandingOverWaitsForEveryTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "0")
	w.topic("payments", "0")
	c := w.story("handing-over", "source", "destination", map[string]any{"topic_names": []string{"orders", "payments"}})
	says(t, c.succeeds("apply", "-auto-approve"), "3 added")
	w.expectRecords(w.destination, "orders", "0")
	w.expectRecords(w.destination, "payments", "0")
	w.destination.ResetRequests()

	w.leavesBehind("migration", "orders", "1", "2")
	says(t, c.fails("plan", "-var=promote=true"), "a topic is not mirroring or too far behind", "orders (PAUSED, lag 2)", "payments (ACTIVE, lag 0)")
	w.destination.SetMirrorStatus("migration", "orders", "ACTIVE")
	says(t, c.fails("apply", "-auto-approve", "-var=promote=true"), "orders (ACTIVE, lag 2)")
	w.expectChanges(w.destination)
	says(t, c.succeeds("plan", "-var=promote=true", "-var=max_lag=2"), "2 to change")
	w.destination.SetMirrorStatus("migration", "orders", "")

	w.alters("migration", "orders", kafkarest.Resume)
	w.awaits("migration", "orders", func(m *kafkarest.Mirror) bool { return m.Status == "ACTIVE" && totalLag(m.Lags) == 0 })
	says(t, c.succeeds("apply", "-auto-approve", "-var=promote=true"), "0 added, 2 changed, 0 destroyed")
	says(t, c.succeeds("plan", "-var=promote=true"), "No changes.")
	w.expectRecords(w.destination, "orders", numbers(3)...)
	w.produce(w.destination, "payments", "1")

	w.destination.ResetRequests()
	c.replaceMirrorTopics(strings.Replace(guideConfigs(t, "handing-over")["leave"], "clusterlink_mirror_topic.orders", "clusterlink_mirror_topic.migrated", 1))
	says(t, c.succeeds("apply", "-auto-approve"), "clusterlink_mirror_topic.migrated", "0 added, 0 changed, 0 destroyed")
	w.expectChanges(w.destination)
	says(t, c.succeeds("destroy", "-auto-approve"), "1 destroyed") // the link
	w.expectChanges(w.destination, "DELETE /links/migration")
	w.expectRecords(w.destination, "payments", "0", "1")
}

// Many topics are promoted in waves; one that is taken out of the list is promoted,
// and leaves the others alone.
func TestOperatingThousandsInWaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, topic := range []string{"orders", "payments", "refunds"} {
		w.topic(topic, "0")
	}
	c := w.story("operating-thousands", "source", "destination", nil)
	says(t, c.succeeds("apply", "-auto-approve"), "4 added, 0 changed, 0 destroyed.")
	says(t, c.succeeds("plan", `-var=promoted=["orders"]`), "0 to add, 1 to change, 0 to destroy.")
	says(t, c.succeeds("apply", "-auto-approve", `-var=promoted=["orders"]`), "0 added, 1 changed, 0 destroyed.")
	w.produce(w.destination, "orders", "1")

	says(t, c.succeeds("plan", `-var=promoted=["orders"]`), "No changes.")
	w.destination.SetMirrorStatus("migration", "payments", "SOURCE_UNAVAILABLE")
	said := c.succeeds("plan", `-var=promoted=["orders"]`)
	says(t, said, "No changes.", "Check block assertion failed", "payments (SOURCE_UNAVAILABLE, lag 0)")
	if strings.Contains(said, "refunds (") || strings.Contains(said, "orders (") {
		t.Errorf("warned of others: %s", said)
	}
	w.destination.SetMirrorStatus("migration", "payments", "")

	c.file("topics.txt", "orders\n payments\n\n")
	w.destination.ResetRequests()
	says(t, c.succeeds("apply", "-auto-approve", `-var=promoted=["orders"]`), "0 added, 0 changed, 1 destroyed.")
	w.expectChanges(w.destination, "POST /links/migration/mirrors:promote")
	w.produce(w.destination, "refunds", "1")
	w.notWritable("payments")
}

// replaceMirrorTopics takes the mirror topics out of a story, which come last,
// and puts something else in.
func (c *cli) replaceMirrorTopics(other string) {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "handing-over_main.tf"))
	if err != nil {
		c.t.Fatal(err)
	}
	before, _, found := strings.Cut(string(text), "resource \"clusterlink_mirror_topic\"")
	if !found || other == "" {
		c.t.Fatal("nothing to replace, or to put in")
	}
	c.file("handing-over_main.tf", before+other)
}

// example runs the CLI with an example of the documentation, and this world's clusters.
func (w *world) example(folder string) *cli {
	w.t.Helper()
	c := newCLI(w.t, "")
	f := w.exampleProvider()
	f.add(w.t, filepath.Join(examples, folder), "*.tf")
	for name, text := range f {
		c.file(name, text)
	}
	c.file("main.tf", "") // provider.tf says what main.tf says otherwise
	return c
}

// What is mirrored can follow the topics that the source has.
func TestTopicsExampleMirrorsWhatMatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.example("data-sources/clusterlink_topics")
	w.topic("orders")
	w.topic("payments")
	says(t, c.succeeds("plan"), `clusterlink_mirror_topic.orders["orders"] will be created`, "1 to add")
	w.topic("orders-returned")
	says(t, c.succeeds("plan"), `clusterlink_mirror_topic.orders["orders-returned"] will be created`, "2 to add")
}

// A check warns of lag, and a postcondition fails a plan that would promote all the same.
func TestMirrorTopicsExampleGuardsPromotion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("payments")
	w.linkAndMirror("payments")
	w.destination.SetMirrorStatus("orders", "payments", "ACTIVE") // a lag that stays is that of a paused topic
	c := w.example("data-sources/clusterlink_mirror_topics")
	const warning, refusal = "A topic of the link orders is 1000 records behind", "Not all topics of the link orders are mirroring"
	promote := []string{"plan", "-var=promote=true"}
	says(t, c.succeeds(promote...), "1 to add")

	w.leavesBehind("orders", "payments", numbers(999)...)
	if said := c.succeeds(promote...); strings.Contains(said, warning) {
		t.Errorf("warned too early: %s", said)
	}
	w.produce(w.source, "payments", "999")
	w.awaits("orders", "payments", func(m *kafkarest.Mirror) bool { return totalLag(m.Lags) == 1000 })
	says(t, c.succeeds("plan"), warning)
	says(t, c.fails(promote...), refusal)
	w.destination.SetMirrorStatus("orders", "payments", "SOURCE_UNAVAILABLE")
	says(t, c.fails(promote...), refusal)
	w.destination.SetMirrorStatus("orders", "payments", "STOPPED")
	if said := c.succeeds(promote...); strings.Contains(said, warning) {
		t.Errorf("warned of a topic that has stopped: %s", said)
	}
}

// leavesBehind makes the mirror topic of a link miss some values.
func (w *world) leavesBehind(link, topic string, values ...string) {
	w.t.Helper()
	w.alters(link, topic, kafkarest.Pause)
	w.produce(w.source, topic, values...)
	w.awaits(link, topic, func(m *kafkarest.Mirror) bool { return totalLag(m.Lags) == int64(len(values)) })
}

// alters does something to a mirror topic of a link outside of Terraform.
func (w *world) alters(link, topic string, verb kafkarest.Verb) {
	w.t.Helper()
	verdicts, err := w.admin(w.destination).AlterMirrors(w.t.Context(), link, verb, kafkarest.Selection{Names: []string{topic}}, false)
	if err != nil || len(verdicts) != 1 || verdicts[0].Refused() {
		w.t.Errorf("%s: %v, %v", verb, verdicts, err)
	}
}

func (w *world) awaits(link, topic string, holds func(*kafkarest.Mirror) bool) {
	w.t.Helper()
	admin := w.admin(w.destination)
	eventually(w.t, topic+" comes to what is waited for", func() bool {
		mirror, err := admin.Mirror(w.t.Context(), link, topic, false)
		return err == nil && holds(mirror)
	})
}
