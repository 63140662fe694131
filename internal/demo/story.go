package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// story is what differs between the ways of linking two clusters.
type story struct {
	example string // its folder below examples/
	about   string
	creates []string // addresses of what is planned, sorted
}

var (
	fromDestination = story{
		example: "demo",
		about: "Cluster linking with Terraform: a link from one Kafka cluster to another, and\n" +
			"a topic that is mirrored over it. The destination connects to the source.",
		creates: []string{"clusterlink_link.demo", "clusterlink_mirror_topic.demo"},
	}
	fromSource = story{
		example: "source-initiated",
		about: "Cluster linking with Terraform: a topic that is mirrored from one Kafka cluster\n" +
			"to another. The source connects to the destination, so the link is a pair, one\n" +
			"half on each cluster, and one apply makes both.",
		creates: []string{"clusterlink_link.destination", "clusterlink_link.source", "clusterlink_mirror_topic.demo"},
	}
)

var (
	records = []string{"1", "2", "3", "4", "5"}
	sixth   = "6"
)

// demo is one run. Its fields are filled from top to bottom.
type demo struct {
	*narrator
	story story
	run   func(context.Context) error // tell or play
	cli   string                      // the CLI to run, by path or name; empty: find or fetch one

	archive string                  // of a release, with the provider; empty: build it
	observe func(emulator.Exchange) // is shown the calls to the clusters, if not nil

	folder              string // temporary, for everything that is written
	tf                  *terraform
	source, destination *cluster
}

// tell tells the whole story, and cleans up however it ends.
func (d *demo) tell(ctx context.Context) error {
	d.title(d.story.about)
	d.say("\nBoth clusters are emulated in this program. The Terraform CLI, the provider and\n" +
		"the Kafka clients are real ones. Nothing leaves this machine.")
	err := d.prepare(ctx)
	began := time.Now()
	if err == nil {
		err = d.steps(ctx)
	}
	took := time.Since(began)
	if err != nil {
		d.trouble(err)
	}
	err = errors.Join(err, d.cleanUp(ctx))
	if err == nil {
		d.say(fmt.Sprintf("\nEverything went as it should, in %.1f seconds after the build.", took.Seconds()))
	}
	return err
}

func (d *demo) steps(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, storyTimeout, fmt.Errorf("the demo took longer than %s", storyTimeout))
	defer cancel()
	for _, step := range []func(context.Context) error{
		d.startClusters, d.writeRecords, d.plan, d.apply, d.readMirror, d.look, d.planAgain,
		d.writeToMirror, d.destroy, d.useTopic,
	} {
		if err := step(ctx); err != nil {
			return because(ctx, err)
		}
	}
	return nil
}

// because says why ctx ended, where that is what led to err.
func because(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return errors.New("interrupted")
}
