package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// The vendor's walkthrough of a destination-initiated link, with records.
func TestDestinationInitiated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1", "2", "3", "4", "5")

	acceptance(t,
		resource.TestStep{
			Config:           w.config(demoLink("") + demoMirror("")),
			ConfigPlanChecks: planned("clusterlink_mirror_topic.orders", plancheck.ResourceActionCreate),
			Check: func(*terraform.State) error {
				w.expectRecords(w.destination, "orders", "1", "2", "3", "4", "5")
				return nil
			},
		},
		unchanged(w.config(demoLink("")+demoMirror(""))),
	)
	w.produce(w.destination, "orders", "6")
	w.expectRecords(w.destination, "orders", "1", "2", "3", "4", "5", "6")
	if deleted := calls(w.destination, `DELETE /topics`); len(deleted) > 0 {
		t.Errorf("topics were deleted: %v", deleted)
	}
}
