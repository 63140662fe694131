package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// The calls that many mirror topics cost, at Terraform's default parallelism:
// how many can go together depends on how busy the machine is, so these bounds
// are wide; without sharing, each would be passed by far.
func TestManyMirrorTopicsShareTheirCalls(t *testing.T) {
	t.Parallel()
	const topics, parallelism = 100, 10
	w := newWorld(t)
	for i := range topics {
		if err := w.source.CreateTopic(fmt.Sprintf("topic-%03d", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	config := w.config(demoLink("") + fmt.Sprintf(`
resource "clusterlink_mirror_topic" "all" {
  count             = %d
  endpoint          = "destination"
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = format("topic-%%03d", count.index)
}
`, topics))
	// atMost counts the calls of one walk.
	atMost := func(what string, want int) {
		t.Helper()
		made := len(w.destination.Requests())
		t.Logf("%s of %d mirror topics: %d calls", what, topics, made)
		if made > want {
			t.Errorf("%s of %d mirror topics took %d calls, want at most %d", what, topics, made, want)
			for call, n := range byShape(w.destination) {
				t.Logf("%5d %s", n, call)
			}
		}
		w.destination.ResetRequests()
	}
	acceptance(t,
		resource.TestStep{Config: demoOnly(w), Check: func(*terraform.State) error { w.destination.ResetRequests(); return nil }},
		resource.TestStep{
			Config: config, PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			PreConfig: func() { atMost("two plans to create", 12) },
			Config:    config,
			Check: func(*terraform.State) error {
				atMost("plan and apply", topics+6*topics/parallelism+15+6)
				return nil
			},
		},
		resource.TestStep{
			PreConfig: w.destination.ResetRequests,
			Config:    config, PlanOnly: true,
		},
		resource.TestStep{
			PreConfig: func() { atMost("two plans", 2*5) },
			Config:    demoOnly(w),
			Check: func(*terraform.State) error {
				atMost("plan and destroy", 10*topics/parallelism+20+10)
				return nil
			},
		},
	)
}

func demoOnly(w *world) string { return w.config(demoLink("")) }
