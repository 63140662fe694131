package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

const (
	examples        = "../../examples"
	linkExample     = examples + "/resources/clusterlink_link"
	mirrorExample   = examples + "/resources/clusterlink_mirror_topic"
	providerExample = examples + "/provider"
)

// files are those of a configuration, by name.
type files map[string]string

// add reads the files of a folder that match a pattern. Configurations of several
// folders can stand side by side.
func (f files) add(t *testing.T, folder, pattern string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("nothing is %s/%s: %v", folder, pattern, err)
	}
	for _, file := range found {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		if filepath.Ext(name) == ".tf" {
			name = filepath.Base(folder) + "_" + name
		}
		f[name] = string(text)
	}
}

// folder writes the files into a folder of their own.
func (f files) folder(t *testing.T) config.TestStepConfigFunc {
	t.Helper()
	folder := t.TempDir()
	for name, text := range f {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config.StaticDirectory(folder)
}

// exampleProvider is what examples without a provider block are planned with.
// They name servers under example.com, which planning must not ask.
func (w *world) exampleProvider() files {
	return files{
		"provider.tf": w.config(`
terraform {
  required_providers {
    clusterlink = { source = "clusterlink/clusterlink" }
  }
}`),
		"no_validation_override.tf": `provider "clusterlink" { plan_validation = false }`,
	}
}

// expectPlan runs the CLI, which has to be that new, to plan something.
func expectPlan(t *testing.T, f files, since *version.Version) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(since)},
		Steps: []resource.TestStep{{
			ProtoV6ProviderFactories: factories,
			ConfigDirectory:          f.folder(t),
			ConfigVariables: config.Variables{ // an example declares those that it needs
				"source_api_key":         config.StringVariable("key"),
				"source_api_secret":      config.StringVariable("secret"),
				"source_password":        config.StringVariable("secret"),
				"destination_api_key":    config.StringVariable("key"),
				"destination_api_secret": config.StringVariable("secret"),
				"destination_password":   config.StringVariable("secret"),
				"password":               config.StringVariable("secret"),
			},
			PlanOnly:           true,
			ExpectNonEmptyPlan: true,
		}},
	})
}

// Every example that a page of the documentation shows is a configuration that
// can be planned, beside the link that it is about and the provider's block.
func TestExamplesPlan(t *testing.T) {
	t.Parallel()
	var folders []string
	for _, kind := range []string{"resources", "data-sources", "functions", "actions", "list-resources"} {
		found, err := filepath.Glob(filepath.Join(examples, kind, "*"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no examples of %s: %v", kind, err)
		}
		folders = append(folders, found...)
	}
	for _, folder := range folders {
		t.Run(strings.TrimPrefix(folder, examples+"/"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.topic("orders")
			f, since := w.exampleProvider(), tfversion.Version1_11_0
			switch filepath.Base(filepath.Dir(filepath.Clean(folder))) {
			case "resources":
				f.add(t, linkExample, "[rv]*.tf") // not the import
				f.add(t, folder, "resource*.tf")
			case "data-sources":
				w.topic("payments")
				w.linkAndMirror("payments")
				f.add(t, folder, "*")
			case "functions":
				f.add(t, folder, "*")
			case "actions":
				skipOnOpenTofu(t)
				since = tfversion.Version1_14_0
				f.add(t, folder, "*")
				f["trigger.tf"] = triggerOf(t, f[filepath.Base(folder)+"_action.tf"])
			case "list-resources":
				w.linkAndMirror("orders")
				f.add(t, folder, "*")
				expectFound(t, f["provider.tf"], f["list-resource.tfquery.hcl"])
				return
			}
			expectPlan(t, f, since)
		})
	}
}

// triggerOf is a resource whose creation triggers the action in an example, so
// that the action is planned, too.
func triggerOf(t *testing.T, example string) string {
	t.Helper()
	action := regexp.MustCompile(`action "(\w+)" "(\w+)"`).FindStringSubmatch(example)
	if action == nil {
		t.Fatalf("no action in %q", example)
	}
	return fmt.Sprintf(`
resource "terraform_data" "trigger" {
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.%s.%s]
    }
  }
}`, action[1], action[2])
}

// expectFound runs the query of an example, which must find something.
func expectFound(t *testing.T, provider, query string) {
	t.Helper()
	skipOnOpenTofu(t)
	list := regexp.MustCompile(`list "(\w+)" "(\w+)"`).FindStringSubmatch(query)
	if list == nil {
		t.Fatalf("no list in %q", query)
	}
	resource.Test(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_14_0)},
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: provider},
			{Query: true, Config: query, QueryResultChecks: []querycheck.QueryResultCheck{querycheck.ExpectLength(list[1]+"."+list[2], 1)}},
		},
	})
}

