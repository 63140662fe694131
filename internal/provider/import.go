package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// parseImportID reads <endpoint>/<part>/…, <cluster_id>/<part>/… or, where the
// provider has one endpoint, <part>/…: as many parts as are named.
func (eps *endpoints) parseImportID(ctx context.Context, id string, parts ...string) (*endpoint, string, []string, error) {
	form := "<" + strings.Join(parts, ">/<") + ">"
	given := strings.Split(id, "/")
	for _, part := range given {
		if part == "" {
			given = nil
		}
	}
	var (
		e   *endpoint
		err error
	)
	switch len(given) {
	case len(parts):
		if e, err = eps.pick(types.StringNull()); err == nil {
			err = e.ready()
		}
	case len(parts) + 1:
		e, err = eps.named(ctx, given[0])
		given = given[1:]
	default:
		return nil, "", nil, fmt.Errorf("the import id %q is not of the form <endpoint>/%[2]s, <cluster_id>/%[2]s or, where the provider has one endpoint, %[2]s", id, form)
	}
	if err != nil {
		return nil, "", nil, err
	}
	clusterID, err := e.id(ctx)
	return e, clusterID, given, err
}
