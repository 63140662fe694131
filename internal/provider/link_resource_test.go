package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// newLinks reads the bodies of the links that were created on a cluster: all
// fields, with the settings as an object.
func newLinks(t *testing.T, c *emulator.Cluster) []map[string]any {
	t.Helper()
	var links []map[string]any
	for _, body := range bodies(c, `^POST /links\?.*validate_link=true$`) {
		link := map[string]any{}
		if err := json.Unmarshal([]byte(body), &link); err != nil {
			t.Fatal(err)
		}
		settings := map[string]any{}
		for _, row := range link["configs"].([]any) {
			settings[row.(map[string]any)["name"].(string)] = row.(map[string]any)["value"]
		}
		link["configs"] = settings
		links = append(links, link)
	}
	return links
}

func expectLink(t *testing.T, c *emulator.Cluster, want map[string]any) {
	t.Helper()
	links := newLinks(t, c)
	if len(links) != 1 || fmt.Sprint(links[0]) != fmt.Sprint(want) {
		t.Errorf("links created on %s: %v, want %v", c.ID(), links, want)
	}
}

func TestDestinationInitiatedLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acceptance(t,
		resource.TestStep{
			Config: w.config(demoLink("")),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(demo, plancheck.ResourceActionCreate),
				plancheck.ExpectKnownValue(demo, tfjsonpath.New("id"), knownvalue.StringExact("lkc-destination/demo-link")),
				plancheck.ExpectUnknownValue(demo, tfjsonpath.New("link_mode")),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				stateOf("link_mode", knownvalue.StringExact("DESTINATION")), stateOf("connection_mode", knownvalue.StringExact("OUTBOUND")),
				stateOf("remote_cluster_id", knownvalue.StringExact("lkc-source")), stateOf("link_error", knownvalue.StringExact("NO_ERROR")),
				stateOf("link_state", knownvalue.StringExact("ACTIVE")), stateOf("cluster_link_id", knownvalue.NotNull()), stateOf("config", knownvalue.MapSizeExact(4)),
				stateOf("sensitive_config_wo", knownvalue.Null()), stateOf("validate_link", knownvalue.Bool(true)), stateOf("force_destroy", knownvalue.Bool(false)),
			},
		},
		unchanged(w.config(demoLink(""))),
	)
	expectLink(t, w.destination, map[string]any{"source_cluster_id": "lkc-source", "configs": map[string]any{
		"bootstrap.servers": w.source.BootstrapServers(), "security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "ssl.truststore.type": "PEM",
		"sasl.jaas.config": "(redacted)", "ssl.truststore.certificates": "(redacted)",
	}})
	if made := changes(w.destination); !slices.Equal(made, []string{created, deleted}) {
		t.Errorf("changed by %q", made)
	}
	if made := changes(w.source); len(made) > 0 {
		t.Errorf("the source was changed by %q", made)
	}
}

func TestSourceInitiatedPairOfLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1", "2")
	both := w.config(sourceInitiated + `
resource "clusterlink_mirror_topic" "orders" {
  endpoint          = "destination"
  link_name         = clusterlink_link.inbound.link_name
  source_topic_name = "orders"
  depends_on        = [clusterlink_link.outbound]
}
`)
	acceptance(t, resource.TestStep{Config: both}, unchanged(both))
	expectLink(t, w.destination, map[string]any{"source_cluster_id": "lkc-source", "configs": map[string]any{"link.mode": "DESTINATION", "connection.mode": "INBOUND"}})
	expectLink(t, w.source, map[string]any{"destination_cluster_id": "lkc-destination", "configs": map[string]any{
		"link.mode": "SOURCE", "connection.mode": "OUTBOUND", "bootstrap.servers": w.destination.BootstrapServers(),
		"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "ssl.truststore.type": "PEM", "sasl.jaas.config": "(redacted)", "ssl.truststore.certificates": "(redacted)",
		"local.security.protocol": "SASL_SSL", "local.sasl.mechanism": "PLAIN", "local.ssl.truststore.type": "PEM",
		"local.sasl.jaas.config": "(redacted)", "local.ssl.truststore.certificates": "(redacted)",
	}})
	w.expectRecords(w.destination, "orders", "1", "2")
}

func TestLinkLivesOnThroughChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sameID := statecheck.CompareValue(compare.ValuesSame())
	withSetting := func(value string) string {
		return w.config(strings.Replace(demoLink(""), `"security.protocol"`, `"acl.sync.ms" = "`+value+`"
    "security.protocol"`, 1))
	}
	step := func(config string, action plancheck.ResourceActionType, checks ...statecheck.StateCheck) resource.TestStep {
		return resource.TestStep{
			Config: config, ConfigPlanChecks: planned(demo, action),
			ConfigStateChecks: append(checks, sameID.AddStateValue(demo, tfjsonpath.New("cluster_link_id"))),
		}
	}
	acceptance(t,
		step(withSetting("6000"), plancheck.ResourceActionCreate),
		unchanged(withSetting("6000")),
		step(withSetting("7000"), plancheck.ResourceActionUpdate, stateOf("config", knownvalue.MapPartial(map[string]knownvalue.Check{"acl.sync.ms": knownvalue.StringExact("7000")}))),
		step(w.config(demoLink("")), plancheck.ResourceActionUpdate, stateOf("config", knownvalue.MapSizeExact(4))),
		unchanged(w.config(demoLink(""))),
	)
	want := []string{
		`{"data":[{"name":"acl.sync.ms","operation":"SET","value":"7000"}]}`,
		`{"data":[{"name":"acl.sync.ms","operation":"DELETE"}]}`,
	}
	if got := bodies(w.destination, alter+`$`); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	if made := changes(w.destination); !slices.Equal(made, []string{created, alter, alter, deleted}) {
		t.Errorf("changed by %q", made)
	}
}

// A rotated credential reaches the server: with a wrong one the link fails, and
// with the right one it works again.
func TestRotationOfACredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rotated := func(password string, version int) string {
		return strings.NewReplacer(`"PLAIN", "linker", "kafka-password-1"`, fmt.Sprintf(`"PLAIN", "linker", %q`, password), "_wo_version = 1", fmt.Sprintf("_wo_version = %d", version)).
			Replace(w.config(demoLink("")))
	}
	shows := func(config, linkError string) resource.TestStep {
		return resource.TestStep{
			PreConfig: func() {
				if err := poll(t.Context(), func() (bool, error) {
					link, err := w.admin(w.destination).Link(t.Context(), "demo-link", false)
					return err == nil && link.Error == linkError, err
				}); err != nil {
					t.Error(err)
				}
			},
			Config: config, ConfigPlanChecks: planned(demo, plancheck.ResourceActionNoop),
			ConfigStateChecks: []statecheck.StateCheck{stateOf("link_error", knownvalue.StringExact(linkError))},
		}
	}
	acceptance(t,
		resource.TestStep{Config: rotated(kafkaPassword, 1)},
		unchanged(rotated("not sent", 1)),
		resource.TestStep{Config: rotated("wrong", 2), ConfigPlanChecks: planned(demo, plancheck.ResourceActionUpdate)},
		shows(rotated("wrong", 2), "AUTHENTICATION_ERROR"),
		resource.TestStep{Config: rotated(kafkaPassword, 3), ConfigPlanChecks: planned(demo, plancheck.ResourceActionUpdate)},
		shows(rotated(kafkaPassword, 3), "NO_ERROR"),
	)
}

func TestLinkIsReplacedForWhatCannotChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	otherID := statecheck.CompareValue(compare.ValuesDiffer())
	replaced := func(config string) resource.TestStep {
		return resource.TestStep{
			Config: config, ConfigPlanChecks: planned(demo, plancheck.ResourceActionDestroyBeforeCreate),
			ConfigStateChecks: []statecheck.StateCheck{otherID.AddStateValue(demo, tfjsonpath.New("cluster_link_id"))},
		}
	}
	prefixed := strings.Replace(demoLink(""), `"security.protocol"`, `"cluster.link.prefix" = "src-"
    "security.protocol"`, 1)
	renamed := strings.Replace(prefixed, `"demo-link"`, `"other-link"`, 1)
	acceptance(t,
		resource.TestStep{Config: w.config(demoLink("")), ConfigStateChecks: []statecheck.StateCheck{otherID.AddStateValue(demo, tfjsonpath.New("cluster_link_id"))}},
		replaced(w.config(prefixed)),
		replaced(w.config(renamed)),
		replaced(w.config(strings.Replace(renamed, "endpoint ", "link_mode = \"BIDIRECTIONAL\"\n  endpoint ", 1))),
		unchanged(w.config(strings.Replace(renamed, "endpoint ", "link_mode = \"BIDIRECTIONAL\"\n  endpoint ", 1))),
	)
	if links := newLinks(t, w.destination); len(links) != 4 || links[0]["configs"].(map[string]any)["link.mode"] != nil || links[2]["configs"].(map[string]any)["link.mode"] != nil {
		t.Errorf("link.mode was sent where it is not written: %v", links)
	}
}

func TestLinkThatIsGoneIsPlannedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acceptance(t,
		resource.TestStep{Config: w.config(demoLink(""))},
		resource.TestStep{
			PreConfig: func() {
				if err := w.admin(w.destination).DeleteLink(t.Context(), "demo-link", false); err != nil {
					t.Fatal(err)
				}
			},
			Config: w.config(demoLink("")), ConfigPlanChecks: planned(demo, plancheck.ResourceActionCreate),
		},
		unchanged(w.config(demoLink(""))),
	)
}

func TestLinkThatExistsIsImportedWithTheBlockOfTheError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	twin := strings.Replace(demoLink(""), `"demo" {`, `"twin" {`, 1)
	unversioned := strings.Replace(demoLink(""), "sensitive_config_wo_version = 1", "", 1)
	acceptance(t,
		resource.TestStep{Config: w.config(unversioned)},
		resource.TestStep{Config: w.config(unversioned + twin), ExpectError: wrapped(`id = "lkc-destination/demo-link"`)},
		unchanged(w.config(unversioned)),
		resource.TestStep{ResourceName: demo, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "lkc-destination/demo-link"},
		resource.TestStep{ResourceName: demo, ImportState: true, ImportStateId: "destination/demo-link", ImportStateVerify: true},
		resource.TestStep{ResourceName: demo, ImportState: true, ImportStateId: "demo-link", ExpectError: wrapped("name one of the provider's endpoints")},
		resource.TestStep{ResourceName: demo, ImportState: true, ImportStateId: "a/b/c", ExpectError: wrapped("is not of the form <endpoint>/<link_name>")},
	)
}

// Every attribute that is not there, on a server that tells least.
func TestLinkOnAnOldServer(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, emulator.ConfluentPlatform71)
	changed := strings.Replace(demoLink(""), `"security.protocol"`, `"acl.sync.ms" = "6000"
    "security.protocol"`, 1)
	nulls := []statecheck.StateCheck{stateOf("remote_cluster_id", knownvalue.StringExact("lkc-source"))}
	for _, name := range []string{"link_state", "link_error", "link_error_message"} {
		nulls = append(nulls, stateOf(name, knownvalue.Null()))
	}
	acceptance(t,
		resource.TestStep{Config: w.config(demoLink("")), ConfigStateChecks: nulls},
		unchanged(w.config(demoLink(""))),
		resource.TestStep{Config: w.config(changed), ConfigPlanChecks: planned(demo, plancheck.ResourceActionUpdate), ConfigStateChecks: nulls},
		unchanged(w.config(changed)),
	)
}
