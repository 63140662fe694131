package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/apachekafka"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/figures"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// kafkaWorld is a world whose source is a real Apache Kafka broker.
type kafkaWorld struct {
	*world // without a source
	source *apachekafka.Broker
}

func newKafkaWorld(t *testing.T, cfg apachekafka.Config) *kafkaWorld {
	t.Helper()
	source := apachekafka.Start(t, cfg)
	destination := emulatortest.Start(t, emulator.Config{
		ClusterID: "lkc-destination", TLS: true,
		Users: map[string]string{restUser: restPassword}, KafkaUsers: map[string]string{kafkaUser: kafkaPassword},
	})
	return &kafkaWorld{world: &world{t: t, destination: destination}, source: source}
}

// config is the provider block for the destination, and body, filled.
func (w *kafkaWorld) config(body string) string {
	return strings.NewReplacer(
		"SOURCE_BOOTSTRAP", w.source.BootstrapServers(), "SOURCE_CA", fmt.Sprintf("%q", w.source.CACertificate()), "lkc-source", w.source.ClusterID(),
	).Replace(fmt.Sprintf(`
provider "clusterlink" {
  endpoints = {
    destination = { rest_endpoint = %q, username = %q, password = %q, ca_certificate = %q }
  }
}
`, w.destination.RESTEndpoint(), restUser, restPassword, w.destination.CACertificate()) + body)
}

// scramLink is the demo link with a user of SCRAM.
func scramLink(password string, version int) string {
	return strings.NewReplacer(
		`"PLAIN"`, `"SCRAM-SHA-512"`,
		"JAAS", fmt.Sprintf("provider::clusterlink::jaas_config(%q, %q, %q)", "SCRAM-SHA-512", kafkaUser, password),
		"sensitive_config_wo_version = 1", fmt.Sprint("sensitive_config_wo_version = ", version),
	).Replace(demoLink(""))
}

// reports waits until the server reports a link and its mirror topic orders in
// a certain way, and returns its words about the link.
func (w *kafkaWorld) reports(linkState, linkError, mirrorStatus string) string {
	w.t.Helper()
	admin, seen, message := w.admin(w.destination), "", ""
	want := fmt.Sprintf("link %s with %s, mirror topic %s", linkState, linkError, mirrorStatus)
	eventually(w.t, want, func() bool {
		link, err := admin.Link(w.t.Context(), "demo-link", false)
		mirror, mirrorErr := admin.Mirror(w.t.Context(), "demo-link", "orders", false)
		if err != nil || mirrorErr != nil {
			seen = fmt.Sprint(err, mirrorErr)
			return false
		}
		seen, message = fmt.Sprintf("link %s with %s, mirror topic %s", link.State, link.Error, mirror.Status), link.ErrorMessage
		return seen == want
	})
	if seen != want {
		w.t.Fatalf("last seen: %s %s", seen, message)
	}
	return message
}

// statusOutputs are what Terraform makes of what the server reports.
const statusOutputs = `
data "clusterlink_link" "demo" {
  link_name  = clusterlink_link.demo.link_name
  depends_on = [clusterlink_mirror_topic.orders]
}
output "link"   { value = [data.clusterlink_link.demo.link_state, data.clusterlink_link.demo.link_error] }
output "mirror" { value = clusterlink_mirror_topic.orders.mirror_status }
`

