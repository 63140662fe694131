package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

const demo = "clusterlink_link.demo"

// provider is a provider block with these endpoints.
func providerBlock(endpoints string) string {
	return "provider \"clusterlink\" {\n  endpoints = {\n" + endpoints + "  }\n}\n"
}

// entry is one of a provider's endpoints, without cluster_id.
func entry(name string, c *emulator.Cluster) string {
	return fmt.Sprintf("    %s = { rest_endpoint = %q, username = %q, password = %q, ca_certificate = %q }\n", name, c.RESTEndpoint(), restUser, restPassword, c.CACertificate())
}

// plainDemo is a link without security, which is all that a test of endpoints needs.
func (w *world) plainDemo(extra string) string {
	return fmt.Sprintf("resource \"clusterlink_link\" \"demo\" {\n  link_name     = \"demo-link\"\n  validate_link = false\n  config        = { \"bootstrap.servers\" = %q }\n%s}\n",
		w.source.BootstrapServers(), extra)
}

func stateOf(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(demo, tfjsonpath.New(name), value)
}

func TestRenamingAnEndpointChangesNothingOnAServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, renamed, both := providerBlock(entry("old", w.destination)), providerBlock(entry("new", w.destination)), providerBlock(entry("new", w.destination)+entry("again", w.destination))
	sinceCreation := func() { w.destination.ResetRequests() }
	acceptance(t,
		resource.TestStep{Config: old + w.plainDemo("endpoint = \"old\"\n"), ConfigPlanChecks: planned(demo, plancheck.ResourceActionCreate)},
		resource.TestStep{
			PreConfig: sinceCreation, Config: renamed + w.plainDemo("endpoint = \"new\"\n"), ConfigPlanChecks: planned(demo, plancheck.ResourceActionNoop),
			ConfigStateChecks: []statecheck.StateCheck{stateOf("endpoint", knownvalue.StringExact("new")), stateOf("id", knownvalue.StringExact("lkc-destination/demo-link"))},
		},
		// Left out, where there is one.
		unchanged(renamed+w.plainDemo("")),
		// Two that lead to the same cluster: in place.
		resource.TestStep{
			Config: both + w.plainDemo("endpoint = \"again\"\n"), ConfigPlanChecks: planned(demo, plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{stateOf("endpoint", knownvalue.StringExact("again"))},
		},
		unchanged(both+w.plainDemo("endpoint = \"again\"\n")),
		refused(both+w.plainDemo(""), `name one of the provider's endpoints: "again", "new"`),
		refused(both+w.plainDemo("endpoint = \"old\"\n"), `the provider has no endpoint "old"; it has: "again", "new"`),
		resource.TestStep{
			Config: both + w.plainDemo("endpoint = \"new\"\n"),
			Check:  noChanges(w.destination),
		},
	)
}

func TestEndpointThatLeadsToAnotherClusterReplaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	both := providerBlock(entry("a", w.destination) + entry("b", w.source))
	swapped := providerBlock(entry("b", w.destination) + entry("a", w.source))
	acceptance(t,
		resource.TestStep{Config: both + w.plainDemo("endpoint = \"a\"\n")},
		resource.TestStep{
			Config: both + w.plainDemo("endpoint = \"b\"\n"), ConfigPlanChecks: planned(demo, plancheck.ResourceActionDestroyBeforeCreate),
			ConfigStateChecks: []statecheck.StateCheck{stateOf("id", knownvalue.StringExact("lkc-source/demo-link")), stateOf("cluster_id", knownvalue.StringExact("lkc-source"))},
		},
		unchanged(both+w.plainDemo("endpoint = \"b\"\n")),
		// The name stays, and what it leads to changes.
		resource.TestStep{Config: swapped + w.plainDemo("endpoint = \"b\"\n"), ConfigPlanChecks: planned(demo, plancheck.ResourceActionDestroyBeforeCreate)},
		unchanged(swapped+w.plainDemo("endpoint = \"b\"\n")),
	)
	if made := changes(w.destination); !slices.Equal(made, []string{
		"POST /links?link_name=demo-link&validate_link=false", "DELETE /links/demo-link", "POST /links?link_name=demo-link&validate_link=false", "DELETE /links/demo-link",
	}) {
		t.Errorf("changed by %q", made)
	}
}

