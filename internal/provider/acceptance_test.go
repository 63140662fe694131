package provider

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	restUser, restPassword   = "admin", "rest-password-1"
	kafkaUser, kafkaPassword = "linker", "kafka-password-1"

	adminAgent = "outside-of-terraform"
)

var factories = map[string]func() (tfprotov6.ProviderServer, error){
	"clusterlink": func() (tfprotov6.ProviderServer, error) { return NewServer("test")(), nil },
}

// world is a source and a destination cluster for one test. When the test ends,
// the provider must not have deleted a topic, unless the test says that it may.
type world struct {
	t                   *testing.T
	source, destination *emulator.Cluster
	mayDeleteTopics     bool
}

func newWorld(t *testing.T) *world {
	return newWorldOf(t, emulator.ConfluentCloud)
}

func newWorldOf(t *testing.T, dialect emulator.Dialect) *world {
	t.Helper()
	network := emulator.NewNetwork()
	start := func(id string) *emulator.Cluster {
		return emulatortest.Start(t, emulator.Config{
			ClusterID: id, Dialect: dialect, TLS: true, Network: network,
			Users:      map[string]string{restUser: restPassword},
			KafkaUsers: map[string]string{kafkaUser: kafkaPassword},
		})
	}
	w := &world{t: t, source: start("lkc-source"), destination: start("lkc-destination")}
	t.Cleanup(func() {
		deleted := append(calls(w.source, `^DELETE /topics/`), calls(w.destination, `^DELETE /topics/`)...)
		if len(deleted) > 0 && !w.mayDeleteTopics {
			t.Errorf("topics were deleted: %q", deleted)
		}
	})
	return w
}

// admin is a client for what happens to a cluster outside of Terraform. Its
// calls are not among those that calls, changes and bodies return.
func (w *world) admin(c *emulator.Cluster) *kafkarest.Client {
	w.t.Helper()
	client, err := kafkarest.New(kafkarest.Config{
		Endpoint: c.RESTEndpoint(), ClusterID: c.ID(), Username: restUser, Password: restPassword,
		CACertificate: c.CACertificate(), UserAgent: adminAgent,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// config is the provider block for both clusters, and body, filled.
func (w *world) config(body string) string {
	return w.fill(fmt.Sprintf(`
provider "clusterlink" {
  endpoints = {
    source = {
      rest_endpoint = %q, cluster_id = "lkc-source", username = %q, password = %q, ca_certificate = SOURCE_CA
    }
    destination = {
      rest_endpoint = %q, cluster_id = "lkc-destination", username = %q, password = %q, ca_certificate = DESTINATION_CA
    }
  }
}
`, w.source.RESTEndpoint(), restUser, restPassword, w.destination.RESTEndpoint(), restUser, restPassword) + body)
}

// fill replaces these names in a configuration: SOURCE_BOOTSTRAP,
// DESTINATION_BOOTSTRAP (addresses), SOURCE_CA, DESTINATION_CA (PEM texts in
// quotes), JAAS (the right line, in quotes).
func (w *world) fill(config string) string {
	return strings.NewReplacer(
		"SOURCE_BOOTSTRAP", w.source.BootstrapServers(),
		"DESTINATION_BOOTSTRAP", w.destination.BootstrapServers(),
		"SOURCE_CA", fmt.Sprintf("%q", w.source.CACertificate()),
		"DESTINATION_CA", fmt.Sprintf("%q", w.destination.CACertificate()),
		"JAAS", fmt.Sprintf("provider::clusterlink::jaas_config(%q, %q, %q)", "PLAIN", kafkaUser, kafkaPassword),
	).Replace(config)
}

// demoLink is a destination-initiated link; extra arguments go into its block.
func demoLink(extra string) string {
	return `
resource "clusterlink_link" "demo" {
  endpoint          = "destination"
  link_name         = "demo-link"
  remote_cluster_id = "lkc-source"
  config = {
    "bootstrap.servers"   = "SOURCE_BOOTSTRAP"
    "security.protocol"   = "SASL_SSL"
    "sasl.mechanism"      = "PLAIN"
    "ssl.truststore.type" = "PEM"
  }
  sensitive_config_wo = {
    "sasl.jaas.config"            = JAAS
    "ssl.truststore.certificates" = SOURCE_CA
  }
  sensitive_config_wo_version = 1
  ` + extra + `
}
`
}

// demoMirror mirrors the topic "orders" over demoLink.
func demoMirror(extra string) string {
	return `
resource "clusterlink_mirror_topic" "orders" {
  endpoint          = "destination"
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = "orders"
  ` + extra + `
}
`
}

// acceptance runs steps with the real Terraform CLI.
func acceptance(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_11_0)},
		ProtoV6ProviderFactories: factories,
		Steps:                    steps,
	})
}

func planned(address string, action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
}

// unchanged is a step in which nothing is planned.
func unchanged(config string) resource.TestStep {
	return resource.TestStep{Config: config, ConfigPlanChecks: resource.ConfigPlanChecks{
		PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}}
}

// refused is a step that ends with an error, whose text may be wrapped anywhere.
func refused(config, text string) resource.TestStep {
	return resource.TestStep{Config: config, ExpectError: wrapped(text)}
}

// wrapped matches text although Terraform breaks lines and draws a border.
func wrapped(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return regexp.MustCompile(strings.Join(words, `[\s│]+`))
}

// calls returns the provider's requests to a cluster as "METHOD path?query",
// without the part that is the same for all.
func calls(c *emulator.Cluster, match string) []string {
	var found []string
	for _, r := range requests(c, match) {
		found = append(found, line(c, r))
	}
	return found
}

// bodies returns the bodies of the provider's requests to a cluster.
func bodies(c *emulator.Cluster, match string) []string {
	var found []string
	for _, r := range requests(c, match) {
		found = append(found, r.Body)
	}
	return found
}

func requests(c *emulator.Cluster, match string) []emulator.Request {
	pattern := regexp.MustCompile(match)
	return slices.DeleteFunc(c.Requests(), func(r emulator.Request) bool {
		return r.Header.Get("User-Agent") == adminAgent || !pattern.MatchString(line(c, r))
	})
}

func line(c *emulator.Cluster, r emulator.Request) string {
	call := r.Method + " " + strings.TrimPrefix(r.Path, "/kafka/v3/clusters/"+c.ID())
	if r.RawQuery != "" {
		call += "?" + r.RawQuery
	}
	return call
}

// changes are the calls that change something.
func changes(c *emulator.Cluster) []string {
	return slices.DeleteFunc(calls(c, `^(POST|PUT|DELETE)`), func(call string) bool { return strings.Contains(call, "validate_only=true") })
}

func (w *world) topic(name string, values ...string) {
	w.t.Helper()
	if err := w.source.CreateTopic(name, 1); err != nil {
		w.t.Fatal(err)
	}
	w.produce(w.source, name, values...)
}

func (w *world) produce(c *emulator.Cluster, topic string, values ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := c.Produce(ctx, topic, values...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) expectRecords(c *emulator.Cluster, topic string, want ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	got, err := c.Consume(ctx, topic, len(want))
	if err != nil || !slices.Equal(got, want) {
		w.t.Errorf("records of %q on %s: got %q (%v), want %q", topic, c.ID(), got, err, want)
	}
}

// byShape counts the calls of a cluster, without the names of topics.
func byShape(c *emulator.Cluster) map[string]int {
	name := regexp.MustCompile(`(mirrors|topics)/[^/?: ]+`)
	counts := map[string]int{}
	for _, call := range calls(c, `.`) {
		counts[name.ReplaceAllString(call, "$1/…")]++
	}
	return counts
}
