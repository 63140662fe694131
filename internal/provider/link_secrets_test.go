package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

const (
	writeOnlySecret = "planted-write-only-secret"
	stateSecret     = "planted-state-secret"
)

// The framework logs tests with their configurations, so these hold variables.
var secretVariables = map[string]string{"write_only": writeOnlySecret, "in_state": stateSecret, "rest": restPassword, "kafka": kafkaPassword}

// secretive is a link with secrets in all places. From version to version
// another setting changes as well, for no server is asked the same twice.
func (w *world) secretive(version int) string {
	link := strings.Replace(demoLink(`sensitive_config = { "ssl.keystore.type" = "PEM", "ssl.key.password" = "`+stateSecret+`" }`),
		`"sasl.jaas.config" `, `"local.ssl.key.password" = "`+writeOnlySecret+`"
    "sasl.jaas.config" `, 1)
	text := strings.NewReplacer("_wo_version = 1", fmt.Sprintf("_wo_version = %d", version), `"security.protocol"`, fmt.Sprintf(`"acl.sync.ms" = "600%d"
    "security.protocol"`, version)).Replace(w.config(link))
	for name, value := range secretVariables {
		text = "variable \"" + name + "\" {}\n" + strings.ReplaceAll(text, `"`+value+`"`, "var."+name)
	}
	return text
}

// leaks looks for secrets in plans and states, as Terraform writes them in JSON.
type leaks struct{ secrets []string }

func (l leaks) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	plan := *req.Plan
	plan.Config, plan.Variables = nil, nil // They are the configuration itself.
	resp.Error = l.in("plan", plan)
}

func (l leaks) CheckState(_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	resp.Error = l.in("state", req.State)
}

func (l leaks) in(where string, document any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return l.inText(where, string(text))
}

func (l leaks) inText(where, text string) error {
	for _, secret := range l.secrets {
		if i := strings.Index(text, secret); i >= 0 {
			return fmt.Errorf("the %s holds %q: …%s…", where, secret, text[max(0, i-200):min(len(text), i+100)])
		}
	}
	return nil
}

// Not parallel: where logs are written is a matter of the process.
func TestSecretsLeakNowhere(t *testing.T) {
	folder := t.TempDir()
	for name, value := range map[string]string{
		"TF_LOG": "TRACE", "TF_ACC_LOG_PATH": filepath.Join(folder, "terraform.log"), "TF_ACC_TEMP_DIR": folder, "TF_ACC_PERSIST_WORKING_DIR": "1",
	} {
		t.Setenv(name, value)
	}
	w := newWorld(t)
	never := leaks{[]string{writeOnlySecret, kafkaPassword, restPassword}}
	step := func(config string, action plancheck.ResourceActionType) resource.TestStep {
		sensitive := tfjsonpath.New("sensitive_config")
		return resource.TestStep{
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(demo, action), plancheck.ExpectSensitiveValue(demo, sensitive), never,
			}},
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectSensitiveValue(demo, sensitive), never},
		}
	}
	// A server that repeats what it was sent, once while planning and once in earnest.
	echoing := func(config, method, path string) []resource.TestStep {
		var steps []resource.TestStep
		for after := range 2 {
			step := refused(config, "Cannot take {local.ssl.key.password=(redacted)")
			step.PreConfig = func() {
				w.destination.ClearFaults()
				w.destination.Inject(emulator.Fault{
					Method: method, Path: path, Status: 400, After: after, Count: 1,
					Body: fmt.Sprintf(`{"error_code":40002,"message":"Cannot take {local.ssl.key.password=%s}"}`, writeOnlySecret),
				})
			}
			steps = append(steps, step)
		}
		return steps
	}
	steps := echoing(w.secretive(1), "POST", `/links$`)
	steps = append(steps, step(w.secretive(1), plancheck.ResourceActionCreate), step(w.secretive(2), plancheck.ResourceActionUpdate))
	steps = append(steps, echoing(w.secretive(3), "PUT", `configs:alter$`)...)
	steps = append(steps, unchanged(w.secretive(2)))
	for i := range steps {
		steps[i].ConfigVariables = config.Variables{}
		for name, value := range secretVariables {
			steps[i].ConfigVariables[name] = config.StringVariable(value)
		}
	}
	acceptance(t, steps...)
	searchFiles(t, folder, never)
}

// searchFiles looks for secrets in the log, and in all that Terraform has left.
// What is in sensitive_config Terraform itself writes, but not into a log.
func searchFiles(t *testing.T, folder string, never leaks) {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		kind := filepath.Ext(path)
		if err != nil || !entry.Type().IsRegular() || kind == ".tf" || strings.HasSuffix(path, ".tfvars.json") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found[kind] = true
		search := never
		if kind == ".log" {
			search.secrets = append(search.secrets, stateSecret)
			if !strings.Contains(string(text), "REST call") || !strings.Contains(string(text), "TRACE") {
				t.Errorf("%s is no log of everything", path)
			}
		}
		if err := search.inText(entry.Name(), string(text)); err != nil {
			t.Error(err)
		}
		return nil
	})
	if err != nil || !found[".log"] || !found[".tfstate"] {
		t.Errorf("searched %v: %v", found, err)
	}
}
