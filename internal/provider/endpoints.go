package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// endpoints is what a configured provider hands to its resources and data
// sources.
type endpoints struct {
	byName         map[string]*endpoint
	unknown        string // the provider argument that is not known yet, or empty
	planValidation bool
}

// endpoint is one configured cluster.
type endpoint struct {
	name      string
	address   string
	clusterID string // as configured; empty: to be discovered
	unknown   string // the provider argument that is not known yet, or empty
	login     string // loginBasic, loginToken, or empty
	client    *kafkarest.Client
	shared    *shared
	lookups   *lookups
}

// How an endpoint logs in.
const (
	loginBasic = "username"
	loginToken = "token"
)

// errUnknown is about provider arguments that are not known while planning.
var errUnknown = errors.New("not known yet")

// pick returns the endpoint of that name, or the only one where name is null.
// Errors belong to the attribute endpoint; errUnknown is no mistake of the user's.
func (eps *endpoints) pick(name types.String) (*endpoint, error) {
	switch {
	case eps.unknown != "":
		return nil, fmt.Errorf("the provider's %s: %w", eps.unknown, errUnknown)
	case name.IsUnknown():
		return nil, fmt.Errorf("endpoint: %w", errUnknown)
	case len(eps.byName) == 0:
		return nil, errors.New("the provider has no endpoint; give it endpoints, or set CLUSTERLINK_REST_ENDPOINT")
	case name.IsNull() && len(eps.byName) > 1:
		return nil, fmt.Errorf("name one of the provider's endpoints: %s", eps.names())
	case name.IsNull():
		for _, e := range eps.byName {
			return e, nil
		}
	}
	if e := eps.byName[name.ValueString()]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("the provider has no endpoint %q; it has: %s", name.ValueString(), eps.names())
}

// pickReady is pick for an endpoint that is to be spoken to at once, with the
// id of its cluster.
func (eps *endpoints) pickReady(ctx context.Context, name types.String) (*endpoint, string, error) {
	e, err := eps.pick(name)
	if err != nil {
		return nil, "", err
	}
	if err := e.ready(); err != nil {
		return e, "", err
	}
	id, err := e.id(ctx)
	return e, id, err
}

// ready returns an error where a value of the endpoint is not known yet, so
// that it cannot be spoken to.
func (e *endpoint) ready() error {
	if e.unknown != "" {
		return fmt.Errorf("the provider's %s: %w", e.unknown, errUnknown)
	}
	return nil
}

// id returns the id of the endpoint's cluster, which may have to be discovered.
func (e *endpoint) id(ctx context.Context) (string, error) {
	if e.clusterID != "" {
		return e.clusterID, nil
	}
	if err := e.ready(); err != nil {
		return "", err
	}
	return e.client.ClusterID(ctx)
}

// at returns the endpoint of an existing object: the one it was last seen at
// if that still leads to the object's cluster, or else any that does. So an
// endpoint can be renamed, and no object is ever looked for on a wrong cluster,
// where its absence would be taken for its end.
func (eps *endpoints) at(ctx context.Context, name, clusterID string) (*endpoint, error) {
	if eps.unknown != "" {
		return nil, fmt.Errorf("the provider's %s: %w", eps.unknown, errUnknown)
	}
	named := eps.byName[name]
	candidates := eps.sorted()
	// Those that need no call to tell their cluster come first.
	slices.SortStableFunc(candidates, func(a, b *endpoint) int { return strings.Compare(b.clusterID, "") - strings.Compare(a.clusterID, "") })
	if named != nil {
		candidates = append([]*endpoint{named}, candidates...)
	}
	var failures []error
	for _, e := range candidates {
		id, err := e.id(ctx)
		if err == nil && id == clusterID {
			return e, e.ready()
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("endpoint %q: %w", e.name, err))
		}
		if err != nil && e == named {
			return nil, failures[0]
		}
	}
	failures = append(failures, fmt.Errorf("no endpoint of the provider leads to cluster %q; it has: %s", clusterID, eps.names()))
	return nil, errors.Join(failures...)
}

// named returns the endpoint that the first part of an import id means: a name
// or a cluster id.
func (eps *endpoints) named(ctx context.Context, part string) (*endpoint, error) {
	if e := eps.byName[part]; e != nil {
		return e, e.ready()
	}
	return eps.at(ctx, "", part)
}

func (eps *endpoints) sorted() []*endpoint {
	all := slices.Collect(maps.Values(eps.byName))
	slices.SortFunc(all, func(a, b *endpoint) int { return strings.Compare(a.name, b.name) })
	return all
}

func (eps *endpoints) names() string {
	if len(eps.byName) == 0 {
		return "none"
	}
	var names []string
	for _, e := range eps.sorted() {
		names = append(names, fmt.Sprintf("%q", e.name))
	}
	return strings.Join(names, ", ")
}

// known reports whether a value is neither null nor unknown.
func known(v attr.Value) bool {
	return !v.IsNull() && !v.IsUnknown()
}

// place is where a plan puts an object.
type place struct {
	endpoint  types.String
	clusterID types.String
	moves     bool // to another cluster, so that the object has to be replaced
}

// plan decides where an object is to live: at the configured endpoint or the
// only one there is. The prior values are null for an object to create. Only an
// existing object whose endpoint changes can make it ask a server.
func (eps *endpoints) plan(ctx context.Context, configured, priorEndpoint, priorCluster types.String, diags *diag.Diagnostics) place {
	p := place{endpoint: configured, clusterID: priorCluster}
	e, err := eps.pick(configured)
	switch {
	case errors.Is(err, errUnknown):
		if p.endpoint.IsNull() {
			p.endpoint = orUnknown(priorEndpoint)
		}
		p.clusterID = orUnknown(priorCluster)
		return p
	case err != nil:
		addEndpointPlanError(diags, "Invalid endpoint", sentence(err.Error()), !priorCluster.IsNull())
		p.endpoint, p.clusterID = orUnknown(configured), orUnknown(priorCluster)
		return p
	}
	p.endpoint = types.StringValue(e.name)
	if priorCluster.IsNull() {
		p.clusterID = orUnknown(stringOrNull(e.clusterID))
		return p
	}
	unchanged := e.name == priorEndpoint.ValueString() && e.clusterID == ""
	if unchanged || e.clusterID == "" && e.ready() != nil {
		return p
	}
	id, err := e.id(ctx)
	if err != nil {
		addEndpointPlanError(diags, "Unable to use endpoint", "Whether the endpoint leads to the same cluster as before cannot be told: "+explain(e, err), true)
		return p
	}
	p.clusterID, p.moves = types.StringValue(id), id != priorCluster.ValueString()
	return p
}

func orUnknown(s types.String) types.String {
	if s.IsNull() {
		return types.StringUnknown()
	}
	return s
}
