package broker

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestNothingIsWrittenAfterRemoveOrPause(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 2, "orders")
	stop := trickle(t, newClient(t, plaintext(l.source)), "orders", 2)
	for i := range 10 {
		l.fetched(t, "orders", ends(t, l.source, "orders")[0])
		if i%2 == 0 {
			l.copier.Remove("orders")
		} else {
			l.copier.Pause("orders")
		}
		before := ends(t, l.destination, "orders")
		time.Sleep(2*copyPause + 50*time.Millisecond) // what must not happen cannot be waited for
		if after := ends(t, l.destination, "orders"); after[0] != before[0] || after[1] != before[1] {
			t.Fatalf("written after it returned: logs ended at %v, now at %v", before, after)
		}
		if i%2 == 0 {
			if p := l.copier.Progress("orders"); p.Lags != nil {
				t.Errorf("removed: %+v", p)
			}
			l.copier.Add("orders", "orders", 2)
		} else {
			if p, err := l.copier.Refresh(t.Context(), "orders"); err != nil || p.Lags[0].Lag == 0 {
				t.Errorf("paused: %+v, %v", p, err)
			}
			l.copier.Resume("orders")
		}
	}
	produced := stop()
	caughtUp(t, l.copier, "orders")
	if got := l.same(t, "orders"); got != produced {
		t.Errorf("%d records on both sides, %d produced", got, produced)
	}
}

// However copying is stopped, and while the copier has much to write: nothing is
// written once the call has returned.
func TestStoppingIsExact(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(c *Copier, topic string){
		"Remove":    (*Copier).Remove,
		"Pause":     (*Copier).Pause,
		"SetRemote": func(c *Copier, _ string) { c.SetRemote(nil) },
		"Close":     func(c *Copier, _ string) { c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, topics := newBacklog(t)
			stopped := make(map[string][]int64)
			for _, topic := range topics {
				stop(l.copier, topic)
				stopped[topic] = ends(t, l.destination, topic)
			}
			time.Sleep(2 * copyPause) // what must not happen cannot be waited for
			for _, topic := range topics {
				if after := ends(t, l.destination, topic); !slices.Equal(after, stopped[topic]) {
					t.Errorf("%s: ended at %v, now at %v", topic, stopped[topic], after)
				}
			}
		})
	}
}

// newBacklog is a link that has just begun to write what takes it several
// requests, each of them slow.
func newBacklog(t *testing.T) (*link, []string) {
	t.Helper()
	l := newLink(t, Config{}, plaintext)
	topics := []string{"a", "b", "c", "d"}
	var records []*kgo.Record
	for _, topic := range topics {
		for _, r := range numbered(topic, 1, 0, 3000) {
			r.Value = make([]byte, maxBatch/500)
			records = append(records, r)
		}
	}
	l.source.mustCreate(t, 1, topics...)
	l.destination.mustCreate(t, 1, topics...)
	produce(t, newClient(t, plaintext(l.source)), records...)

	writes := make(chan struct{}, 1)
	l.destination.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		l.destination.cluster.KeepControl()
		select {
		case writes <- struct{}{}:
		default:
		}
		time.Sleep(5 * time.Millisecond)
		return nil, nil, false
	})
	for _, topic := range topics {
		l.copier.Add(topic, topic, 1)
	}
	<-writes
	return l, topics
}