// Not parallel, for the environment is the process's.
func TestMovingFromTheEnvironmentToConfigurationChangesNothing(t *testing.T) {
	w := newWorld(t)
	for name, value := range map[string]string{
		"REST_ENDPOINT": w.destination.RESTEndpoint(), "USERNAME": restUser, "PASSWORD": restPassword, "CA_CERTIFICATE": w.destination.CACertificate(),
	} {
		t.Setenv(envPrefix+name, value)
	}
	t.Setenv(envPrefix+"MY_CLUSTER_PASSWORD", restPassword)
	written := strings.Replace(providerBlock(entry("my-cluster", w.destination)), fmt.Sprintf("password = %q, ", restPassword), "", 1)
	acceptance(t,
		resource.TestStep{
			Config: w.plainDemo(""), ConfigPlanChecks: planned(demo, plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{stateOf("endpoint", knownvalue.StringExact("default")), stateOf("cluster_id", knownvalue.StringExact("lkc-destination"))},
		},
		unchanged(w.plainDemo("endpoint = \"default\"\n")),
		resource.TestStep{
			PreConfig: w.destination.ResetRequests,
			Config:    written + w.plainDemo(""), ConfigPlanChecks: planned(demo, plancheck.ResourceActionNoop),
			ConfigStateChecks: []statecheck.StateCheck{stateOf("endpoint", knownvalue.StringExact("my-cluster"))},
			Check:             noChanges(w.destination),
		},
	)
}

// Endpoints may be made by the same apply: only what exists already needs them
// while planning.
func TestEndpointsThatAreNotKnownYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cluster := func(trigger string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"cluster\" {\n  input            = { address = %q, id = \"lkc-destination\" }\n  triggers_replace = %q\n}\n", w.destination.RESTEndpoint(), trigger)
	}
	later := providerBlock(fmt.Sprintf("    a = { rest_endpoint = terraform_data.cluster.output.address, cluster_id = terraform_data.cluster.output.id, username = %q, password = %q, ca_certificate = %q }\n",
		restUser, restPassword, w.destination.CACertificate()))
	acceptance(t,
		resource.TestStep{
			Config: cluster("1") + later + w.plainDemo("endpoint = \"a\"\n"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(demo, plancheck.ResourceActionCreate),
				plancheck.ExpectUnknownValue(demo, tfjsonpath.New("id")), plancheck.ExpectUnknownValue(demo, tfjsonpath.New("cluster_id")),
				plancheck.ExpectKnownValue(demo, tfjsonpath.New("endpoint"), knownvalue.StringExact("a")),
			}},
			ConfigStateChecks: []statecheck.StateCheck{stateOf("id", knownvalue.StringExact("lkc-destination/demo-link"))},
		},
		unchanged(cluster("1")+later+w.plainDemo("endpoint = \"a\"\n")),
		refused(cluster("2")+later+w.plainDemo("endpoint = \"a\"\n"), `the provider's endpoints["a"].rest_endpoint: not known yet`),
	)
}

func TestEndpointsOfWhichNothingIsKnownYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acceptance(t, resource.TestStep{
		Config: fmt.Sprintf(`
resource "terraform_data" "endpoints" {
  input = { a = { rest_endpoint = %q, username = %q, password = %q, ca_certificate = %q } }
}
provider "clusterlink" {
  endpoints = terraform_data.endpoints.output
}
`, w.destination.RESTEndpoint(), restUser, restPassword, w.destination.CACertificate()) + w.plainDemo(""),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(demo, plancheck.ResourceActionCreate), plancheck.ExpectUnknownValue(demo, tfjsonpath.New("endpoint")),
		}},
		ConfigStateChecks: []statecheck.StateCheck{stateOf("endpoint", knownvalue.StringExact("a"))},
	})
}
