package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// recordings are folders, each with a configuration and the state that the CLI
// wrote when it was applied, at the time when the schemas had the versions that
// the folder is named after.
const recordings = "testdata/states"

// A state that any release has written is taken over by the next one: what was
// applied then is what it is now, nothing is planned, and nothing is changed.
func TestGoldenStates(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(filepath.Join(recordings, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("nothing is recorded (%v)", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			w, c := applyRecorded(t, folder)
			fresh := c.state()
			w.recordOnce(folder, fresh)
			w.destination.ResetRequests()
			w.source.ResetRequests()
			c.file("terraform.tfstate", w.placeholders(fresh).fill(readFile(t, filepath.Join(folder, "state.json"))))

			says(t, c.succeeds("plan"), "No changes.")
			says(t, c.succeeds("apply", "-auto-approve", "-refresh-only"), "0 added, 0 changed, 0 destroyed.")
			if made := append(changes(w.destination), changes(w.source)...); len(made) > 0 {
				t.Errorf("changed by %q", made)
			}
			// Older CLIs leave out identities.
			if upgraded, want := attributesOf(t, c.state()), attributesOf(t, fresh); !reflect.DeepEqual(upgraded, want) {
				t.Errorf("upgraded: %v\nwant:     %v", upgraded, want)
			}
		})
	}
}

// applyRecorded applies the configuration of a recording to clusters of its own.
func applyRecorded(t *testing.T, folder string) (*world, *cli) {
	t.Helper()
	w := newWorld(t)
	for _, topic := range []string{"orders", "payments", "invoices"} {
		w.topic(topic, "1")
	}
	c := newCLI(t, w.config(readFile(t, filepath.Join(folder, "main.tf"))))
	says(t, c.succeeds("apply", "-auto-approve"), "0 changed, 0 destroyed.")
	return w, c
}

// recordOnce writes the state of a folder that has none where that is asked for.
// What is recorded stays as it is: a release has written such states.
func (w *world) recordOnce(folder, state string) {
	w.t.Helper()
	file := filepath.Join(folder, "state.json")
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) || !*update || w.t.Failed() {
		return
	}
	if err := os.WriteFile(file, []byte(w.placeholders(state).take(state)), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// placeholders are names for what is different each time or secret, and their values now.
type placeholders map[string]string

func (w *world) placeholders(state string) placeholders {
	p := placeholders{
		"SOURCE_BOOTSTRAP": w.source.BootstrapServers(), "DESTINATION_BOOTSTRAP": w.destination.BootstrapServers(), "KAFKA_PASSWORD": kafkaPassword,
	}
	for name, c := range map[string]*emulator.Cluster{"SOURCE_CA": w.source, "DESTINATION_CA": w.destination} {
		quoted, err := json.Marshal(c.CACertificate())
		if err != nil {
			w.t.Fatal(err)
		}
		p[name] = strings.Trim(string(quoted), `"`)
	}
	for address, attributes := range attributesOf(w.t, state) {
		if id, ok := attributes["cluster_link_id"].(string); ok {
			p["ID_OF_"+address] = id
		}
	}
	return p
}

func (p placeholders) fill(recorded string) string {
	for name, value := range p {
		recorded = strings.ReplaceAll(recorded, name, value)
	}
	return recorded
}

func (p placeholders) take(state string) string {
	for name, value := range p {
		state = strings.ReplaceAll(state, value, name)
	}
	return state
}

// attributesOf are those of each resource in a state, by address.
func attributesOf(t *testing.T, state string) map[string]map[string]any {
	t.Helper()
	attributes := map[string]map[string]any{}
	for _, r := range resourcesOf(t, state) {
		attributes[r.Type+"."+r.Name] = r.Instances[0].Attributes
	}
	return attributes
}

type stateResource struct {
	Type, Name string
	Instances  []struct {
		SchemaVersion int64 `json:"schema_version"`
		Attributes    map[string]any
	}
}

func resourcesOf(t *testing.T, state string) []stateResource {
	t.Helper()
	var decoded struct{ Resources []stateResource }
	if err := json.Unmarshal([]byte(state), &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded.Resources
}

func (c *cli) state() string {
	c.t.Helper()
	return readFile(c.t, filepath.Join(c.dir, "terraform.tfstate"))
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The recordings are whole, so that nobody forgets one with a new version; and
// the server makes something of each, without a CLI.
func TestGoldenStatesOfEverySchemaVersion(t *testing.T) {
	t.Parallel()
	if *update {
		t.Skip("recordings are being made")
	}
	w := newWire(t)
	missing := map[string]bool{}
	for name, schema := range w.schema.ResourceSchemas {
		for version := range schema.Version + 1 {
			missing[fmt.Sprintf("%s version %d", name, version)] = true
		}
	}
	files, err := filepath.Glob(filepath.Join(recordings, "*", "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, r := range resourcesOf(t, readFile(t, file)) {
			for _, instance := range r.Instances {
				delete(missing, fmt.Sprintf("%s version %d", r.Type, instance.SchemaVersion))
				w.upgrade(r.Type, instance.SchemaVersion, instance.Attributes)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("no state is recorded of %q: copy the newest folder of %s, without its state.json, under a name with the new versions, and run make golden",
			slices.Sorted(maps.Keys(missing)), recordings)
	}
}

// upgrade wants a state of today's schema in which nothing that had a value lost it.
func (w *wire) upgrade(typeName string, version int64, attributes map[string]any) {
	w.t.Helper()
	raw, err := json.Marshal(attributes)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := providerserver.NewProtocol6(New("test")())().UpgradeResourceState(w.t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: typeName, Version: version, RawState: &tfprotov6.RawState{JSON: raw},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	expectDiagnostics(w.t, resp.Diagnostics)
	if hasError(resp.Diagnostics) {
		return
	}
	if _, err := resp.UpgradedState.Unmarshal(w.schema.ResourceSchemas[typeName].ValueType()); err != nil {
		w.t.Errorf("%s version %d: %s", typeName, version, err)
	}
}