// shows fails the test unless Terraform, asked again, shows that state and
// plans nothing for it.
func (c *cli) shows(linkState, linkError, mirrorStatus string) {
	c.t.Helper()
	says(c.t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed.")
	c.output("link", fmt.Sprintf(`[%q, %q]`, linkState, linkError))
	c.output("mirror", fmt.Sprintf(`%q`, mirrorStatus))
}

func since(began time.Time) time.Duration { return time.Since(began).Round(time.Second) }

// From a real broker, with topics of every kind: the vendor's walkthrough, every
// record compared.
func TestApacheKafkaWalkthrough(t *testing.T) {
	t.Parallel()
	began := time.Now()
	w := newKafkaWorld(t, apachekafka.Config{
		PlainUsers: map[string]string{kafkaUser: kafkaPassword}, Settings: map[string]string{"log.cleaner.backoff.ms": "200"},
	})
	topics := w.everyTopic()
	names, err := json.Marshal(topics)
	if err != nil {
		t.Fatal(err)
	}
	link := w.config(`
locals {
  parsed = provider::clusterlink::parse_link_config(file("clusterlink.config"))
}
resource "clusterlink_link" "demo" {
  link_name                   = "demo-link"
  remote_cluster_id           = "lkc-source"
  config                      = local.parsed.config
  sensitive_config_wo         = local.parsed.sensitive_config
  sensitive_config_wo_version = 1
}
`)
	c := newCLI(t, link+`
resource "clusterlink_mirror_topic" "all" {
  for_each          = toset(`+string(names)+`)
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = each.key
}
data "clusterlink_links" "all" {
  depends_on = [clusterlink_mirror_topic.all]
}
data "clusterlink_link" "demo" {
  link_name  = clusterlink_link.demo.link_name
  depends_on = [clusterlink_mirror_topic.all]
}
data "clusterlink_mirror_topics" "demo" {
  link_name  = clusterlink_link.demo.link_name
  depends_on = [clusterlink_mirror_topic.all]
}
output "names"     { value = { for l in data.clusterlink_links.all.links : l.link_name => l.topic_names } }
output "source"    { value = data.clusterlink_links.all.links[0].source_cluster_id }
output "mechanism" { value = data.clusterlink_link.demo.config["sasl.mechanism"] }
output "behind"    { value = distinct([for m in data.clusterlink_mirror_topics.demo.mirror_topics : "${m.mirror_status} ${m.max_lag}"]) }
`)
	c.file("clusterlink.config", `bootstrap.servers=`+w.source.BootstrapServers()+`
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='`+kafkaUser+`' password='`+kafkaPassword+`';
ssl.truststore.type=PEM
ssl.truststore.certificates=`+strings.ReplaceAll(w.source.CACertificate(), "\n", `\n`)+`
`)
	says(t, c.succeeds("apply", "-auto-approve"), fmt.Sprintf("%d added, 0 changed, 0 destroyed.", 1+len(topics)))
	count := 0
	for _, topic := range topics {
		count += w.same(topic)
		w.notWritable(topic)
	}
	w.grows("orders", 8)
	count += w.same("orders") - 60_000
	w.hasSetting("stamped", "message.timestamp.type", "LogAppendTime")
	w.hasSetting("table", "cleanup.policy", "compact")
	says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed.") // reads the data sources again
	says(t, c.succeeds("plan"), "No changes.")
	c.output("names", `{"demo-link": `+string(names)+`}`)
	c.output("source", fmt.Sprintf("%q", w.source.ClusterID()))
	c.output("mechanism", `"PLAIN"`)
	c.output("behind", `["ACTIVE 0"]`)

	c.write(link)
	says(t, c.succeeds("apply", "-auto-approve"), fmt.Sprintf("0 added, 0 changed, %d destroyed.", len(topics))) // promotes
	for _, topic := range topics {
		w.same(topic)
		w.produce(w.destination, topic, "written here")
	}
	says(t, c.succeeds("destroy", "-auto-approve"), "1 destroyed")
	figures.Tell(t, "Apache Kafka, walkthrough: %d records of %d topics are the same on both sides; it took %s", count, len(topics), since(began))
}

// hasSetting fails the test unless a mirror topic has a setting of its source.
func (w *kafkaWorld) hasSetting(topic, name, want string) {
	w.t.Helper()
	configs, err := w.admin(w.destination).TopicSettings(w.t.Context(), topic)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range configs {
		if c.Name == name && c.Value != nil && *c.Value == want {
			return
		}
	}
	w.t.Errorf("%s is not mirrored with %s=%s", topic, name, want)
}

// A broker stops, in an orderly way and by a crash, while records are written:
// the link says so, comes back by itself, and has lost and doubled nothing.
func TestApacheKafkaStopsAndStarts(t *testing.T) {
	t.Parallel()
	began := time.Now()
	w := newKafkaWorld(t, apachekafka.Config{ScramUsers: map[string]string{kafkaUser: kafkaPassword}})
	w.create("orders", 3, nil)
	written := w.startTrickle("orders", 3)
	config := w.config(scramLink(kafkaPassword, 1) + demoMirror("") + statusOutputs)
	c := newCLI(t, config)
	says(t, c.succeeds("apply", "-auto-approve"), "2 added, 0 changed, 0 destroyed.")
	c.shows("ACTIVE", "NO_ERROR", "ACTIVE")

	for _, end := range []func(){w.source.Stop, w.source.Kill} {
		written.goesOn(t)
		end()
		w.reports("UNAVAILABLE", "BOOTSTRAP_TCP_CONNECTION_FAILED_ERROR", "SOURCE_UNAVAILABLE")
		c.shows("UNAVAILABLE", "BOOTSTRAP_TCP_CONNECTION_FAILED_ERROR", "SOURCE_UNAVAILABLE")
		w.source.Restart()
		w.reports("ACTIVE", "NO_ERROR", "ACTIVE")
		written.goesOn(t)
		c.shows("ACTIVE", "NO_ERROR", "ACTIVE")
	}
	w.promotes(c, written)
	figures.Tell(t, "Apache Kafka, stopped once and killed once: %d records, none lost, none doubled; it took %s", written.acknowledged.Load(), since(began))
}

// promotes ends the writing, and destroys all: the topic has every record that
// the source acknowledged, once, and can be written to.
func (w *kafkaWorld) promotes(c *cli, written *trickle) {
	w.t.Helper()
	written.stop()
	says(w.t, c.succeeds("destroy", "-auto-approve"), "2 destroyed")
	if n, want := w.same("orders"), int(written.acknowledged.Load()); n != want {
		w.t.Errorf("%d records, %d were acknowledged", n, want)
	}
	w.produce(w.destination, "orders", "written here")
}

// The password of the link's user is changed on the broker: the link's login
// fails when the broker wants it again, until Terraform is told the new one.
func TestApacheKafkaCredentialRotates(t *testing.T) {
	t.Parallel()
	began := time.Now()
	w := newKafkaWorld(t, apachekafka.Config{
		ScramUsers: map[string]string{kafkaUser: kafkaPassword}, Settings: map[string]string{"connections.max.reauth.ms": "2000"},
	})
	w.create("orders", 3, nil)
	written := w.startTrickle("orders", 3)
	of := func(password string, version int) string {
		return w.config(scramLink(password, version) + demoMirror("") + statusOutputs)
	}
	c := newCLI(t, of("wrong-password-1", 1))
	says(t, c.fails("apply", "-auto-approve"), "SASL_AUTHENTICATION_FAILED")
	c.write(of(kafkaPassword, 1))
	says(t, c.succeeds("apply", "-auto-approve"), "2 added, 0 changed, 0 destroyed.")
	written.goesOn(t)

	w.source.SetScramPassword(kafkaUser, "kafka-password-2")
	says(t, w.reports("FAILED", "AUTHENTICATION_ERROR", "LINK_FAILED"), "SASL_AUTHENTICATION_FAILED")
	c.shows("FAILED", "AUTHENTICATION_ERROR", "LINK_FAILED")
	written.goesOn(t)
	c.write(of("kafka-password-2", 2))
	says(t, c.succeeds("apply", "-auto-approve"), "0 added, 1 changed, 0 destroyed.")
	w.reports("ACTIVE", "NO_ERROR", "ACTIVE")
	c.shows("ACTIVE", "NO_ERROR", "ACTIVE")

	// The order in which it is to be done: what comes second is there in time.
	w.source.SetScramPassword(kafkaUser, "kafka-password-3")
	c.write(of("kafka-password-3", 3))
	says(t, c.succeeds("apply", "-auto-approve"), "0 added, 1 changed, 0 destroyed.")
	written.goesOn(t)
	w.reports("ACTIVE", "NO_ERROR", "ACTIVE")
	w.promotes(c, written)
	figures.Tell(t, "Apache Kafka, password changed twice: %d records, none lost, none doubled; it took %s", written.acknowledged.Load(), since(began))
}

// Source topics are deleted, and others of their names created, later or at
// once: the mirror topics keep what they have and take nothing from the others.
func TestApacheKafkaTopicDeleted(t *testing.T) {
	t.Parallel()
	began := time.Now()
	w := newKafkaWorld(t, apachekafka.Config{PlainUsers: map[string]string{kafkaUser: kafkaPassword}})
	const count = 3000
	before := map[string][]string{"orders": nil, "returns": nil}
	for topic := range before {
		w.create(topic, 3, nil)
		w.writes(w.client(), numbered(topic, 3, 0, count)...)
	}
	of := func(extra string) string {
		mirror := demoMirror(extra)
		return strings.ReplaceAll(w.config(demoLink("")+mirror+strings.ReplaceAll(mirror, "orders", "returns")+statusOutputs),
			"JAAS", fmt.Sprintf("provider::clusterlink::jaas_config(%q, %q, %q)", "PLAIN", kafkaUser, kafkaPassword))
	}
	c := newCLI(t, of(""))
	says(t, c.succeeds("apply", "-auto-approve"), "3 added, 0 changed, 0 destroyed.")
	for topic := range before {
		w.same(topic)
		before[topic] = w.read(w.destination.KafkaOptions(), topic)
	}

	w.deletes("orders")
	w.deletes("returns")
	w.createsAnother("returns")
	w.reports("ACTIVE", "NO_ERROR", kafkarest.StatusFailed)
	w.awaits("demo-link", "returns", func(m *kafkarest.Mirror) bool {
		return m.Status == kafkarest.StatusFailed && m.Error == "SOURCE_TOPIC_MAY_BE_DELETED"
	})
	c.shows("ACTIVE", "NO_ERROR", kafkarest.StatusFailed)
	w.createsAnother("orders")
	says(t, c.fails("destroy", "-auto-approve"), `on_destroy = "FAILOVER"`)
	c.write(of(`on_destroy = "FAILOVER"`))
	says(t, c.succeeds("apply", "-auto-approve"), "0 added, 2 changed, 0 destroyed.")
	says(t, c.succeeds("destroy", "-auto-approve"), "3 destroyed")
	for topic, had := range before {
		if after := w.read(w.destination.KafkaOptions(), topic); len(had) != count || !slices.Equal(after, had) {
			t.Errorf("%s: %d records before, %d after: %s", topic, len(had), len(after), differences(had, after))
		}
		w.produce(w.destination, topic, "written here")
	}
	figures.Tell(t, "Apache Kafka, source topics deleted and replaced: %d records of %d topics kept; it took %s", count*len(before), len(before), since(began))
}

func (w *kafkaWorld) deletes(topic string) {
	w.t.Helper()
	if _, err := w.source.Admin().DeleteTopic(w.t.Context(), topic); err != nil {
		w.t.Fatal(err)
	}
}

// createsAnother creates another topic with a name that one had before, and with
// more records.
func (w *kafkaWorld) createsAnother(topic string) {
	w.t.Helper()
	w.create(topic, 3, nil)
	w.writes(w.client(), numbered(topic, 3, 5000, 9000)...)
}
