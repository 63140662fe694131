package broker

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
)

// target is a mirror topic that is to be written from the end of its log on.
type target struct {
	mirror     *mirror
	topic      string
	partitions []partition // of the source; next is set by takeUp
	err        error
}

// takeUp makes mirror topics ready to be written where their logs end: creates
// partitions that only the source has, and passes over what the source no
// longer has.
func (b *Broker) takeUp(ctx context.Context, targets []*target) {
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.topic
	}
	topics, err := b.grown(ctx, names, targets)
	var ends map[string][]int64
	if err == nil {
		ends, err = listOffsets(ctx, b.client, topics, logEnds)
	}
	for _, t := range targets {
		switch {
		case err != nil:
			t.err = err
		case t.err == nil:
			t.err = b.place(ctx, t, topics[t.topic].leaders, ends[t.topic])
		}
	}
}

// grown creates the partitions that the targets lack, and returns the topics'
// metadata.
func (b *Broker) grown(ctx context.Context, names []string, targets []*target) (map[string]topicMetadata, error) {
	_, topics, err := askMetadata(ctx, b.client, names)
	if err != nil {
		return nil, err
	}
	grown := false
	for _, t := range targets {
		have, exists := topics[t.topic]
		if !exists || len(have.leaders) >= len(t.partitions) {
			continue
		}
		resp, err := b.admin.UpdatePartitions(ctx, len(t.partitions), t.topic)
		if err == nil {
			err = resp.Error()
		}
		if err != nil {
			t.err = fmt.Errorf("add partitions: %w", err)
		}
		grown = true
	}
	if grown {
		_, topics, err = askMetadata(ctx, b.client, names)
	}
	return topics, err
}

// endsOf tells where the logs of topics end; nothing of those that do not
// exist.
func (b *Broker) endsOf(ctx context.Context, names []string) map[string][]int64 {
	if len(names) == 0 {
		return nil
	}
	_, topics, err := askMetadata(ctx, b.client, names)
	if err != nil {
		return nil
	}
	ends, _ := listOffsets(ctx, b.client, topics, logEnds) // nil if it fails
	return ends
}

// place sets where to go on in each partition.
func (b *Broker) place(ctx context.Context, t *target, leaders []int32, ends []int64) error {
	if len(ends) < len(t.partitions) {
		return ErrNoTopic
	}
	for i := range t.partitions {
		p := &t.partitions[i]
		p.next, p.leader = ends[i], leaders[i]
		if p.next > p.end {
			return fmt.Errorf("partition %d ends at offset %d, past the source's, which ends at %d", i, p.next, p.end)
		}
		if p.next < p.start {
			if err := b.startAt(ctx, t.topic, int32(i), p.next, p.start); err != nil {
				return fmt.Errorf("move start of partition %d: %w", i, err)
			}
			p.next = p.start
		}
	}
	return nil
}

// startAt moves the start of a log that ends at end to a later offset.
func (b *Broker) startAt(ctx context.Context, topic string, partition int32, end, start int64) error {
	if err := b.passOver(ctx, topic, partition, start-end); err != nil {
		return err
	}
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: partition, At: start})
	resp, err := b.admin.DeleteRecords(ctx, offsets)
	if err == nil {
		err = resp.Error()
	}
	return err
}
