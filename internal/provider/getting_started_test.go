package provider

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// The guide to getting started does what it says, from nothing to promotion, with
// this world's clusters in place of those that it names.
func TestGettingStartedFromNothingToPromotion(t *testing.T) {
	inEachDialect(t, func(t *testing.T, w *world, _ emulator.Dialect) {
		w.topic("orders", numbers(5)...)
		c := newCLI(t, "")
		config := strings.NewReplacer(
			"https://kafka-b.example.com:8090", w.destination.RESTEndpoint(), `"terraform"`, `"`+restUser+`"`,
			"kafka-a.example.com:9092", w.source.BootstrapServers(), `"link"`, `"`+kafkaUser+`"`,
			"MToL0AbqRMqxznu7C7CPOw", w.source.ID(),
		).Replace(guideConfigs(t, "destination-initiated")["platform"])
		secrets, err := json.Marshal(map[string]string{"destination_password": restPassword, "source_password": kafkaPassword})
		if err != nil {
			t.Fatal(err)
		}
		c.file("ca.pem", w.source.CACertificate()+w.destination.CACertificate())
		c.file("terraform.tfvars.json", string(secrets))
		c.file("main.tf", config)

		says(t, c.succeeds("plan"), "Plan: 2 to add, 0 to change, 0 to destroy.")
		says(t, c.succeeds("apply", "-auto-approve"), "2 added, 0 changed, 0 destroyed.")
		w.expectRecords(w.destination, "orders", numbers(5)...)
		w.notWritable("orders")
		w.awaits("migration", "orders", func(m *kafkarest.Mirror) bool { return len(m.Lags) > 0 && totalLag(m.Lags) == 0 })
		says(t, c.succeeds("apply", "-auto-approve", "-refresh-only"), "lag = {", `"orders" = 0`)

		const source = `source_topic_name = "orders"`
		c.file("main.tf", strings.Replace(config, source, source+"\n  state = \"PROMOTED\"", 1))
		says(t, c.succeeds("plan"), "Plan: 0 to add, 1 to change, 0 to destroy.")
		says(t, c.succeeds("apply", "-auto-approve"), "0 added, 1 changed, 0 destroyed.")
		w.produce(w.destination, "orders", "5")

		w.destination.ResetRequests()
		provider, _, _ := strings.Cut(config, `resource "clusterlink_link"`)
		c.file("main.tf", provider)
		says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 2 destroyed.")
		w.expectChanges(w.destination, "DELETE /links/migration")
		w.expectRecords(w.destination, "orders", numbers(6)...)
	})
}
