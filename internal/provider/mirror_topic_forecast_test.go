package provider

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// endpoints are the clusters of the world as a configured provider sees them.
func (w *world) endpoints() *endpoints {
	w.t.Helper()
	eps := &endpoints{byName: map[string]*endpoint{}, planValidation: true}
	for name, c := range map[string]*emulator.Cluster{"source": w.source, "destination": w.destination} {
		model := endpointModel{
			RESTEndpoint: types.StringValue(c.RESTEndpoint()), ClusterID: types.StringValue(c.ID()), CACertificate: types.StringValue(c.CACertificate()),
			Username: types.StringValue(restUser), Password: types.StringValue(restPassword),
		}
		client, diags := model.client(path.Root("endpoints").AtMapKey(name), clientDefaults{maxRetries: 1, requestTimeout: 10 * time.Second})
		if diags.HasError() {
			w.t.Fatal(diags)
		}
		eps.byName[name] = &endpoint{name: name, address: c.RESTEndpoint(), clusterID: c.ID(), client: client, shared: newShared(client), lookups: newLookups()}
	}
	return eps
}

// link creates the demo link, and mirrors of the given topics on it, without Terraform.
func (w *world) link(topics ...string) {
	w.t.Helper()
	client := w.endpoints().byName["destination"].client
	err := client.CreateLink(w.t.Context(), kafkarest.NewLink{Name: "demo-link", SourceClusterID: w.source.ID(), Validate: true, Configs: []kafkarest.Setting{
		{Name: "bootstrap.servers", Value: w.source.BootstrapServers()},
		{Name: "security.protocol", Value: "SASL_SSL"},
		{Name: "sasl.mechanism", Value: "PLAIN"},
		{Name: "sasl.jaas.config", Value: fmt.Sprintf(`org.apache.kafka.common.security.plain.PlainLoginModule required username=%q password=%q;`, kafkaUser, kafkaPassword)},
		{Name: "ssl.truststore.type", Value: "PEM"},
		{Name: "ssl.truststore.certificates", Value: w.source.CACertificate()},
	}}, false)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, topic := range topics {
		if err := client.CreateMirror(w.t.Context(), "demo-link", kafkarest.NewMirror{SourceTopicName: topic}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func mirrorState(topic, onDestroy string) mirrorTopicModel {
	m := importedMirror("destination", "lkc-destination", "demo-link", topic)
	m.OnDestroy = types.StringValue(onDestroy)
	return m
}

func TestPlanTellsWhatDestroyingWillCost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topics := []string{"even", "behind", "refused", "stopped"}
	for _, topic := range topics {
		w.topic(topic)
	}
	w.link(topics...)
	client := w.endpoints().byName["destination"].client
	for verb, topic := range map[kafkarest.Verb]string{kafkarest.Pause: "behind", kafkarest.Failover: "stopped"} {
		if _, err := client.AlterMirrors(t.Context(), "demo-link", verb, kafkarest.Selection{Names: []string{topic}}, false); err != nil {
			t.Fatal(err)
		}
	}
	var records []string
	for i := range 1234 {
		records = append(records, fmt.Sprint(i))
	}
	w.produce(w.source, "behind", records...)
	err := poll(t.Context(), func() (bool, error) {
		mirror, err := client.Mirror(t.Context(), "demo-link", "behind", false)
		return err == nil && totalLag(mirror.Lags) == int64(len(records)), err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.destination.RefuseVerdict("demo-link", "refused", "promote", 40002, "Topic cannot be promoted today")
	w.destination.ResetRequests()

	r := &mirrorTopicResource{endpoints: w.endpoints()}
	for _, tc := range []struct{ topic, onDestroy, want string }{
		{"even", onDestroyPromote, ""},
		{"even", onDestroyFailover, ""},
		{"even", onDestroyKeep, ""},
		{"even", onDestroyDeleteTopic, "deletes the topic with all its records"},
		{"behind", onDestroyPromote, "1,234 records behind"},
		{"behind", onDestroyFailover, "1,234 records behind"},
		{"refused", onDestroyPromote, "Topic cannot be promoted today."},
		{"refused", onDestroyPromote, `on_destroy = "FAILOVER"`},
		{"refused", onDestroyFailover, ""},
		{"stopped", onDestroyPromote, ""},
		{"gone", onDestroyPromote, ""},
	} {
		var diags diag.Diagnostics
		r.warnOfDestroy(t.Context(), mirrorState(tc.topic, tc.onDestroy), &diags)
		var text string
		for _, d := range diags.Warnings() {
			text += d.Summary() + "\n" + d.Detail()
		}
		if diags.HasError() || (tc.want == "") != (text == "") || !strings.Contains(text, tc.want) {
			t.Errorf("%s with %s: got %q, want %q", tc.topic, tc.onDestroy, text, tc.want)
		}
	}
	if made := calls(w.destination, `.`); len(made) != 2 {
		t.Errorf("all of it took %v, want one list and one validation", made)
	}
}

func TestPlanOfManyDestroysNeverHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1")
	w.link("orders")
	w.destination.Inject(emulator.Fault{Path: `mirrors`, Hang: time.Minute})

	r := &mirrorTopicResource{endpoints: w.endpoints()}
	started := time.Now()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			var diags diag.Diagnostics
			r.warnOfDestroy(t.Context(), mirrorState("orders", onDestroyPromote), &diags)
			if diags.HasError() || diags.WarningsCount() != 1 || !strings.Contains(diags[0].Detail(), "no answer within 5s") {
				t.Errorf("got %v, want a warning of how long it took", diags)
			}
		})
	}
	all.Wait()
	if took := time.Since(started); took > 2*planPatience {
		t.Errorf("planning 50 destroys against a server that hangs took %s", took)
	}
}
