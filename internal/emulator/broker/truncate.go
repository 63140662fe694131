package broker

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// LogEnds tells where the logs of a topic's partitions end: the offset of the
// next record.
func (b *Broker) LogEnds(ctx context.Context, topic string) ([]int64, error) {
	log, err := b.describeLog(ctx, topic)
	return log.ends, err
}

// topicLog is a topic and the extent of its partitions' logs.
type topicLog struct {
	topicMetadata
	starts, ends []int64
}

func (b *Broker) describeLog(ctx context.Context, topic string) (topicLog, error) {
	_, found, err := askMetadata(ctx, b.client, []string{topic})
	if err != nil {
		return topicLog{}, b.topicError(topic, err)
	}
	ends, err := listOffsets(ctx, b.client, found, logEnds)
	if err != nil {
		return topicLog{}, b.topicError(topic, err)
	}
	starts, err := listOffsets(ctx, b.client, found, logStarts)
	if err == nil && (ends[topic] == nil || starts[topic] == nil) {
		err = ErrNoTopic
	}
	return topicLog{found[topic], starts[topic], ends[topic]}, b.topicError(topic, err)
}

// Truncate cuts a topic's logs back so that they end at the given offsets, one
// for each partition, and returns how many offsets it cut. Logs that end
// before stay as they are.
//
// The topic must be read-only and in no copier. Kafka's protocol has no such
// request, so the topic is deleted and written anew: consumers that are reading
// it see it go and come back with another topic id, and should it fail midway,
// the topic is left incomplete.
func (b *Broker) Truncate(ctx context.Context, topic string, ends []int64) (cut int64, err error) {
	log, err := b.describeLog(ctx, topic)
	if err != nil {
		return 0, err
	}
	if len(ends) != len(log.ends) {
		return 0, b.topicError(topic, fmt.Errorf("%d offsets for %d partitions", len(ends), len(log.ends)))
	}
	for i := range ends {
		end := max(min(ends[i], log.ends[i]), log.starts[i])
		cut += log.ends[i] - end
		log.ends[i] = end
	}
	if cut == 0 {
		return 0, nil
	}
	records, err := b.readLog(ctx, log)
	if err != nil {
		return 0, b.topicError(topic, fmt.Errorf("read what remains: %w", err))
	}
	if err := b.recreate(ctx, log); err != nil {
		return 0, b.topicError(topic, err)
	}
	return cut, b.topicError(topic, b.refill(ctx, log, records))
}

// readLog reads the extent of a log, as a consumer with read_committed.
func (b *Broker) readLog(ctx context.Context, log topicLog) ([][]*kgo.Record, error) {
	next := make(map[int32]kgo.Offset)
	for i, end := range log.ends {
		if log.starts[i] < end {
			next[int32(i)] = kgo.NewOffset().At(log.starts[i])
		}
	}
	client, err := kgo.NewClient(append(b.inside(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{log.name: next}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords())...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	records := make([][]*kgo.Record, len(log.ends))
	for len(next) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset < log.ends[r.Partition] {
				records[r.Partition] = append(records[r.Partition], r)
			}
			if r.Offset >= log.ends[r.Partition]-1 {
				delete(next, r.Partition)
			}
		})
	}
	return records, nil
}

// recreate replaces a topic by an empty one with the same settings.
func (b *Broker) recreate(ctx context.Context, log topicLog) error {
	configs, err := b.TopicConfigs(ctx, log.name)
	if err != nil {
		return err
	}
	set := make(map[string]*string)
	for _, c := range configs {
		if !c.Default {
			set[c.Name] = c.Value
		}
	}
	if _, err := b.admin.DeleteTopic(ctx, log.name); err != nil { // not ours, which would make it writable
		return err
	}
	return b.CreateTopic(ctx, log.name, int32(len(log.ends)), int16(log.replicas), set)
}

// refill writes records to the empty topic, each at its offset.
func (b *Broker) refill(ctx context.Context, log topicLog, records [][]*kgo.Record) error {
	_, found, err := askMetadata(ctx, b.client, []string{log.name})
	if err != nil {
		return err
	}
	var runs []*run
	for i, leader := range found[log.name].leaders {
		if log.starts[i] > 0 {
			if err := b.startAt(ctx, log.name, int32(i), 0, log.starts[i]); err != nil {
				return err
			}
		}
		runs = append(runs, &run{topic: log.name, partition: int32(i), leader: leader, next: log.starts[i], records: records[i]})
	}
	b.write(ctx, runs)
	for i, r := range runs {
		if r.err != nil {
			return r.err
		}
		if err := b.passOver(ctx, log.name, int32(i), log.ends[i]-r.next); err != nil {
			return err
		}
	}
	return nil
}
