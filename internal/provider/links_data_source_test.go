package provider

import (
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// severalLinks are demoLink under several names.
var severalLinks = strings.NewReplacer(`"demo-link"`, "each.value", "{\n  endpoint ", `{
  for_each          = toset(["west", "east-10", "east-2", "a.b_c", "North"])
  endpoint `).Replace(demoLink(""))

func TestLinksAreListedByName(t *testing.T) {
	inEachDialect(t, func(t *testing.T, w *world, _ emulator.Dialect) {
		c := newCLI(t, w.config(severalLinks))
		c.applies(5)
		w.destination.SetPageSize(2)
		w.destination.ResetRequests()
		c.write(w.config(severalLinks + `
data "clusterlink_links" "all" {
  endpoint = "destination"
}
data "clusterlink_links" "east" {
  endpoint        = "destination"
  link_name_regex = "^east-[0-9]+$"
}
data "clusterlink_links" "with_t" {
  endpoint        = "destination"
  link_name_regex = "t"
}
data "clusterlink_links" "none" {
  endpoint        = "destination"
  link_name_regex = "^t$"
}
data "clusterlink_links" "source" {
  endpoint = "source"
}
output "all"    { value = data.clusterlink_links.all.links[*].link_name }
output "east"   { value = data.clusterlink_links.east.links[*].link_name }
output "with_t" { value = data.clusterlink_links.with_t.links[*].link_name }
output "none"   { value = data.clusterlink_links.none.links }
output "source" { value = data.clusterlink_links.source.links }
`))
		says(t, c.succeeds("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed.")
		c.output("all", `["North", "a.b_c", "east-10", "east-2", "west"]`)
		c.output("east", `["east-10", "east-2"]`)
		c.output("with_t", `["North", "east-10", "east-2", "west"]`)
		c.output("none", `[]`)
		c.output("source", `[]`)
		if pages := calls(w.destination, `^GET /links\?page_token=4$`); len(pages) == 0 {
			t.Errorf("the last page was not asked for: %q", calls(w.destination, `^GET /links`))
		}
		w.nothingWasChanged(w.destination)
	})
}

// A source-initiated link whose source half is deleted first leaves such a row.
func TestLinksWithoutANameAreLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source.Inject(emulator.Fault{Method: "GET", Path: "/links$", Status: 200, Body: `{"kind": "KafkaLinkDataList", "metadata": {"next": null}, "data": [
		{"link_name": "", "link_state": "UNMANAGED_SOURCE", "destination_cluster_id": "lkc-destination", "cluster_link_id": "Ncp2YyBwQB6H2GWcUMkmGw", "topic_names": []},
		{"link_name": "west", "link_state": "ACTIVE", "cluster_link_id": "5q-bwMP_TVCxEAktg-03zA", "topic_names": []}
	]}`})
	c := newCLI(t, w.config(`
data "clusterlink_links" "source" {
  endpoint = "source"
}
output "names" { value = data.clusterlink_links.source.links[*].link_name }
`))
	c.succeeds("apply", "-auto-approve")
	c.output("names", `["west"]`)
}

func TestLinksSayWhatIsWrongWhereItIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	data := func(arguments string) string {
		return w.config("data \"clusterlink_links\" \"all\" {\n" + arguments + "\n}")
	}
	c := newCLI(t, data(`link_name_regex = "(["`+"\n"+`endpoint = "source"`))
	says(t, c.fails("plan"), "Invalid regular expression", `link_name_regex = "(["`, "missing closing ]")
	c.write(data(`endpoint = "elsewhere"`))
	says(t, c.fails("plan"), `endpoint = "elsewhere"`, `the provider has no endpoint "elsewhere"; it has: "destination", "source"`)
	c.write(data(``))
	says(t, c.fails("plan"), `name one of the provider's endpoints: "destination", "source"`)
	w.source.Inject(emulator.Fault{Method: "GET", Path: "/links$", Status: 403, Body: `{"error_code": 40301, "message": "Not for you."}`})
	c.write(data(`endpoint = "source"`))
	says(t, c.fails("plan"), "Unable to list links", "Not for you.")
}
