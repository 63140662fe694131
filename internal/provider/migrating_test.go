package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/tfversion"
)

// newMigration is a walk through the guide to migrating: a link and a mirror
// topic "orders" at the destination, which Terraform has no part in.
func newMigration(t *testing.T, guide *steps) *walk {
	t.Helper()
	w := newWorld(t)
	w.topic("orders", "1")
	w.linkAndMirror("orders")
	w.expectRecords(w.destination, "orders", "1")
	w.destination.ResetRequests()
	c := newCLI(t, "")
	c.file("main.tf", "") // the guide says what main.tf says otherwise
	c.knowsStrangers()
	g := &walk{cli: c, steps: guide, w: w}
	g.replaced = strings.NewReplacer(
		"lkc-00000", w.destination.ID(), "https://pkc-00000.region.provider.example.com:443", w.destination.RESTEndpoint(),
		"lkc-11111", w.source.ID(), "pkc-11111.region.provider.example.com:9092", w.source.BootstrapServers(),
		// Unlike Confluent Cloud's, the emulated clusters have an authority of their own.
		`"sasl.mechanism"    = "PLAIN"`, `"sasl.mechanism" = "PLAIN"`+"\n"+`"ssl.truststore.type" = "PEM"`,
		"      username      = var", fmt.Sprintf("ca_certificate = %q\nusername = var", w.destination.CACertificate()),
		"\n  sensitive_config_wo = {", fmt.Sprintf("\n  sensitive_config_wo = {\n\"ssl.truststore.certificates\" = %q", w.source.CACertificate()),
		"APIKEY of lkc-source", kafkaUser, movedSecret+" of lkc-source", kafkaPassword,
		"APIKEY of lkc-destination", restUser, movedSecret+" of lkc-destination", restPassword,
	)
	variables, err := json.Marshal(map[string]string{
		"source_api_key": kafkaUser, "source_api_secret": kafkaPassword, "destination_api_key": restUser, "destination_api_secret": restPassword,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.file("terraform.tfvars.json", string(variables))
	c.file("variables.tf", `
variable "source_api_key" {}
variable "source_api_secret" { sensitive = true }
variable "destination_api_key" {}
variable "destination_api_secret" { sensitive = true }
`)
	return g
}

// managedByConfluent writes a state of Confluent's provider.
func (g *walk) managedByConfluent() {
	g.t.Helper()
	resource := func(typeName, attributes string) string {
		return fmt.Sprintf(`{"mode": "managed", "type": %q, "name": "orders", "provider": "provider[\"%s\"]", "instances": [{"schema_version": 0, "attributes": %s}]}`,
			typeName, confluentAddress, g.replaced.Replace(attributes))
	}
	g.file("terraform.tfstate", `{"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "moved", "outputs": {}, "resources": [`+
		resource("confluent_cluster_link", confluentLinkState("demo-link", "orders"))+","+
		resource("confluent_kafka_mirror_topic", confluentMirrorState("demo-link", "orders"))+`]}`)
}

// holdsSecrets reports whether a credential stands in a file.
func (c *cli) holdsSecrets(name string) bool {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.Contains(string(text), kafkaPassword) || strings.Contains(string(text), restPassword)
}

func TestMigratingGuide(t *testing.T) {
	t.Parallel()
	guide := readSteps(t, "migrating")
	t.Run("from Confluent's provider", func(t *testing.T) {
		t.Parallel()
		g := newMigration(t, guide)
		g.migrates()
		g.rotates()
	})
	for _, step := range []string{"query", "import"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			guide.taken.Store(step, true) // or skipped
			g := newMigration(t, guide)
			if step == "query" {
				g.since(tfversion.Version1_14_0)
			}
			g.adopts(step)
		})
	}
}

func (g *walk) migrates() {
	g.t.Helper()
	g.managedByConfluent()
	g.takes("before")
	says(g.t, g.takes("provider"), "No changes.")

	g.file("links.tf", g.replaced.Replace(g.blocks["move"][0].text)) // and no moved blocks yet
	says(g.t, g.fails("plan"), `The topic "orders" is a mirror topic of the link "orders" already`)
	said := g.takes("move")
	says(g.t, said, "confluent_cluster_link.orders has moved to clusterlink_link.orders",
		"confluent_kafka_mirror_topic.orders has moved to clusterlink_mirror_topic.orders", "Plan: 0 to add, 0 to change, 0 to destroy.", "Credentials are not moved")
	said = g.takes("apply")
	says(g.t, said, "0 added, 0 changed, 0 destroyed.", "No changes.")
	g.w.expectChanges(g.w.source)
	g.w.expectChanges(g.w.destination)
	if !g.holdsSecrets("terraform.tfstate.backup") || g.holdsSecrets("terraform.tfstate") {
		g.t.Error("the credentials are to be in the state before, and in none after")
	}
	g.w.produce(g.w.source, "orders", "2")
	g.w.expectRecords(g.w.destination, "orders", "1", "2")
}

// rotates makes nothing of Confluent's provider remain, and hands over a new key.
func (g *walk) rotates() {
	g.t.Helper()
	g.file("moved.tf", "")
	g.file("versions.tf", strings.Replace(g.replaced.Replace(g.blocks["provider"][0].text), `    confluent = {
      source = "confluentinc/confluent"
    }
`, "", 1))
	g.reattaches(func(at map[string]any) {
		delete(at, confluentAddress)
		delete(at, "registry.opentofu.org/confluentinc/confluent")
	})
	says(g.t, g.succeeds("plan"), "No changes.")
	says(g.t, g.takes("rotate"), "0 added, 1 changed, 0 destroyed.")
	g.w.expectChanges(g.w.destination, "PUT /links/orders/configs:alter")
	if g.holdsSecrets("terraform.tfstate") {
		g.t.Error("a credential is in the state")
	}
	g.w.produce(g.w.source, "orders", "3")
	g.w.expectRecords(g.w.destination, "orders", "1", "2", "3")
}

// adopts takes over what exists, by a configuration that is generated.
func (g *walk) adopts(step string) {
	g.t.Helper()
	g.file("provider.tf", g.replaced.Replace(g.blocks["provider"][0].text))
	says(g.t, g.takes(step), "Plan: 2 to import, 0 to add, 0 to change, 0 to destroy.", "2 imported, 0 added, 0 changed, 0 destroyed.")
	says(g.t, g.succeeds("plan"), "No changes.")
	g.w.expectChanges(g.w.source)
	g.w.expectChanges(g.w.destination)
	if g.holdsSecrets("generated.tf") || g.holdsSecrets("terraform.tfstate") {
		g.t.Error("a credential was read")
	}
	g.w.produce(g.w.source, "orders", "2")
	g.w.expectRecords(g.w.destination, "orders", "1", "2")
}
