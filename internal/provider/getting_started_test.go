package provider

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// inPlaceOf puts a world's own values in place of those that a page names, which
// have to be there.
func inPlaceOf(t *testing.T, config string, values [][2]string) string {
	t.Helper()
	for _, v := range values {
		if !strings.Contains(config, v[0]) {
			t.Fatalf("the page has no %s", v[0])
		}
		config = strings.Replace(config, v[0], v[1], 1)
	}
	return config
}

// The guide to getting started does what it says, from nothing to promotion, with
// this world's clusters in place of those that it names.
func TestGettingStartedFromNothingToPromotion(t *testing.T) {
	inEachDialect(t, func(t *testing.T, w *world, _ emulator.Dialect) {
		w.topic("orders", numbers(5)...)
		c := newCLI(t, "")
		config := inPlaceOf(t, guideConfigs(t, "destination-initiated")["platform"], [][2]string{
			{"https://kafka-b.example.com:8090", w.destination.RESTEndpoint()}, {`"terraform"`, `"` + restUser + `"`},
			{"kafka-a.example.com:9092", w.source.BootstrapServers()}, {`"link"`, `"` + kafkaUser + `"`},
			{"MToL0AbqRMqxznu7C7CPOw", w.source.ID()},
		})
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

// The link of the guide to Alibaba Cloud, between servers as old as it speaks of.
func TestAlibabaCloudLinkFromNothingToDestruction(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, emulator.ConfluentPlatform71)
	w.topic("orders", numbers(5)...)
	link := strings.Join(slices.Collect(maps.Values(guideConfigs(t, "alibaba-cloud"))), "\n")
	config := inPlaceOf(t, link, [][2]string{
		{`"https://vpc-kafka-fedcba.example.com:8090"`, `"` + w.destination.RESTEndpoint() + `"` + "\n ca_certificate = file(\"ca.pem\")"},
		{`"terraform"`, `"` + restUser + `"`}, {"var.destination_password", `"` + restPassword + `"`},
		{`"vpc-kafka-abcdef.example.com:9095"`, `"` + w.source.BootstrapServers() + `"` + "\n \"ssl.truststore.type\" = \"PEM\""},
		{`"link", var.source_password)`, `"` + kafkaUser + `", "` + kafkaPassword + `")` + "\n \"ssl.truststore.certificates\" = file(\"ca.pem\")"},
		{"MToL0AbqRMqxznu7C7CPOw", w.source.ID()},
	})
	c := newCLI(t, config)
	c.file("ca.pem", w.source.CACertificate()+w.destination.CACertificate())
	c.applies(2)
	w.expectRecords(w.destination, "orders", numbers(5)...)
	says(t, c.succeeds("destroy", "-auto-approve"), "2 destroyed.")
	w.produce(w.destination, "orders", "5")
}
