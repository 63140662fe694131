package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
)

func (d *demo) startClusters(ctx context.Context) (err error) {
	d.step("Start two Kafka clusters", "The source has the records, the destination is to get them. Both want TLS and\n"+
		"a password, for Kafka and for the REST API, as real ones do.")
	if d.source, err = startCluster(sourceID, d.observe); err != nil {
		return err
	}
	if d.destination, err = startCluster(destinationID, d.observe); err != nil {
		return err
	}
	for _, c := range []*cluster{d.source, d.destination} {
		d.saw("%-15s  Kafka %s  REST %s", c.ID(), c.BootstrapServers(), c.RESTEndpoint())
	}
	return d.configure(ctx)
}

func (d *demo) writeRecords(ctx context.Context) error {
	d.step("Write records to the source", fmt.Sprintf("An application would do this, with a topic named %s of one\npartition.", topic))
	if err := d.source.CreateTopic(topic, 1); err != nil {
		return err
	}
	if err := d.source.Produce(ctx, topic, records...); err != nil {
		return err
	}
	if err := d.source.expectRecords(ctx, records...); err != nil {
		return err
	}
	d.saw("the source holds %s", strings.Join(records, " "))
	return nil
}

func (d *demo) plan(ctx context.Context) error {
	d.step("Plan", fmt.Sprintf("Terraform compares the configuration in examples/%s with what there is.", d.story.example))
	if err := d.init(ctx); err != nil {
		return err
	}
	if err := d.terraform(ctx, nil, "plan", "-out=demo.tfplan"); err != nil {
		return err
	}
	created, err := d.tf.plannedCreates(ctx, "demo.tfplan")
	if err != nil {
		return err
	}
	d.quote("+ " + strings.Join(created, "\n+ "))
	if !slices.Equal(created, d.story.creates) {
		return fmt.Errorf("planned are %q, and not %q", created, d.story.creates)
	}
	d.saw("%d to create, nothing to change or to destroy", len(created))
	if made := slices.Concat(d.source.changes(), d.destination.changes()); len(made) > 0 {
		return fmt.Errorf("planning changed something: %q", made)
	}
	d.saw("planning changed nothing on either cluster")
	return nil
}

// init does not mind warnings: a provider that no registry signed causes one.
func (d *demo) init(ctx context.Context) error {
	d.ran(d.tf.commandLine("init"))
	_, err := d.tf.run(ctx, nil, "init")
	return err
}

func (d *demo) apply(ctx context.Context) error {
	d.step("Apply", "Terraform does what was planned.")
	if err := d.terraform(ctx, progress, "apply", "demo.tfplan"); err != nil {
		return err
	}
	d.saw("the link is made, and the mirror topic over it")
	return nil
}

func (d *demo) readMirror(ctx context.Context) error {
	d.step("Read the records from the destination", "A Kafka client that knows of the destination only.")
	if err := d.destination.expectRecords(ctx, records...); err != nil {
		return err
	}
	d.saw("the destination holds %s", strings.Join(records, " "))
	return nil
}

func (d *demo) look(ctx context.Context) error {
	d.step("Look at links, mirror topics and lag", "The outputs of the configuration show what the data sources clusterlink_links\n"+
		"and clusterlink_mirror_topics see.")
	status, err := d.refresh(ctx)
	// Lag is measured now and then, so it may not be zero at once.
	for tries := 1; err == nil && status.lag() > 0 && tries < 10; tries++ {
		status, err = d.refresh(ctx)
	}
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(status.Links)) {
		d.quote(fmt.Sprintf("link          %-16s  %s, %s", name, status.Links[name].State, status.Links[name].Error))
	}
	for _, name := range slices.Sorted(maps.Keys(status.MirrorTopics)) {
		d.quote(fmt.Sprintf("mirror topic  %-16s  %s, lag %d", name, status.MirrorTopics[name].Status, status.MirrorTopics[name].Lag))
	}
	link, mirror := status.Links[linkName], status.MirrorTopics[topic]
	if link.State != "ACTIVE" || link.Error != "NO_ERROR" || !slices.Equal(link.Topics, []string{topic}) {
		return fmt.Errorf("the link is not healthy: %+v", status.Links)
	}
	if mirror.Status != "ACTIVE" || mirror.Lag != 0 {
		return fmt.Errorf("the mirror topic has not caught up: %+v", status.MirrorTopics)
	}
	d.saw("the link is healthy, and the mirror topic has caught up with its source")
	return nil
}

// refresh has Terraform look again, and returns what it saw.
func (d *demo) refresh(ctx context.Context) (*status, error) {
	if err := d.terraform(ctx, nil, "apply", "-auto-approve", "-refresh-only"); err != nil {
		return nil, err
	}
	return d.tf.status(ctx)
}

func (d *demo) planAgain(ctx context.Context) error {
	d.step("Plan again", "What is there is what was asked for, so there is nothing left to do.")
	if err := d.terraform(ctx, nil, "plan", "-detailed-exitcode", "-out=again.tfplan"); err != nil {
		return err // status 2 would mean that there are changes
	}
	d.saw("no changes")
	for _, file := range []string{"demo.tfplan", "again.tfplan", "terraform.tfstate"} {
		found, err := holds(filepath.Join(d.tf.folder, file), d.secrets())
		if err != nil {
			return err
		}
		if found {
			return fmt.Errorf("a password stands in %s", file)
		}
	}
	d.saw("the passwords are in neither the plans nor the state")
	return nil
}

func (d *demo) writeToMirror(ctx context.Context) error {
	d.step("Try to write to the mirror topic", "A mirror topic holds what its source holds, so nobody else may write to it.")
	err := d.destination.Produce(ctx, topic, sixth)
	if err == nil {
		return errors.New("the write was not refused")
	}
	if !errors.Is(err, kerr.InvalidRequest) {
		return fmt.Errorf("the write was not refused, but failed: %w", err)
	}
	d.saw("refused by the broker with %s", kerr.InvalidRequest.Message)
	return nil
}

func (d *demo) destroy(ctx context.Context) error {
	d.step("Destroy", "To destroy a mirror topic is to promote it: once the last record has arrived it\n"+
		"stops mirroring and becomes an ordinary topic. Then the link goes. No topic is\ndeleted.")
	if err := d.terraform(ctx, progress, "destroy", "-auto-approve"); err != nil {
		return err
	}
	for _, c := range []*cluster{d.source, d.destination} {
		links, err := c.links(ctx)
		if err != nil {
			return err
		}
		if len(links) > 0 {
			return fmt.Errorf("%s still has links: %q", c.ID(), links)
		}
	}
	d.saw("neither cluster has a link any more")
	return nil
}

func (d *demo) useTopic(ctx context.Context) error {
	d.step("Use the topic", "The destination's topic stands on its own now. Applications can move to it.")
	if err := d.destination.expectRecords(ctx, records...); err != nil {
		return err
	}
	d.saw("it still holds %s", strings.Join(records, " "))
	if err := d.destination.Produce(ctx, topic, sixth); err != nil {
		return err
	}
	all := append(slices.Clone(records), sixth)
	if err := d.destination.expectRecords(ctx, all...); err != nil {
		return err
	}
	d.saw("%s was written to it, and it holds %s", sixth, strings.Join(all, " "))
	return nil
}
