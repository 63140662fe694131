package broker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// fetched waits until the copier has got beyond that offset of partition 0.
func (l *link) fetched(t *testing.T, topic string, offset int64) {
	t.Helper()
	eventually(t, func() error {
		p := l.copier.Progress(topic)
		if len(p.Lags) == 0 || p.Lags[0].LastSourceFetchOffset < offset {
			return fmt.Errorf("%+v", p)
		}
		return nil
	})
}

// ends are the end offsets of a topic's partitions.
func ends(t *testing.T, b *Broker, topic string) []int64 {
	t.Helper()
	offsets, err := b.LogEnds(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return offsets
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 2, "mirror")
	l.destination.mustCreate(t, 1, "own")
	produce(t, newClient(t, plaintext(l.source)), numbered("mirror", 2, 0, 10)...)
	caughtUp(t, l.copier, "mirror")

	producer := newClient(t, plaintext(l.destination), kgo.ProducerLinger(50*time.Millisecond)) // one request for both topics
	for range 3 {
		results := producer.ProduceSync(t.Context(), append(numbered("mirror", 2, 0, 2), numbered("own", 1, 0, 1)...)...)
		for _, r := range results {
			if refused := errors.Is(r.Err, kerr.InvalidRequest); refused != (r.Record.Topic == "mirror") || !refused && r.Err != nil {
				t.Errorf("%s: %v", r.Record.Topic, r.Err)
			}
		}
	}
	if at := ends(t, l.destination, "mirror"); at[0] != 5 || at[1] != 5 {
		t.Errorf("the refused records were written: logs end at %v", at)
	}
	if at := ends(t, l.destination, "own"); at[0] != 3 {
		t.Errorf("records beside refused ones: log ends at %v", at)
	}

	l.copier.Remove("mirror")
	l.destination.SetReadOnly("mirror", false)
	produce(t, producer, numbered("mirror", 2, 0, 2)...)
	if at := ends(t, l.destination, "mirror"); at[0] != 6 || at[1] != 6 {
		t.Errorf("released, the logs end at %v", at)
	}
}

func TestOutageOfTheSource(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{Users: map[string]string{"link": "pw"}}, func(b *Broker) map[string]string { return scramSettings(b, "link", "pw") })
	l.mirror(t, 3, "orders")
	stop := trickle(t, newClient(t, scramSettings(l.source, "link", "pw")), "orders", 3)
	for round := range 3 {
		l.fetched(t, "orders", int64(round*50+20))
		l.source.Outage()
		eventually(t, func() error {
			if p := l.copier.Progress("orders"); p.Err == nil || p.Err.Kind != KindTCPConnection || p.SourceMissing {
				return fmt.Errorf("in an outage: %+v", p)
			}
			return nil
		})
		if _, err := l.copier.Refresh(t.Context(), "orders"); kindOf(t, err) != KindTCPConnection {
			t.Errorf("refresh in an outage: %v", err)
		}
		if err := l.source.Restore(); err != nil {
			t.Fatal(err)
		}
	}
	produced := stop()
	caughtUp(t, l.copier, "orders")
	// A producer that lost a connection does not know of every record that was
	// written, so the source can have more than it counted.
	if got := l.same(t, "orders"); got < produced {
		t.Errorf("%d records on both sides, %d produced", got, produced)
	}
}

func TestOutageOfTheDestination(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 1, "orders")
	l.destination.Outage()
	produce(t, newClient(t, plaintext(l.source)), numbered("orders", 1, 0, 100)...)
	caughtUp(t, l.copier, "orders") // only its listener is gone
	if err := l.destination.Restore(); err != nil {
		t.Fatal(err)
	}
	if got := l.same(t, "orders"); got != 100 {
		t.Errorf("%d records", got)
	}
}

