package broker

import (
	"errors"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

func TestTruncate(t *testing.T) {
	t.Parallel()
	b := start(t, Config{Brokers: 2})
	if err := b.CreateTopic(t.Context(), "orders", 3, 2, map[string]*string{"retention.ms": kadm.StringPtr("86400000")}); err != nil {
		t.Fatal(err)
	}
	producer := newClient(t, plaintext(b))
	produce(t, producer, numbered("orders", 3, 0, 60)...)
	deleteRecords(t, b, "orders", 5)
	if err := b.passOver(t.Context(), "orders", 1, 3); err != nil { // as in a mirror with gaps
		t.Fatal(err)
	}
	b.SetReadOnly("orders", true)
	before := readInside(t, b, "orders")

	for _, wrong := range [][]int64{nil, {1, 2}} {
		if _, err := b.Truncate(t.Context(), "orders", wrong); err == nil {
			t.Errorf("%v: no error", wrong)
		}
	}
	if cut, err := b.Truncate(t.Context(), "orders", []int64{20, 23, 100}); err != nil || cut != 0 {
		t.Errorf("nothing to cut: %d, %v", cut, err)
	}
	cut, err := b.Truncate(t.Context(), "orders", []int64{12, 22, 2})
	if err != nil || cut != 8+1+18 {
		t.Errorf("cut %d, %v", cut, err)
	}
	after := readInside(t, b, "orders")
	for partition, want := range map[int32]int{0: 12 - 5, 1: 20, 2: 2} {
		if len(after[partition]) != want {
			t.Fatalf("partition %d has %d records, not %d", partition, len(after[partition]), want)
		}
		for i, r := range after[partition] {
			if w := before[partition][i]; r.Offset != w.Offset || string(r.Value) != string(w.Value) || !r.Timestamp.Equal(w.Timestamp) {
				t.Errorf("record %+v was %+v", r, w)
			}
		}
	}
	if at := ends(t, b, "orders"); !slices.Equal(at, []int64{12, 22, 2}) {
		t.Errorf("ends at %v", at)
	}
	if at := starts(t, b, "orders"); !slices.Equal(at, []int64{5, 0, 0}) {
		t.Errorf("starts at %v", at)
	}
	if topic, err := b.Topic(t.Context(), "orders"); err != nil || topic.ReplicationFactor != 2 {
		t.Errorf("%+v, %v", topic, err)
	}
	configs, err := b.TopicConfigs(t.Context(), "orders")
	if i := slices.IndexFunc(configs, func(c TopicConfig) bool { return c.Name == "retention.ms" }); err != nil || *configs[i].Value != "86400000" {
		t.Errorf("%+v, %v", configs, err)
	}
	again := newClient(t, plaintext(b))
	if err := again.ProduceSync(t.Context(), numbered("orders", 3, 0, 1)...).FirstErr(); !errors.Is(err, kerr.InvalidRequest) {
		t.Errorf("no longer read-only: %v", err)
	}
}

// Failing over, writing on both sides, and mirroring again from where the
// sides parted.
func TestTruncateLetsAMirrorFollowAgain(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 2, "orders")
	produce(t, newClient(t, plaintext(l.source)), numbered("orders", 2, 0, 10)...)
	caughtUp(t, l.copier, "orders")

	source, err := l.source.TopicID(t.Context(), "orders")
	if err != nil || source == [16]byte{} || l.copier.Progress("orders").SourceID != source {
		t.Errorf("source topic is %x (%v), the copier reads %x", source, err, l.copier.Progress("orders").SourceID)
	}
	if _, err := l.source.TopicID(t.Context(), "none"); !errors.Is(err, ErrNoTopic) {
		t.Errorf("id of no topic: %v", err)
	}

	l.copier.Remove("orders")
	l.destination.SetReadOnly("orders", false)
	parted := ends(t, l.destination, "orders")
	produce(t, newClient(t, plaintext(l.destination)), numbered("orders", 2, 100, 105)...)
	produce(t, newClient(t, plaintext(l.source)), numbered("orders", 2, 10, 20)...)

	l.destination.SetReadOnly("orders", true)
	if cut, err := l.destination.Truncate(t.Context(), "orders", parted); err != nil || cut != 5 {
		t.Fatal(cut, err)
	}
	l.copier.Add("orders", "orders", 2)
	caughtUp(t, l.copier, "orders")
	if got := l.same(t, "orders"); got != 20 {
		t.Errorf("%d records", got)
	}
}
