package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const guides = "../../templates/guides"

const promotesOrders = `source_topic_name = "orders"
  state             = "PROMOTED"`

var (
	guideBlock   = regexp.MustCompile("(?s)(?:<!-- config: ([a-z-]+) -->\n)?```terraform\n(.*?)```")
	usedVariable = regexp.MustCompile(`\bvar\.(\w+)`)
)

// guideConfigs are the configurations of a guide, by name. Blocks under the same
// mark, an HTML comment, are one; a block without one stands by itself.
func guideConfigs(t *testing.T, guide string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(guides, guide+".md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := guideBlock.FindAllStringSubmatch(string(text), -1)
	if fences := strings.Count(string(text), "```terraform"); fences != len(blocks) {
		t.Fatalf("%d of %d blocks were found", len(blocks), fences)
	}
	configs := map[string]string{}
	for i, block := range blocks {
		name := block[1]
		if name == "" {
			name = fmt.Sprint(i)
		}
		configs[name] += block[2]
	}
	return configs
}

// guided runs the CLI with a configuration of a guide, beside the provider's
// block. Variables that it does not declare itself are declared.
func (w *world) guided(configuration string) *cli {
	w.t.Helper()
	c := newCLI(w.t, "")
	values := map[string]string{}
	for _, match := range usedVariable.FindAllStringSubmatch(configuration, -1) {
		values[match[1]] = "secret"
	}
	for name := range values {
		if declaration := fmt.Sprintf("variable %q {", name); !strings.Contains(configuration, declaration) {
			c.file(name+".tf", declaration+"}")
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		w.t.Fatal(err)
	}
	c.file("terraform.tfvars.json", string(text))
	c.file("ca.pem", w.source.CACertificate())
	for name, text := range w.exampleProvider() {
		c.file(name, text)
	}
	c.file("main.tf", configuration)
	return c
}

// Every configuration of every guide can be planned, on a cluster that has a link
// and a mirror topic "orders" already, and plans something.
func TestGuidesPlan(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(guides + "/*.md.tmpl")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	for _, page := range pages {
		guide := strings.TrimSuffix(filepath.Base(page), ".md.tmpl")
		for name, configuration := range guideConfigs(t, guide) {
			t.Run(guide+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.topic("orders")
				w.linkAndMirror("orders")
				c, plans := w.guided(configuration), "Plan: "
				switch {
				case strings.HasPrefix(configuration, "removed "):
					plans = "No changes." // here; see the story of handing over
				case strings.Contains(configuration, promotesOrders): // which has to be mirrored before
					c.file("import.tf", "import {\n  to = clusterlink_mirror_topic.orders\n  id = \"destination/orders/orders\"\n}")
					plans = "Plan: 1 to import, 0 to add, 1 to change, 0 to destroy"
				}
				says(t, c.succeeds("plan"), plans)
			})
		}
	}
}
