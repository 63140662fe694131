package provider

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// story runs the CLI in a copy of an example that is a whole configuration, with
// this world's clusters, by the names that the example has for source and
// destination, as its variables.
func (w *world) story(example, source, destination string, more map[string]any) *cli {
	w.t.Helper()
	c := newCLI(w.t, "")
	f := files{}
	f.add(w.t, filepath.Join(examples, example), "*.tf")
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
