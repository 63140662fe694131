package emulator_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// stream writes values to a topic, one after the other, until the returned function is called, which returns those
// that the cluster acknowledged. Values begin with a prefix.
func stream(t *testing.T, c *emulator.Cluster, topic, prefix string) (stop func() []string) {
	t.Helper()
	client, err := kgo.NewClient(append(c.KafkaOptions(), kgo.ProducerLinger(0))...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(testContext(t))
	var written []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ctx.Err() == nil; i++ {
			record := kgo.StringRecord(fmt.Sprint(prefix, i))
			record.Topic = topic
			if client.ProduceSync(context.WithoutCancel(ctx), record).FirstErr() == nil {
				written = append(written, string(record.Value))
			}
		}
	}()
	return func() []string {
		cancel()
		<-done
		client.Close()
		return written
	}
}

// expectRecords waits until a topic has so many records, and checks that they are these and no other, in any order.
func expectRecords(t *testing.T, c *emulator.Cluster, topic string, want []string) {
	t.Helper()
	ctx := testContext(t)
	got, err := c.Consume(ctx, topic, len(want))
	if err != nil {
		t.Fatalf("%s: %v", c.ID(), err)
	}
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Fatalf("%s on %s holds\n%s\nwant\n%s", topic, c.ID(), strings.Join(got, " "), strings.Join(want, " "))
	}
	ends, err := c.Broker().LogEnds(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, end := range ends {
		total += int(end)
	}
	if total != len(want) {
		t.Fatalf("%s on %s has %d records, want %d", topic, c.ID(), total, len(want))
	}
}
