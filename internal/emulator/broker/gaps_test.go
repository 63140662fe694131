package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// deleteRecords moves the start of partition 0 of a topic.
func deleteRecords(t *testing.T, b *Broker, topic string, before int64) {
	t.Helper()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, At: before})
	resp, err := b.admin.DeleteRecords(t.Context(), offsets)
	if err != nil || resp.Error() != nil {
		t.Fatal(err, resp.Error())
	}
}

func starts(t *testing.T, b *Broker, topic string) []int64 {
	t.Helper()
	log, err := b.describeLog(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return log.starts
}

func TestMirrorOfACompactedTopic(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	configs := map[string]*string{"cleanup.policy": kadm.StringPtr("compact")}
	for _, b := range []*Broker{l.source, l.destination} {
		if err := b.CreateTopic(t.Context(), "table", 1, 1, configs); err != nil {
			t.Fatal(err)
		}
	}
	producer := newClient(t, plaintext(l.source))
	for i := range 30 { // a batch each
		produce(t, producer, &kgo.Record{Topic: "table", Key: fmt.Append(nil, i%7), Value: fmt.Append(nil, i)})
	}
	l.source.cluster.Compact()
	before := len(readInside(t, l.source, "table")[0])
	if before == 30 {
		t.Fatal("nothing was compacted")
	}
	l.copier.Add("table", "table", 1)
	caughtUp(t, l.copier, "table")
	produce(t, producer, numbered("table", 1, 30, 33)...)
	caughtUp(t, l.copier, "table")
	if got := l.same(t, "table"); got != before+3 {
		t.Errorf("%d records, %d expected", got, before+3)
	}
}

func TestMirrorOfTransactions(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 2, "payments")
	producer := newClient(t, plaintext(l.source), kgo.TransactionalID("tx"))
	for i, how := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
		if err := producer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		produce(t, producer, numbered("payments", 2, 10*i, 10*i+10)...)
		if err := producer.EndTransaction(t.Context(), how); err != nil {
			t.Fatal(err)
		}
	}
	caughtUp(t, l.copier, "payments")
	if got := l.same(t, "payments"); got != 20 {
		t.Errorf("%d records, 20 were committed", got)
	}
	// What was aborted at the source nobody sees on the mirror, whatever the
	// isolation level.
	read := readAll(t, plaintext(l.destination), "payments")
	if len(read[0])+len(read[1]) != 20 {
		t.Errorf("%d and %d records without read_committed", len(read[0]), len(read[1]))
	}
	produce(t, newClient(t, plaintext(l.source)), numbered("payments", 2, 50, 60)...)
	caughtUp(t, l.copier, "payments")
	if got := l.same(t, "payments"); got != 30 {
		t.Errorf("%d records, 30 were committed", got)
	}
}

func TestSourceLogStartsAboveTheMirror(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.source.mustCreate(t, 1, "log")
	l.destination.mustCreate(t, 1, "log")
	producer := newClient(t, plaintext(l.source))
	produce(t, producer, numbered("log", 1, 0, 10)...)
	deleteRecords(t, l.source, "log", 4)

	check := func(start int64, records int) {
		t.Helper()
		caughtUp(t, l.copier, "log")
		if got := starts(t, l.destination, "log")[0]; got != start {
			t.Errorf("the mirror's log starts at %d, not %d", got, start)
		}
		if got := l.same(t, "log"); got != records {
			t.Errorf("%d records, not %d", got, records)
		}
	}
	waiting := newClient(t, plaintext(l.destination), kgo.ConsumeTopics("log"), kgo.FetchMaxWait(time.Second))
	first := make(chan string, 1)
	go func() {
		fetches := waiting.PollFetches(t.Context())
		first <- fmt.Sprint(fetches.Err(), fetches.NumRecords() > 0 && fetches.Records()[0].Offset == 4)
	}()
	parked := l.destination.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "log", Observe: true})
	if err := parked.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	l.copier.Add("log", "log", 1)
	check(4, 6)
	if got := <-first; got != "<nil> true" {
		t.Errorf("a consumer that was waiting got %s", got)
	}

	// The source forgets what the mirror has not got, and has more or nothing.
	l.copier.Remove("log")
	produce(t, producer, numbered("log", 1, 10, 30)...)
	deleteRecords(t, l.source, "log", 25)
	l.copier.Add("log", "log", 1)
	check(25, 5)

	l.copier.Remove("log")
	produce(t, producer, numbered("log", 1, 30, 40)...)
	deleteRecords(t, l.source, "log", 40)
	l.copier.Add("log", "log", 1)
	check(40, 0)
	produce(t, producer, numbered("log", 1, 40, 41)...)
	check(40, 1)
}

// The source's log start passes the copier while it reads.
func TestSourceForgetsWhileCopying(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 1, "log")
	producer := newClient(t, plaintext(l.source))
	for i := range 10 {
		produce(t, producer, numbered("log", 1, i*100, i*100+100)...)
		deleteRecords(t, l.source, "log", int64(i*100+99))
	}
	caughtUp(t, l.copier, "log")
	if at := ends(t, l.destination, "log")[0]; at != 1000 {
		t.Errorf("ends at %d", at)
	}
	read := readInside(t, l.destination, "log")[0]
	for _, r := range read {
		if string(r.Value) != fmt.Sprint(r.Offset) {
			t.Errorf("record %d has the value %s", r.Offset, r.Value)
		}
	}
}

func TestLargeRecords(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 2, "blobs")
	producer := newClient(t, plaintext(l.source), kgo.ProducerBatchCompression(kgo.GzipCompression()))
	large := []byte(strings.Repeat("0123456789", 60_000))
	var records []*kgo.Record
	for i := range 10 {
		records = append(records, &kgo.Record{Topic: "blobs", Partition: int32(i % 2), Value: large})
	}
	produce(t, producer, records...) // small at the source, several requests here
	caughtUp(t, l.copier, "blobs")
	if got := l.same(t, "blobs"); got != 10 {
		t.Errorf("%d records", got)
	}
}
