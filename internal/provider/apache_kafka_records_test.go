package provider

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// everyTopic creates and fills a topic of each kind on the source, and returns
// their names.
func (w *kafkaWorld) everyTopic() []string {
	w.t.Helper()
	w.create("demo-link-topic", 1, nil)
	w.writes(w.client(), numbered("demo-link-topic", 1, 1, 6)...)
	w.create("orders", 6, nil)
	for i, codec := range []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	} {
		w.writes(w.client(kgo.ProducerBatchCompression(codec)), numbered("orders", 6, i*12_000, (i+1)*12_000)...)
	}
	w.create("payments", 2, nil)
	w.transactions("payments")
	w.create("archive", 1, nil)
	w.writes(w.client(), numbered("archive", 1, 0, 1000)...)
	w.forgets("archive", 700)
	w.create("stamped", 1, map[string]*string{"message.timestamp.type": kadm.StringPtr("LogAppendTime")})
	w.writes(w.client(), numbered("stamped", 1, 0, 1000)...)
	w.create("table", 1, map[string]*string{
		"cleanup.policy": kadm.StringPtr("compact"), "segment.ms": kadm.StringPtr("1"), "min.cleanable.dirty.ratio": kadm.StringPtr("0.01"),
	})
	w.compacts("table")
	w.create("empty", 3, nil)
	return []string{"archive", "demo-link-topic", "empty", "orders", "payments", "stamped", "table"}
}

// firstWritten is the timestamp of record 0: a broker forgets, when it starts
// again, records and producers that are old by their timestamps.
var firstWritten = time.Now().Add(-time.Hour)

// numbered are records from a number to before another, spread over partitions;
// every seventh is a tombstone, every third has headers.
func numbered(topic string, partitions, from, to int) []*kgo.Record {
	var records []*kgo.Record
	for i := from; i < to; i++ {
		r := &kgo.Record{
			Topic: topic, Partition: int32(i % partitions), Key: fmt.Append(nil, "key-", i%1000), Value: []byte(strconv.Itoa(i)),
			Timestamp: firstWritten.Add(time.Duration(i) * 7 * time.Millisecond),
		}
		if i%7 == 6 {
			r.Value = nil
		}
		if i%3 == 0 {
			r.Headers = []kgo.RecordHeader{{Key: "trace", Value: fmt.Append(nil, i)}, {Key: "empty", Value: []byte{}}, {Key: "null"}}
		}
		records = append(records, r)
	}
	return records
}

func (w *kafkaWorld) client(more ...kgo.Opt) *kgo.Client {
	w.t.Helper()
	client, err := kgo.NewClient(append(append(w.source.KafkaOptions(), kgo.RecordPartitioner(kgo.ManualPartitioner())), more...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(client.Close)
	return client
}

func (w *kafkaWorld) writes(client *kgo.Client, records ...*kgo.Record) {
	w.t.Helper()
	if err := client.ProduceSync(w.t.Context(), records...).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
}

// create creates a topic, and waits until the broker knows of it: until then,
// it would take records for one of that name that was deleted.
func (w *kafkaWorld) create(topic string, partitions int32, configs map[string]*string) {
	w.t.Helper()
	created, err := w.source.Admin().CreateTopic(w.t.Context(), partitions, 1, configs, topic)
	if err != nil {
		w.t.Fatal(err)
	}
	client, req := w.client(), kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{{Topic: &topic}}
	eventually(w.t, "the broker knows of "+topic, func() bool {
		resp, err := req.RequestWith(w.t.Context(), client)
		return err == nil && resp.Topics[0].TopicID == created.ID
	})
}

// grows gives a topic more partitions, and records in all of them.
func (w *kafkaWorld) grows(topic string, partitions int) {
	w.t.Helper()
	grown, err := w.source.Admin().UpdatePartitions(w.t.Context(), partitions, topic)
	if err == nil {
		err = grown.Error()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.writes(w.client(), numbered(topic, partitions, 100_000, 100_800)...)
}

// transactions writes some, which end in both ways.
func (w *kafkaWorld) transactions(topic string) {
	w.t.Helper()
	client := w.client(kgo.TransactionalID("payments"))
	for i, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
		if err := client.BeginTransaction(); err != nil {
			w.t.Fatal(err)
		}
		w.writes(client, numbered(topic, 2, 100*i, 100*(i+1))...)
		if err := client.EndTransaction(w.t.Context(), end); err != nil {
			w.t.Fatal(err)
		}
	}
}

// forgets moves the start of a topic's log.
func (w *kafkaWorld) forgets(topic string, before int64) {
	w.t.Helper()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, At: before})
	deleted, err := w.source.Admin().DeleteRecords(w.t.Context(), offsets)
	if err == nil {
		err = deleted.Error()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// compacts writes records of few keys, and waits until the broker has dropped some.
func (w *kafkaWorld) compacts(topic string) {
	w.t.Helper()
	client := w.client()
	for i := range 30 { // a segment each
		w.writes(client, &kgo.Record{Topic: topic, Key: fmt.Append(nil, i%7), Value: fmt.Append(nil, i)})
	}
	eventually(w.t, "the topic is compacted", func() bool { return len(w.read(w.source.KafkaOptions(), topic)) < 30 })
}

// read returns all that a consumer sees of a topic, offsets included.
func (w *kafkaWorld) read(options []kgo.Opt, topic string) []string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	client, err := kgo.NewClient(append(options, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))...)
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		w.t.Fatal(err)
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err != nil {
		w.t.Fatal(err)
	}
	left := make(map[int32]kgo.Offset)
	starts.Each(func(start kadm.ListedOffset) {
		if end, _ := ends.Lookup(topic, start.Partition); start.Offset < end.Offset {
			left[start.Partition] = kgo.NewOffset().At(start.Offset)
		}
	})
	client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: left})
	var records []*kgo.Record
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			w.t.Fatalf("read %s: %d partitions are left: %v", topic, len(left), err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				records = append(records, r)
			}
			if end, _ := ends.Lookup(topic, r.Partition); r.Offset >= end.Offset-1 {
				delete(left, r.Partition)
			}
		})
	}
	return described(records)
}

