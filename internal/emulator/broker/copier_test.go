package broker

import (
	"bytes"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// link is a source, a destination and the copier between them.
type link struct {
	source, destination *Broker
	copier              *Copier
}

func newLink(t *testing.T, source Config, settings func(*Broker) map[string]string) *link {
	t.Helper()
	l := &link{source: start(t, source), destination: start(t, Config{ClusterID: "destination"})}
	l.copier = NewCopier(l.destination)
	t.Cleanup(l.copier.Close)
	l.copier.SetRemote(dial(t, settings(l.source)))
	return l
}

// mirror creates the topics on both sides and begins to copy.
func (l *link) mirror(t *testing.T, partitions int32, topics ...string) {
	t.Helper()
	l.source.mustCreate(t, partitions, topics...)
	l.destination.mustCreate(t, partitions, topics...)
	for _, topic := range topics {
		l.destination.SetReadOnly(topic, true)
		l.copier.Add(topic, topic, partitions)
	}
}

// same fails the test unless the topic's records are alike on both sides.
func (l *link) same(t *testing.T, topic string) (records int) {
	t.Helper()
	want, got := readInside(t, l.source, topic), readInside(t, l.destination, topic)
	for partition := range want {
		if len(got[partition]) != len(want[partition]) {
			t.Fatalf("%s/%d: %d records, %d at the source", topic, partition, len(got[partition]), len(want[partition]))
		}
		for i, w := range want[partition] {
			g := got[partition][i]
			if g.Offset != w.Offset || !g.Timestamp.Equal(w.Timestamp) || !bytes.Equal(g.Key, w.Key) || (g.Key == nil) != (w.Key == nil) ||
				!bytes.Equal(g.Value, w.Value) || (g.Value == nil) != (w.Value == nil) || !reflect.DeepEqual(g.Headers, w.Headers) {
				t.Fatalf("%s/%d: record %+v, at the source %+v", topic, partition, g, w)
			}
		}
		records += len(want[partition])
	}
	if len(got) != len(want) {
		t.Fatalf("%s: records in %d partitions, in %d at the source", topic, len(got), len(want))
	}
	return records
}

// trickle produces numbered records until the returned function is called,
// which tells how many the source accepted.
func trickle(t *testing.T, client *kgo.Client, topic string, partitions int) (stop func() int) {
	var (
		done  atomic.Bool
		count atomic.Int64
		wg    sync.WaitGroup
	)
	wg.Go(func() {
		for i := 0; !done.Load(); i++ {
			client.Produce(t.Context(), numbered(topic, partitions, i, i+1)[0], func(_ *kgo.Record, err error) {
				if err == nil {
					count.Add(1)
				}
			})
			time.Sleep(200 * time.Microsecond) // the rate, not a wait
		}
		_ = client.Flush(t.Context())
	})
	return func() int {
		done.Store(true)
		wg.Wait()
		return int(count.Load())
	}
}

func TestMirrorIsTheSameWhileRecordsFlow(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 3, "orders")
	producer := newClient(t, plaintext(l.source))
	produce(t, producer,
		&kgo.Record{Topic: "orders", Partition: 1, Key: []byte("k"), Value: []byte("v"), Timestamp: time.UnixMilli(1234567890123),
			Headers: []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "a"}}},
		&kgo.Record{Topic: "orders", Partition: 1, Key: []byte("tombstone")},
		&kgo.Record{Topic: "orders", Partition: 1, Value: []byte{}},
	)
	stop := trickle(t, producer, "orders", 3)
	eventually(t, func() error {
		if p := l.copier.Progress("orders"); p.Lags[2].LastSourceFetchOffset < 50 {
			return fmt.Errorf("%+v", p)
		}
		return nil
	})
	produced := stop()
	caughtUp(t, l.copier, "orders")
	if got := l.same(t, "orders"); got != produced+3 {
		t.Fatalf("%d records on both sides, %d produced", got, produced+3)
	}
	p := l.copier.Progress("orders")
	if p.Err != nil || p.Measured.IsZero() || p.Lags[1].LastSourceFetchOffset < 3 {
		t.Errorf("progress %+v", p)
	}
}