func TestSourceTopicDeleted(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 1, "orders", "other")
	producer := newClient(t, plaintext(l.source))
	produce(t, producer, append(numbered("orders", 1, 0, 5), numbered("other", 1, 0, 5)...)...)
	caughtUp(t, l.copier, "orders", "other")

	missing := func() error {
		if p := l.copier.Progress("orders"); !p.SourceMissing || p.Err != nil {
			return fmt.Errorf("%+v", p)
		}
		return nil
	}
	if err := l.source.DeleteTopic(t.Context(), "orders"); err != nil {
		t.Fatal(err)
	}
	eventually(t, missing)

	// A topic of the same name is another topic.
	l.source.mustCreate(t, 1, "orders")
	again := newClient(t, plaintext(l.source))
	produce(t, again, append(numbered("orders", 1, 100, 120), numbered("other", 1, 5, 10)...)...)
	caughtUp(t, l.copier, "other")
	if p, err := l.copier.Refresh(t.Context(), "orders"); err != nil || !p.SourceMissing {
		t.Errorf("created anew: %+v, %v", p, err)
	}
	eventually(t, missing)
	if at := ends(t, l.destination, "orders"); at[0] != 5 {
		t.Errorf("records of another topic were copied: log ends at %v", at)
	}
	if got := l.same(t, "other"); got != 10 {
		t.Errorf("other: %d records", got)
	}
}

func TestMirrorOfATopicThatComesLater(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.destination.mustCreate(t, 1, "late")
	l.copier.Add("late", "late", 1)
	eventually(t, func() error {
		if p := l.copier.Progress("late"); !p.SourceMissing {
			return fmt.Errorf("%+v", p)
		}
		return nil
	})
	l.source.mustCreate(t, 1, "late")
	produce(t, newClient(t, plaintext(l.source)), numbered("late", 1, 0, 5)...)
	caughtUp(t, l.copier, "late")
	if got := l.same(t, "late"); got != 5 {
		t.Errorf("%d records", got)
	}
}

func TestSetRemoteWhileRecordsFlow(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{Users: map[string]string{"link": "pw-0", "app": "pw"}}, func(b *Broker) map[string]string { return scramSettings(b, "link", "pw-0") })
	l.mirror(t, 3, "orders")
	stop := trickle(t, newClient(t, scramSettings(l.source, "app", "pw")), "orders", 3)
	for i := range 5 {
		l.fetched(t, "orders", int64(20*(i+1)))
		password := fmt.Sprintf("pw-%d", i+1)
		l.source.SetPassword("link", password)
		l.source.Outage() // the old password is of no use any more
		if err := l.source.Restore(); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			eventually(t, func() error {
				if p := l.copier.Progress("orders"); p.Err == nil || p.Err.Kind != KindAuthentication {
					return fmt.Errorf("with the old password: %+v", p)
				}
				return nil
			})
		}
		l.copier.SetRemote(dial(t, scramSettings(l.source, "link", password)))
	}
	l.copier.SetRemote(nil)
	if p := l.copier.Progress("orders"); p.Err == nil || len(p.Lags) != 3 {
		t.Errorf("without a source: %+v", p)
	}
	produced := stop()
	l.copier.SetRemote(dial(t, scramSettings(l.source, "link", "pw-5")))
	caughtUp(t, l.copier, "orders")
	if got := l.same(t, "orders"); got < produced {
		t.Errorf("%d records on both sides, %d produced", got, produced)
	}
}

func TestNewPartitionsAppearOnTheMirror(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 2, "orders")
	producer := newClient(t, plaintext(l.source))
	produce(t, producer, numbered("orders", 2, 0, 10)...)
	caughtUp(t, l.copier, "orders")
	if _, err := kadm.NewClient(producer).UpdatePartitions(t.Context(), 4, "orders"); err != nil {
		t.Fatal(err)
	}
	produce(t, newClient(t, plaintext(l.source)), numbered("orders", 4, 10, 50)...)
	caughtUp(t, l.copier, "orders")
	if topic, err := l.destination.Topic(t.Context(), "orders"); err != nil || topic.Partitions != 4 {
		t.Errorf("mirror %+v, %v", topic, err)
	}
	if got := l.same(t, "orders"); got != 50 {
		t.Errorf("%d records", got)
	}
	if p := l.copier.Progress("orders"); len(p.Lags) != 4 || p.Err != nil {
		t.Errorf("%+v", p)
	}
}

