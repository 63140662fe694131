package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// setting is what a cycle is run with.
type setting struct {
	topics      int
	parallelism int
	latency     time.Duration
	throttle    float64
}

func (s setting) String() string {
	return fmt.Sprintf("%d topics, parallelism %d, %s, %.0f %% of calls throttled", s.topics, s.parallelism, s.latency, s.throttle*100)
}

// result is what a link with its mirror topics took from beginning to end.
type result struct {
	setting
	create, plan, floor, destroy cost
}

// cycle creates a link with its mirror topics on new clusters, plans when
// nothing changes, and destroys them.
func (b *bench) cycle(ctx context.Context, s setting) (r result, err error) {
	r.setting = s
	source, destination, err := startClusters(s.topics)
	if err != nil {
		return r, err
	}
	defer source.Close()
	defer destination.Close()
	destination.SetLatency(s.latency)
	if s.throttle > 0 {
		destination.Inject(emulator.Fault{Status: http.StatusTooManyRequests, Probability: s.throttle})
	}
	w, err := b.workspace(ctx, configuration(s.topics, b.options.block, source, destination), nil)
	if err != nil {
		return r, err
	}
	calls, parallelism := callsOf(source, destination), fmt.Sprintf("-parallelism=%d", s.parallelism)
	if r.create, err = w.run(ctx, calls, "apply", "-auto-approve", parallelism); err != nil {
		return r, err
	}
	if r.plan, err = w.planOften(ctx, b.options.plans, calls, parallelism); err != nil {
		return r, err
	}
	if r.floor, err = w.planOften(ctx, b.options.plans, calls, parallelism, "-refresh=false"); err != nil {
		return r, err
	}
	r.destroy, err = w.run(ctx, calls, "destroy", "-auto-approve", parallelism)
	return r, err
}

// planOften plans several times, which must find nothing to do, and returns the
// costs of the run whose time is in the middle.
func (w *workspace) planOften(ctx context.Context, times int, calls func() int, args ...string) (cost, error) {
	costs := make([]cost, times)
	for i := range costs {
		var err error
		if costs[i], err = w.run(ctx, calls, append([]string{"plan", "-detailed-exitcode"}, args...)...); err != nil {
			return cost{}, err
		}
	}
	slices.SortFunc(costs, func(a, b cost) int { return cmp.Compare(a.took, b.took) })
	return costs[times/2], nil
}

func startClusters(topics int) (source, destination *emulator.Cluster, err error) {
	network := emulator.NewNetwork()
	if source, err = emulator.Start(emulator.Config{ClusterID: "lkc-source", Network: network}); err != nil {
		return nil, nil, err
	}
	for i := range topics {
		if err := source.CreateTopic(fmt.Sprintf("topic-%05d", i), 1); err != nil {
			source.Close()
			return nil, nil, err
		}
	}
	if destination, err = emulator.Start(emulator.Config{ClusterID: "lkc-destination", Network: network}); err != nil {
		source.Close()
	}
	return source, destination, err
}

// configuration links the clusters and mirrors all topics, at most so many in
// one block: Terraform copies the state of a whole block for each instance in
// it, so that its own work grows with the square of a block's size.
func configuration(topics, block int, source, destination *emulator.Cluster) string {
	text := header(destination.RESTEndpoint()) + fmt.Sprintf(`
resource "clusterlink_link" "bench" {
  link_name         = "bench"
  remote_cluster_id = %q
  config            = { "bootstrap.servers" = %q }
}
`, source.ID(), source.BootstrapServers())
	for first := 0; first < topics; first += block {
		text += fmt.Sprintf(`
resource "clusterlink_mirror_topic" "from_%d" {
  count             = %d
  link_name         = clusterlink_link.bench.link_name
  source_topic_name = format("topic-%%05d", %d + count.index)
}
`, first, min(block, topics-first), first)
	}
	return text
}

func header(endpoint string) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    clusterlink = { source = "clusterlink/clusterlink" }
  }
}

provider "clusterlink" {
  endpoints = {
    destination = { rest_endpoint = %q, cluster_id = "lkc-destination" }
  }
}
`, endpoint)
}
