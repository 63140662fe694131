package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// newCLISince skips the test where the CLI is older than what is tested. What
// such a CLI cannot show is tested over the wire as well.
func newCLISince(t *testing.T, since *version.Version, config string) *cli {
	t.Helper()
	c := newCLI(t, config)
	c.since(since)
	return c
}

// since skips the test where the CLI is older.
func (c *cli) since(since *version.Version) {
	c.t.Helper()
	if why := c.lacks(since); why != "" {
		c.t.Skip(why)
	}
}

// lacks says why the CLI does not know what came with a version of Terraform.
// It is empty where it does.
func (c *cli) lacks(since *version.Version) string {
	c.t.Helper()
	if isOpenTofu() {
		return onlyTerraform
	}
	var is struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal([]byte(c.succeeds("version", "-json")), &is); err != nil {
		c.t.Fatal(err)
	}
	if v := version.Must(version.NewVersion(is.Version)); v.Core().LessThan(since) {
		return fmt.Sprintf("Terraform CLI version %s is below %s", v, since)
	}
	return ""
}

const onlyTerraform = "OpenTofu has neither actions nor queries"

// The number of an OpenTofu version does not tell what it has of Terraform's.
func isOpenTofu() bool {
	return os.Getenv("TF_ACC_PROVIDER_HOST") == "registry.opentofu.org"
}

// skipOnOpenTofu is for actions and queries, which are Terraform's alone.
func skipOnOpenTofu(t *testing.T) {
	t.Helper()
	if isOpenTofu() {
		t.Skip(onlyTerraform)
	}
}

// adopted is linkAndMirror as a configuration.
const adopted = `
resource "clusterlink_link" "orders" {
  endpoint          = "destination"
  link_name         = "orders"
  remote_cluster_id = "lkc-source"
  config = {
    "bootstrap.servers"   = "SOURCE_BOOTSTRAP"
    "security.protocol"   = "SASL_SSL"
    "sasl.mechanism"      = "PLAIN"
    "ssl.truststore.type" = "PEM"
  }
}

resource "clusterlink_mirror_topic" "orders" {
  endpoint          = "destination"
  link_name         = clusterlink_link.orders.link_name
  source_topic_name = "orders"
}
`

func TestQueryGeneratesAConfigurationThatChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLISince(t, tfversion.Version1_14_0, w.config(""))
	w.topic("orders", "1")
	w.linkAndMirror("orders")
	for _, topic := range []string{"paused", "stopped"} {
		w.topic(topic)
		if err := w.admin(w.destination).CreateMirror(t.Context(), "orders", kafkarest.NewMirror{SourceTopicName: topic}); err != nil {
			t.Fatal(err)
		}
	}
	w.destination.SetMirrorStatus("orders", "paused", "PAUSED")
	w.destination.SetMirrorStatus("orders", "stopped", "STOPPED")
	w.destination.ResetRequests()
	c.file("estate.tfquery.hcl", `
list "clusterlink_link" "all" {
  provider         = clusterlink
  include_resource = true
  config {
    endpoint = "destination"
  }
}

list "clusterlink_mirror_topic" "all" {
  provider         = clusterlink
  include_resource = true
  config {
    endpoint = "destination"
  }
}
`)
	says(t, c.succeeds("query", "-generate-config-out=generated.tf"), "cluster_id=lkc-destination,link_name=orders,mirror_topic_name=stopped")
	generated, err := os.ReadFile(filepath.Join(c.dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	says(t, string(generated), "import {", "identity = {", `source_topic_name`, `"bootstrap.servers"`, `"PROMOTED"`)
	if strings.Contains(string(generated), kafkaPassword) {
		t.Errorf("a secret was generated: %s", generated)
	}
	says(t, c.succeeds("plan"), "Plan: 4 to import, 0 to add, 0 to change, 0 to destroy.")
	says(t, c.succeeds("apply", "-auto-approve"), "4 imported, 0 added, 0 changed, 0 destroyed.")
	says(t, c.succeeds("plan"), "No changes.")
	if made := changes(w.destination); len(made) > 0 {
		t.Errorf("changed by %q", made)
	}
}

func TestQueryOfAThousandMirrorTopicsIsOneCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLISince(t, tfversion.Version1_14_0, w.config(""))
	w.destination.Inject(emulator.Fault{Path: "/links/-/mirrors$", Status: 200, Body: aThousandMirrors})
	for limit, want := range map[string]int{"": 100, "limit = 7": 7, "limit = 1001": 1000} { // 100 is Terraform's own
		w.destination.ResetRequests()
		c.file("estate.tfquery.hcl", "list \"clusterlink_mirror_topic\" \"all\" {\nprovider = clusterlink\n"+limit+"\nconfig { endpoint = \"destination\" }\n}")
		written := filepath.Join(t.TempDir(), "generated.tf")
		found := strings.Count(c.succeeds("query", "-generate-config-out="+written), "mirror_topic_name=")
		generated, err := os.ReadFile(written)
		if blocks := strings.Count(string(generated), "import {"); err != nil || found != want || blocks != want {
			t.Errorf("%q: found %d, wrote %d (%v), want %d", limit, found, blocks, err, want)
		}
		if made, want := calls(w.destination, "."), []string{"GET /links/-/mirrors"}; !slices.Equal(made, want) {
			t.Errorf("calls: %q, want %q", made, want)
		}
	}
}

