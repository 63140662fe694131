package apachekafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A broker keeps its records when it is stopped or killed, and starts again.
func TestApacheKafkaKeepsRecords(t *testing.T) {
	t.Parallel()
	b := Start(t, Config{})
	if _, err := b.Admin().CreateTopic(t.Context(), 1, 1, nil, "orders"); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(append(b.KafkaOptions(), kgo.DefaultProduceTopic("orders"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i, end := range []func(){b.Stop, b.Kill, func() {}} {
		if err := client.ProduceSync(t.Context(), kgo.StringRecord("a record")).FirstErr(); err != nil {
			t.Fatal(err)
		}
		ends, err := b.Admin().ListEndOffsets(t.Context(), "orders")
		if err != nil {
			t.Fatal(err)
		}
		if o, _ := ends.Lookup("orders", 0); o.Offset != int64(i+1) || o.Err != nil {
			t.Errorf("round %d: the topic ends at %v", i, o)
		}
		if end(); b.process == nil {
			b.Restart()
		}
	}
}