func TestThousandTopics(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	var names []string
	var records []*kgo.Record
	for i := range 1000 {
		name := fmt.Sprintf("topic-%d", i)
		names = append(names, name)
		records = append(records, numbered(name, 1, 0, 1+i%20)...)
	}
	l.mirror(t, 1, names...)
	produce(t, newClient(t, plaintext(l.source)), records...)
	caughtUp(t, l.copier, names...)
	for i, name := range names {
		if at := ends(t, l.destination, name); at[0] != int64(1+i%20) {
			t.Fatalf("%s ends at %v", name, at)
		}
	}
	if got := l.same(t, "topic-19"); got != 20 {
		t.Errorf("%d records", got)
	}
}

func TestMirrorBetweenClustersOfSeveralBrokers(t *testing.T) {
	t.Parallel()
	source, destination := start(t, Config{Brokers: 3}), start(t, Config{Brokers: 3})
	l := &link{source: source, destination: destination, copier: NewCopier(destination)}
	t.Cleanup(l.copier.Close)
	l.copier.SetRemote(dial(t, plaintext(source)))
	l.mirror(t, 12, "orders")
	stop := trickle(t, newClient(t, plaintext(source)), "orders", 12)
	l.fetched(t, "orders", 10)
	source.Outage()
	if err := source.Restore(); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		l.fetched(t, "orders", int64(30+5*i))
		source.cluster.ShufflePartitionLeaders()
		destination.cluster.ShufflePartitionLeaders()
	}
	produced := stop()
	caughtUp(t, l.copier, "orders")
	if got := l.same(t, "orders"); got < produced {
		t.Errorf("%d records on both sides, %d produced", got, produced)
	}
}

func TestMirrorTopicOfAnotherName(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.source.mustCreate(t, 1, "orders")
	l.destination.mustCreate(t, 1, "dr-orders")
	l.copier.Add("orders", "dr-orders", 1)
	produce(t, newClient(t, plaintext(l.source)), numbered("orders", 1, 0, 5)...)
	caughtUp(t, l.copier, "dr-orders")
	if read := readAll(t, plaintext(l.destination), "dr-orders"); len(read[0]) != 5 {
		t.Errorf("read %v", read)
	}
}

func TestMirrorThatCannotFollow(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.source.mustCreate(t, 1, "ahead", "gone")
	l.destination.mustCreate(t, 1, "ahead", "gone")
	produce(t, newClient(t, plaintext(l.destination)), numbered("ahead", 1, 0, 3)...)
	for _, name := range []string{"ahead", "gone"} {
		l.copier.Add(name, name, 1)
	}
	if err := l.destination.DeleteTopic(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ahead", "gone"} {
		eventually(t, func() error {
			if p := l.copier.Progress(name); p.Err == nil || p.Err.Kind != KindUnknown {
				return fmt.Errorf("%s: %+v", name, p)
			}
			return nil
		})
	}
	// Once the source has more than the mirror, copying goes on.
	produce(t, newClient(t, plaintext(l.source)), numbered("ahead", 1, 0, 5)...)
	caughtUp(t, l.copier, "ahead")
	if at := ends(t, l.destination, "ahead"); at[0] != 5 {
		t.Errorf("ends at %v", at)
	}
}

func TestRefreshGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 1, "orders")
	caughtUp(t, l.copier, "orders")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.copier.Refresh(ctx, "orders"); kindOf(t, err) == "" {
		t.Error("no error")
	}
	if p := l.copier.Progress("orders"); p.Err != nil {
		t.Errorf("the source is blamed: %v", p.Err)
	}
	if _, err := l.copier.Refresh(t.Context(), "nothing"); err == nil {
		t.Error("a topic that is not copied: no error")
	}
}