func TestQueryEndsWithTheErrorItMeets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLISince(t, tfversion.Version1_14_0, w.config(""))
	w.topic("orders")
	w.linkAndMirror("orders")
	w.destination.Inject(emulator.Fault{Path: "/links/orders/configs$", Status: 403})
	c.file("estate.tfquery.hcl", `
list "clusterlink_link" "all" {
  provider         = clusterlink
  include_resource = true
  config { endpoint = "destination" }
}`)
	says(t, c.fails("query"), "Unable to read settings of link", "403")
}

// pauses is an action on what adopted describes.
const pauses = `
action "clusterlink_pause_mirror_topics" "orders" {
  config {
    endpoint           = "destination"
    link_name          = "orders"
    mirror_topic_names = ["orders"]
  }
}

action "clusterlink_resume_mirror_topics" "orders" {
  config {
    endpoint                = "destination"
    link_name               = "orders"
    mirror_topic_name_regex = "^ord"
  }
}

action "clusterlink_promote_mirror_topics" "all" {
  config {
    endpoint                = "destination"
    link_name               = "orders"
    mirror_topic_name_regex = ".*"
  }
}
`

const imports = `
import {
  to = clusterlink_link.orders
  identity = {
    cluster_id = "lkc-destination"
    link_name  = "orders"
  }
}

import {
  to = clusterlink_mirror_topic.orders
  identity = {
    cluster_id        = "lkc-destination"
    link_name         = "orders"
    mirror_topic_name = "orders"
  }
}
`

func TestActionsOfTheCLIAndWhatIsPlannedAfterThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLISince(t, tfversion.Version1_14_0, w.config(adopted+pauses+imports))
	w.topic("orders", "1")
	w.linkAndMirror("orders")
	w.destination.ResetRequests()
	says(t, c.succeeds("apply", "-auto-approve"), "2 imported, 0 added, 0 changed, 0 destroyed.")

	says(t, c.succeeds("apply", "-auto-approve", "-invoke=action.clusterlink_pause_mirror_topics.orders"), "1 of 1 paused")
	if made, want := changes(w.destination), []string{"POST /links/orders/mirrors:pause"}; !slices.Equal(made, want) {
		t.Errorf("changes: %q, want %q", made, want)
	}
	says(t, c.succeeds("plan"), "No changes.", "Mirror topic is not active", `Write state = "PAUSED"`)
	says(t, c.succeeds("apply", "-auto-approve", "-invoke=action.clusterlink_resume_mirror_topics.orders"), "1 of 1 resumed")
	if said := c.succeeds("plan"); !strings.Contains(said, "No changes.") || strings.Contains(said, "Warning") {
		t.Error(said)
	}
	says(t, c.succeeds("apply", "-auto-approve", "-invoke=action.clusterlink_pause_mirror_topics.orders"), "1 of 1 paused")

	active := strings.Replace(adopted, `source_topic_name = "orders"`, `source_topic_name = "orders"
  state             = "ACTIVE"`, 1)
	c.write(w.config(active + pauses))
	says(t, c.succeeds("plan"), `~ state = "PAUSED" -> "ACTIVE"`, "0 to add, 1 to change, 0 to destroy.")
	says(t, c.succeeds("apply", "-auto-approve"), "0 added, 1 changed, 0 destroyed.")

	// An event of another resource triggers it.
	c.write(w.config(active + pauses + `
resource "terraform_data" "cutover" {
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.clusterlink_promote_mirror_topics.all]
    }
  }
}
`))
	says(t, c.succeeds("apply", "-auto-approve"), "1 of 1 promoted", "1 added, 0 changed, 0 destroyed.")
	says(t, c.fails("plan"), "State cannot be reached", `Write state = "PROMOTED" to keep it as it is`)
	c.write(w.config(strings.Replace(active, `"ACTIVE"`, `"PROMOTED"`, 1) + pauses))
	says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 1 destroyed.")
	says(t, c.succeeds("plan"), "No changes.")
	w.produce(w.destination, "orders", "2")
	w.expectRecords(w.destination, "orders", "1", "2")

	// Left out, it neither stands in the way of plans nor of destroying.
	c.write(w.config(adopted))
	says(t, c.succeeds("plan"), "No changes.", "Mirror topic is not active", `Write state = "PROMOTED"`)
	w.destination.ResetRequests()
	says(t, c.succeeds("destroy", "-auto-approve"), "2 destroyed.")
	w.expectChanges(w.destination, "DELETE /links/orders")
	w.expectRecords(w.destination, "orders", "1", "2")
}

func TestActionsThatFailFailTheApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLISince(t, tfversion.Version1_14_0, w.config(pauses))
	w.topic("orders")
	w.linkAndMirror("orders")
	w.destination.RefuseVerdict("orders", "orders", "pause", 40002, "It has to go on.")
	says(t, c.fails("apply", "-auto-approve", "-invoke=action.clusterlink_pause_mirror_topics.orders"), "Mirror topics not paused", "* orders: It has to go on. (error_code 40002)")

	c.write(w.config(strings.Replace(pauses, `mirror_topic_names = ["orders"]`, `mirror_topic_name_regex = "("`, 1)))
	says(t, c.fails("validate"), "Invalid regular expression")
}
