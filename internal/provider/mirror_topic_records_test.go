package provider

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := poll(ctx, func() (bool, error) { return holds(), nil }); err != nil {
		t.Errorf("waited in vain: %s", what)
	}
}

// numbers are the values "0", "1", … before n.
func numbers(n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = strconv.Itoa(i)
	}
	return values
}

// records returns all that a topic holds.
func (w *world) records(c *emulator.Cluster, topic string) []string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client, err := kgo.NewClient(c.KafkaOptions()...)
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		w.t.Fatal(err)
	}
	count := 0
	ends.Each(func(o kadm.ListedOffset) { count += int(o.Offset) })
	values, err := c.Consume(ctx, topic, count)
	if err != nil {
		w.t.Fatal(err)
	}
	return values
}

// flow writes the numbers to a topic of the source, in bursts, between which a
// mirror can catch up.
type flow struct {
	mu      sync.Mutex
	written []time.Time // when each was acknowledged
}

// startFlow starts a flow, which goes on until stop is called or the test ends.
func (w *world) startFlow(topic string) (f *flow, stop func()) {
	w.t.Helper()
	client, err := kgo.NewClient(append(w.source.KafkaOptions(), kgo.ProducerLinger(0))...)
	if err != nil {
		w.t.Fatal(err)
	}
	const burst = 50
	f = &flow{}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		pause := time.NewTicker(400 * time.Millisecond)
		defer pause.Stop()
		for n := 0; ; n++ {
			if n%burst == 0 {
				<-pause.C
			}
			record := &kgo.Record{Topic: topic, Value: []byte(strconv.Itoa(n))}
			if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
				if ctx.Err() == nil {
					w.t.Errorf("write record %d: %s", n, err)
				}
				return
			}
			f.mu.Lock()
			f.written = append(f.written, time.Now())
			f.mu.Unlock()
		}
	})
	stop = func() { cancel(); running.Wait(); client.Close() }
	w.t.Cleanup(stop)
	return f, stop
}

// before counts the records that were acknowledged before a moment.
func (f *flow) before(moment time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, _ := slices.BinarySearchFunc(f.written, moment, time.Time.Compare)
	return n
}