// described writes down all that is to be the same on both sides.
func described(records []*kgo.Record) []string {
	bytes := func(b []byte) string {
		if b == nil {
			return "null"
		}
		return strconv.Quote(string(b))
	}
	lines := make([]string, len(records))
	for i, r := range records {
		var line strings.Builder
		fmt.Fprintf(&line, "partition %d offset %09d at %d: %s = %s", r.Partition, r.Offset, r.Timestamp.UnixMilli(), bytes(r.Key), bytes(r.Value))
		for _, h := range r.Headers {
			fmt.Fprintf(&line, ", %s: %s", h.Key, bytes(h.Value))
		}
		lines[i] = line.String()
	}
	slices.Sort(lines)
	return lines
}

// same waits until the mirror topic has caught up, compares what consumers see
// of source and mirror topic, and returns how many records that are.
func (w *kafkaWorld) same(topic string) int {
	w.t.Helper()
	w.awaitsEnd(topic)
	source, mirror := w.read(w.source.KafkaOptions(), topic), w.read(w.destination.KafkaOptions(), topic)
	if !slices.Equal(source, mirror) {
		w.t.Errorf("%s: %d records on the source, %d on the destination, the first differences: %s", topic, len(source), len(mirror), differences(source, mirror))
	}
	return len(source)
}

// awaitsEnd waits until the mirror topic ends where its source does.
func (w *kafkaWorld) awaitsEnd(topic string) {
	w.t.Helper()
	ends, err := w.source.Admin().ListEndOffsets(w.t.Context(), topic)
	if err != nil {
		w.t.Fatal(err)
	}
	want := make([]int64, len(ends[topic]))
	ends.Each(func(o kadm.ListedOffset) { want[o.Partition] = o.Offset })
	var got []int64
	eventually(w.t, topic+" has arrived", func() bool {
		got, err = w.destination.Broker().LogEnds(w.t.Context(), topic)
		return err == nil && slices.Equal(got, want)
	})
	if !slices.Equal(got, want) {
		w.t.Fatalf("%s ends at %v on the source, at %v on the destination (%v)", topic, want, got, err)
	}
}

func differences(source, mirror []string) string {
	missing := func(from, in []string) (lines []string) {
		for _, line := range from {
			if _, found := slices.BinarySearch(in, line); !found && len(lines) < 3 {
				lines = append(lines, line)
			}
		}
		return lines
	}
	return fmt.Sprintf("%q on the source only, %q on the destination only", missing(source, mirror), missing(mirror, source))
}

// trickle writes to a topic of the source, and goes on when that comes back.
type trickle struct {
	acknowledged atomic.Int64
	stop         func()
}

func (w *kafkaWorld) startTrickle(topic string, partitions int) *trickle {
	w.t.Helper()
	const batch = 20
	f, client := &trickle{}, w.client(kgo.ProducerLinger(0))
	ctx, cancel := context.WithCancel(w.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		pause := time.NewTicker(50 * time.Millisecond)
		defer pause.Stop()
		for n := 0; ctx.Err() == nil; n += batch {
			<-pause.C
			// What was begun is finished, so that it is known what was written.
			if err := client.ProduceSync(context.WithoutCancel(ctx), numbered(topic, partitions, n, n+batch)...).FirstErr(); err != nil {
				w.t.Errorf("write records %d and on: %v", n, err)
				return
			}
			f.acknowledged.Add(batch)
		}
	})
	f.stop = func() { cancel(); running.Wait() }
	w.t.Cleanup(func() { cancel(); client.Close(); running.Wait() })
	return f
}

// goesOn waits until more has been written.
func (f *trickle) goesOn(t *testing.T) {
	t.Helper()
	due := f.acknowledged.Load() + 200
	eventually(t, "records are written", func() bool { return f.acknowledged.Load() >= due })
}