// The provider's example is enough for links on both of its endpoints.
func TestProviderExamplePlans(t *testing.T) {
	t.Parallel()
	ca, err := emulator.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	f := files{
		"ca.pem":                    ca.Certificate(),
		"no_validation_override.tf": `provider "clusterlink" { plan_validation = false }`,
		"links.tf": `
resource "clusterlink_link" "half" {
  for_each          = toset(["source", "destination"])
  endpoint          = each.key
  link_name         = "demo"
  connection_mode   = "INBOUND"
  remote_cluster_id = "lkc-other"
}`,
	}
	f.add(t, providerExample, "*")
	expectPlan(t, f, tfversion.Version1_11_0)
}

// The examples of import lead from ids and identities to objects.
func TestImportExamplesPlan(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{linkExample, mirrorExample} {
		for block, since := range map[string]*version.Version{
			"import-by-string-id.tf": tfversion.Version1_11_0,
			"import-by-identity.tf":  tfversion.Version1_12_0,
		} {
			t.Run(filepath.Base(folder)+"/"+block, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.topic("orders")
				w.linkAndMirror("orders")
				f := w.exampleProvider()
				f.add(t, linkExample, "[rv]*.tf") // the import of the mirror topic needs the link's block, too
				f.add(t, folder, "resource*.tf")
				f.add(t, folder, block)
				expectPlan(t, f, since)
			})
		}
	}
}

// The import command's example says the same as the import block's.
func TestImportExamplesAgree(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{linkExample, mirrorExample} {
		f := files{}
		f.add(t, folder, "import*")
		command := regexp.MustCompile(`(?m)^terraform import (\S+) (\S+)$`).FindStringSubmatch(f["import.sh"])
		block := regexp.MustCompile(`to = (\S+)\n +id = "(\S+)"`).FindStringSubmatch(f[filepath.Base(folder)+"_import-by-string-id.tf"])
		if command == nil || block == nil || !slices.Equal(command[1:], block[1:]) {
			t.Errorf("%s: the command imports %q, the block %q", folder, command, block)
		}
	}
}

// linkAndMirror makes a link "orders" on the destination, and a mirror topic
// over it, without Terraform.
func (w *world) linkAndMirror(topic string) {
	w.t.Helper()
	client, err := kafkarest.New(kafkarest.Config{
		Endpoint: w.destination.RESTEndpoint(), ClusterID: w.destination.ID(), CACertificate: w.destination.CACertificate(),
		Username: restUser, Password: restPassword,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	jaas, err := linkconfig.JAAS("PLAIN", kafkaUser, kafkaPassword)
	if err != nil {
		w.t.Fatal(err)
	}
	err = client.CreateLink(ctx, kafkarest.NewLink{Name: "orders", SourceClusterID: w.source.ID(), Validate: true, Configs: []kafkarest.Setting{
		{Name: "bootstrap.servers", Value: w.source.BootstrapServers()},
		{Name: "security.protocol", Value: "SASL_SSL"},
		{Name: "sasl.mechanism", Value: "PLAIN"},
		{Name: "sasl.jaas.config", Value: jaas},
		{Name: "ssl.truststore.type", Value: "PEM"},
		{Name: "ssl.truststore.certificates", Value: w.source.CACertificate()},
	}}, false)
	if err == nil {
		err = client.CreateMirror(ctx, "orders", kafkarest.NewMirror{SourceTopicName: topic})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
