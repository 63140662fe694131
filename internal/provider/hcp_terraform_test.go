package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// What the guide to HCP Terraform says of plans and health assessments, with the
// credentials in the environment. Not parallel, for that is the process's.
func TestHCPTerraformWorkspace(t *testing.T) {
	w := newWorld(t)
	w.topic("orders", "1")
	w.topic("payments")
	c := w.story("hcp-terraform", "source", "destination", map[string]any{"topic_names": []string{"orders", "payments"}})
	environment := envPrefix + "DESTINATION_"
	t.Setenv(environment+"USERNAME", restUser)
	c.file("ca.pem", w.destination.CACertificate())
	t.Setenv(environment+"CA_CERTIFICATE", filepath.Join(c.dir, "ca.pem"))

	t.Setenv(environment+"PASSWORD", "a wrong one")
	says(t, c.fails("plan"), "Link refused by the server", "401 Unauthorized", "there or in the environment")
	t.Setenv(environment+"PASSWORD", restPassword)
	says(t, c.fails("plan", "-var=source_kafka_password=a-wrong-one"), "Link refused by the server", "The REST endpoint took its own credential. It is the link's")
	w.expectChanges(w.destination)

	says(t, c.succeeds("apply", "-auto-approve"), "3 added, 0 changed, 0 destroyed.")
	w.expectRecords(w.destination, "orders", "1")
	state, err := os.ReadFile(filepath.Join(c.dir, "terraform.tfstate"))
	if err != nil || strings.Contains(string(state), restPassword) || strings.Contains(string(state), kafkaPassword) {
		t.Errorf("a password is in the state, or there is none: %v", err)
	}
	says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed.") // reads the data source

	assessment := []string{"plan", "-refresh-only"}
	if said := c.succeeds(assessment...); strings.Contains(said, "Check block") {
		t.Errorf("a check failed: %s", said)
	}
	w.leavesBehind("migration", "orders", numbers(1001)...)
	says(t, c.succeeds(assessment...), "Check block assertion failed", `state = "ACTIVE" -> "PAUSED"`, "more than 1000 records behind")
	says(t, c.succeeds("plan", `-var=topic_names=["payments"]`), "1 to destroy.", "Mirror topic is behind its source", `"orders" is 1,001 records behind`)
	w.alters("migration", "orders", kafkarest.Resume)

	t.Setenv(envPlanValidation, "false")
	says(t, c.succeeds("destroy", "-auto-approve"), "3 destroyed")
}
