package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// The vendor's walkthrough, as configurations that would do the same on real
// clusters: with records, and against servers new and old.

var dialects = map[string]emulator.Dialect{"Cloud": emulator.ConfluentCloud, "Platform 7.1": emulator.ConfluentPlatform71}

// inEachDialect runs a flow against servers new and old.
func inEachDialect(t *testing.T, flow func(*testing.T, *world, emulator.Dialect)) {
	t.Parallel()
	for name, dialect := range dialects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flow(t, newWorldOf(t, dialect), dialect)
		})
	}
}

// file writes a file beside the configuration.
func (c *cli) file(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// output fails the test unless an output has this value, given as JSON.
func (c *cli) output(name, want string) {
	c.t.Helper()
	if got := c.succeeds("output", "-json", name); !reflect.DeepEqual(decoded(c.t, []string{got}), decoded(c.t, []string{want})) {
		c.t.Errorf("output %s: got %s, want %s", name, got, want)
	}
}

// applies applies a configuration from nothing and sees that it is all there is
// to do.
func (c *cli) applies(count int) {
	c.t.Helper()
	says(c.t, c.succeeds("apply", "-auto-approve"), fmt.Sprintf("%d added, 0 changed, 0 destroyed.", count))
	says(c.t, c.succeeds("plan"), "No changes.")
}

func (w *world) notWritable(topic string) {
	w.t.Helper()
	if err := w.destination.Produce(w.t.Context(), topic, "written here"); err == nil {
		w.t.Errorf("the mirror topic %q was written to", topic)
	}
}

func TestFlowADestinationInitiatedFromAFile(t *testing.T) {
	inEachDialect(t, func(t *testing.T, w *world, _ emulator.Dialect) {
		w.topic("demo-link-topic", "1", "2", "3", "4", "5")
		w.expectRecords(w.source, "demo-link-topic", "1", "2", "3", "4", "5")
		link := w.config(`
locals {
  parsed = provider::clusterlink::parse_link_config(file("clusterlink.config"))
}
resource "clusterlink_link" "demo" {
  endpoint                    = "destination"
  link_name                   = "demo-link"
  link_mode                   = local.parsed.link_mode
  connection_mode             = local.parsed.connection_mode
  config                      = local.parsed.config
  sensitive_config_wo         = local.parsed.sensitive_config
  sensitive_config_wo_version = 1
}
`)
		c := newCLI(t, link+`
resource "clusterlink_mirror_topic" "demo" {
  endpoint          = "destination"
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = "demo-link-topic"
}
data "clusterlink_links" "all" {
  endpoint   = "destination"
  depends_on = [clusterlink_mirror_topic.demo]
}
data "clusterlink_link" "demo" {
  endpoint   = "destination"
  link_name  = clusterlink_link.demo.link_name
  depends_on = [clusterlink_mirror_topic.demo]
}
data "clusterlink_mirror_topics" "demo" {
  endpoint   = "destination"
  link_name  = clusterlink_link.demo.link_name
  depends_on = [clusterlink_mirror_topic.demo]
}
output "names"     { value = { for l in data.clusterlink_links.all.links : l.link_name => l.topic_names } }
output "mechanism" { value = data.clusterlink_link.demo.config["sasl.mechanism"] }
output "lag"       { value = [for m in data.clusterlink_mirror_topics.demo.mirror_topics : [for p in m.partitions : p.lag]] }
`)
		c.file("clusterlink.config", `# What kafka-cluster-links takes with --config-file.
bootstrap.servers=`+w.source.BootstrapServers()+`
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
    username='`+kafkaUser+`' \
    password='`+kafkaPassword+`';
ssl.truststore.type=PEM
ssl.truststore.certificates=`+strings.ReplaceAll(w.source.CACertificate(), "\n", `\n`)+`
`)
		says(t, c.succeeds("apply", "-auto-approve"), "2 added, 0 changed, 0 destroyed.")
		w.expectRecords(w.destination, "demo-link-topic", "1", "2", "3", "4", "5")
		w.notWritable("demo-link-topic")
		says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed.") // reads the data sources again
		says(t, c.succeeds("plan"), "No changes.")
		c.output("names", `{"demo-link": ["demo-link-topic"]}`)
		c.output("mechanism", `"PLAIN"`)
		c.output("lag", `[[0]]`)

		c.write(link)
		says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 1 destroyed.") // promotes
		w.produce(w.destination, "demo-link-topic", "6")
		w.expectRecords(w.destination, "demo-link-topic", "1", "2", "3", "4", "5", "6")
		says(t, c.succeeds("destroy", "-auto-approve"), "1 destroyed")
		w.produce(w.destination, "demo-link-topic", "7")
	})
}

func TestFlowBMakesTheSameCallsAsCurl(t *testing.T) {
	inEachDialect(t, func(t *testing.T, w *world, _ emulator.Dialect) {
		w.topic("test-di1", numbers(100)...)
		c := newCLI(t, w.config(strings.NewReplacer("demo-link", "link-di3", `"orders"`, `"test-di1"`).Replace(demoLink("")+demoMirror(""))))
		c.applies(2)
		w.expectRecords(w.destination, "test-di1", numbers(100)...)
		w.sent(w.destination, `POST /links\?link_name=link-di3&validate_link=true$`, fmt.Sprintf(`{"source_cluster_id": "lkc-source", "configs": [
			{"name": "bootstrap.servers", "value": %q},
			{"name": "sasl.jaas.config", "value": "(redacted)"},
			{"name": "sasl.mechanism", "value": "PLAIN"},
			{"name": "security.protocol", "value": "SASL_SSL"},
			{"name": "ssl.truststore.certificates", "value": "(redacted)"},
			{"name": "ssl.truststore.type", "value": "PEM"}
		]}`, w.source.BootstrapServers()))
		w.sent(w.destination, `POST /links/link-di3/mirrors$`, `{"source_topic_name": "test-di1", "configs": []}`)
		says(t, c.succeeds("destroy", "-auto-approve"), "2 destroyed")
		w.produce(w.destination, "test-di1", "written here")
		w.expectRecords(w.destination, "test-di1", append(numbers(100), "written here")...)
	})
}

// linkSI3 is the guide's pair of links, and a mirror topic that needs both.
var linkSI3 = strings.NewReplacer(`"pair"`, `"link-si3"`, `"local.security.protocol" `, `"local.bootstrap.servers" = "SOURCE_BOOTSTRAP"
    "local.security.protocol" `).Replace(sourceInitiated) + `
resource "clusterlink_mirror_topic" "orders" {
  endpoint          = "destination"
  link_name         = clusterlink_link.inbound.link_name
  source_topic_name = "test-si1"
  depends_on        = [clusterlink_link.outbound]
}
`

func TestFlowCSourceInitiatedInOneApply(t *testing.T) {
	inEachDialect(t, func(t *testing.T, w *world, _ emulator.Dialect) {
		w.topic("test-si1", numbers(500)...)
		c := newCLI(t, w.config(linkSI3))
		const create = `POST /links\?link_name=link-si3&validate_link=true$`
		c.applies(3)
		w.expectRecords(w.destination, "test-si1", numbers(500)...)
		w.notWritable("test-si1")
		w.sent(w.destination, create, `{"source_cluster_id": "lkc-source", "configs": [
			{"name": "link.mode", "value": "DESTINATION"},
			{"name": "connection.mode", "value": "INBOUND"}
		]}`)
		w.sent(w.source, create, fmt.Sprintf(`{"destination_cluster_id": "lkc-destination", "configs": [
			{"name": "link.mode", "value": "SOURCE"},
			{"name": "connection.mode", "value": "OUTBOUND"},
			{"name": "bootstrap.servers", "value": %q},
			{"name": "local.bootstrap.servers", "value": %q},
			{"name": "local.sasl.jaas.config", "value": "(redacted)"},
			{"name": "local.sasl.mechanism", "value": "PLAIN"},
			{"name": "local.security.protocol", "value": "SASL_SSL"},
			{"name": "local.ssl.truststore.certificates", "value": "(redacted)"},
			{"name": "local.ssl.truststore.type", "value": "PEM"},
			{"name": "sasl.jaas.config", "value": "(redacted)"},
			{"name": "sasl.mechanism", "value": "PLAIN"},
			{"name": "security.protocol", "value": "SASL_SSL"},
			{"name": "ssl.truststore.certificates", "value": "(redacted)"},
			{"name": "ssl.truststore.type", "value": "PEM"}
		]}`, w.destination.BootstrapServers(), w.source.BootstrapServers()))
		w.sent(w.destination, `POST /links/link-si3/mirrors$`, `{"source_topic_name": "test-si1", "configs": []}`)

		says(t, c.succeeds("destroy", "-auto-approve"), "3 destroyed")
		w.produce(w.destination, "test-si1", "written here")
		w.expectRecords(w.destination, "test-si1", append(numbers(500), "written here")...)

		w.inOrder(
			step{w.destination, create}, step{w.source, create}, step{w.destination, `POST /links/link-si3/mirrors$`},
			step{w.destination, `POST /links/link-si3/mirrors:promote$`}, step{w.source, `DELETE /links/link-si3$`}, step{w.destination, `DELETE /links/link-si3$`},
		)
	})
}

// step is a call that a flow makes once.
type step struct {
	on   *emulator.Cluster
	call string
}

// inOrder fails the test unless the calls were made, once each, in this order.
func (w *world) inOrder(steps ...step) {
	w.t.Helper()
	var order []string
	for _, s := range steps {
		for _, r := range requests(s.on, s.call) {
			order = append(order, r.At.Format("15:04:05.000000000")+" "+s.on.ID()+" "+line(s.on, r))
		}
	}
	if len(order) != len(steps) || !slices.IsSorted(order) {
		w.t.Errorf("not in order, or not once each: %s", strings.Join(order, "\n"))
	}
}

func TestFlowDListsAndDeletesLinks(t *testing.T) {
	inEachDialect(t, func(t *testing.T, w *world, dialect emulator.Dialect) {
		w.topic("test-si1", "1")
		di1 := strings.ReplaceAll(demoLink(""), "demo-link", "link-di1")
		config := w.config(linkSI3 + di1 + `
data "clusterlink_links" "destination" {
  endpoint   = "destination"
  depends_on = [clusterlink_mirror_topic.orders, clusterlink_link.demo]
}
data "clusterlink_links" "source" {
  endpoint   = "source"
  depends_on = [clusterlink_mirror_topic.orders, clusterlink_link.demo]
}
output "ids" {
  value = [for l in data.clusterlink_links.destination.links : l.cluster_link_id] == [clusterlink_link.demo.cluster_link_id, clusterlink_link.inbound.cluster_link_id]
}
output "destination" {
  value = [for l in data.clusterlink_links.destination.links : { for k, v in l : k => v if k != "cluster_link_id" }]
}
output "source" {
  value = [for l in data.clusterlink_links.source.links : { for k, v in l : k => v if k != "cluster_link_id" }]
}
`)
		c := newCLI(t, config)
		c.succeeds("apply", "-auto-approve")
		c.succeeds("apply", "-auto-approve") // reads the data sources again
		said := map[emulator.Dialect]string{
			emulator.ConfluentCloud:      `"link_state": "ACTIVE", "link_error": "NO_ERROR", "link_error_message": null`,
			emulator.ConfluentPlatform71: `"link_state": null, "link_error": null, "link_error_message": null`,
		}[dialect]
		row := func(name, source, destination, topics string) string {
			return fmt.Sprintf(`{"link_name": %q, "source_cluster_id": %s, "destination_cluster_id": %s, "remote_cluster_id": null, "topic_names": %s, %s}`,
				name, source, destination, topics, said)
		}
		c.output("ids", "true")
		c.output("destination", "["+row("link-di1", `"lkc-source"`, "null", "[]")+", "+row("link-si3", `"lkc-source"`, "null", `["test-si1"]`)+"]")
		c.output("source", "["+row("link-si3", "null", `"lkc-destination"`, "[]")+"]")

		w.destination.ResetRequests()
		c.write(w.config(linkSI3))
		says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 1 destroyed.")
		if err := w.told(w.destination, "DELETE /links/link-di1")(nil); err != nil {
			t.Error(err)
		}
		says(t, c.succeeds("destroy", "-auto-approve"), "3 destroyed")
	})
}
