package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// noChanges checks that nothing was changed on a cluster since the start, or
// since its requests were last forgotten.
func noChanges(c *emulator.Cluster) func(*terraform.State) error {
	return func(*terraform.State) error {
		if made := changes(c); len(made) > 0 {
			return fmt.Errorf("cluster %s was changed by %q", c.ID(), made)
		}
		return nil
	}
}
