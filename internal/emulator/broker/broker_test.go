package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

func TestTopics(t *testing.T) {
	t.Parallel()
	b := start(t, Config{Brokers: 2})
	ctx := t.Context()
	configs := map[string]*string{"cleanup.policy": kadm.StringPtr("compact"), "retention.ms": nil}
	if err := b.CreateTopic(ctx, "orders", 3, 2, configs); err != nil {
		t.Fatal(err)
	}
	b.mustCreate(t, 1, "a")
	if err := b.CreateTopic(ctx, "orders", 3, 2, nil); !errors.Is(err, ErrTopicExists) {
		t.Errorf("again: %v", err)
	}
	if err := b.CreateTopic(ctx, "wide", 1, 3, nil); err == nil {
		t.Error("more replicas than brokers: no error")
	}
	topics, err := b.Topics(ctx)
	if want := []Topic{{Name: "a", Partitions: 1, ReplicationFactor: 1}, {Name: "orders", Partitions: 3, ReplicationFactor: 2}}; err != nil || !slices.Equal(topics, want) {
		t.Errorf("topics %+v, %v", topics, err)
	}
	if topic, err := b.Topic(ctx, "orders"); err != nil || topic != topics[1] {
		t.Errorf("topic %+v, %v", topic, err)
	}
	if err := b.DeleteTopic(ctx, "orders"); err != nil {
		t.Error(err)
	}
	_, noTopic := b.Topic(ctx, "orders")
	_, noConfigs := b.TopicConfigs(ctx, "orders")
	for _, err := range []error{noTopic, noConfigs, b.DeleteTopic(ctx, "orders"), b.AlterTopicConfigs(ctx, "orders", map[string]string{"retention.ms": "1"}, nil)} {
		if !errors.Is(err, ErrNoTopic) {
			t.Errorf("deleted: %v", err)
		}
	}
}

func TestTopicConfigs(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	if err := b.CreateTopic(t.Context(), "orders", 1, 1, map[string]*string{"retention.ms": kadm.StringPtr("1000")}); err != nil {
		t.Fatal(err)
	}
	check := func(name, value string, isDefault bool) {
		t.Helper()
		configs, err := b.TopicConfigs(t.Context(), "orders")
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(configs, func(c TopicConfig) bool { return c.Name == name })
		if i < 0 || configs[i].Value == nil || *configs[i].Value != value || configs[i].Default != isDefault {
			t.Errorf("%s: %+v, want %s", name, configs, value)
		}
	}
	check("retention.ms", "1000", false)
	check("cleanup.policy", "delete", true)
	if err := b.AlterTopicConfigs(t.Context(), "orders", map[string]string{"cleanup.policy": "compact"}, []string{"retention.ms"}); err != nil {
		t.Fatal(err)
	}
	check("retention.ms", "604800000", true)
	check("cleanup.policy", "compact", false)
}

// Not parallel: it looks at all goroutines of the process.
func TestCloseLeavesNothingBehind(t *testing.T) {
	source, err := Start(Config{Users: map[string]string{"link": "pw"}})
	if err != nil {
		t.Fatal(err)
	}
	destination, err := Start(Config{Brokers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []*Broker{source, destination} {
		b.mustCreate(t, 2, "orders", "lost")
	}
	remote, err := Dial(t.Context(), scramSettings(source, "link", "pw"))
	if err != nil {
		t.Fatal(err)
	}
	copier := NewCopier(destination)
	copier.SetRemote(remote)
	copier.Add("orders", "orders", 2)
	copier.Add("missing", "lost", 2)
	client := newClient(t, scramSettings(source, "link", "pw"))
	produce(t, client, numbered("orders", 2, 0, 100)...)
	caughtUp(t, copier, "orders")
	source.Outage()

	copier.Close()
	copier.Close()
	remote.Close()
	client.Close()
	source.Close()
	destination.Close()
	destination.Close()

	eventually(t, func() error {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for _, stack := range bytes.Split(stacks, []byte("\n\n")) {
			if bytes.Contains(stack, []byte("franz-go")) || bytes.Contains(stack, []byte("emulator/broker.(")) {
				return fmt.Errorf("still runs:\n%s", stack)
			}
		}
		return nil
	})
	callClosed(t, source, remote, copier)
}

// callClosed calls what is left of a closed link: nothing may block.
func callClosed(t *testing.T, b *Broker, r *Remote, c *Copier) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	began := time.Now()
	_, listing := b.Topics(ctx)
	_, describing := b.Topic(ctx, "orders")
	_, configs := b.TopicConfigs(ctx, "orders")
	for _, err := range []error{listing, describing, configs, b.CreateTopic(ctx, "x", 1, 1, nil), b.DeleteTopic(ctx, "orders"),
		b.AlterTopicConfigs(ctx, "orders", nil, []string{"retention.ms"}), b.Restore()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("closed broker: %v", err)
		}
	}
	b.SetReadOnly("orders", true)
	b.SetPassword("link", "x")
	b.Outage()
	if _, err := r.Topics(ctx); kindOf(t, err) != KindUnknown {
		t.Errorf("closed remote: %v", err)
	}
	c.Add("a", "b", 1)
	c.SetRemote(r)
	c.Pause("orders")
	c.Resume("orders")
	c.Remove("orders")
	if p := c.Progress("b"); p.Lags != nil {
		t.Errorf("closed copier: %+v", p)
	}
	if _, err := c.Refresh(ctx, "lost"); err == nil {
		t.Error("closed copier: no error")
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// Closing in the wrong order is no deadlock either.
func TestCloseTheDestinationFirst(t *testing.T) {
	t.Parallel()
	l := newLink(t, Config{}, plaintext)
	l.mirror(t, 1, "orders")
	stop := trickle(t, newClient(t, plaintext(l.source)), "orders", 1)
	l.fetched(t, "orders", 5)
	l.destination.Close()
	eventually(t, func() error {
		if p := l.copier.Progress("orders"); p.Err == nil {
			return fmt.Errorf("%+v", p)
		}
		return nil
	})
	stop()
	l.copier.Remove("orders")
	l.copier.Close()
}

func TestAddressStaysTheSame(t *testing.T) {
	t.Parallel()
	b := start(t, Config{})
	addr := b.Addr()
	for range 5 {
		b.Outage()
		b.Outage()
		if err := errors.Join(b.Restore(), b.Restore()); err != nil {
			t.Fatal(err)
		}
		dial(t, plaintext(b))
	}
	if b.Addr() != addr {
		t.Errorf("%s, not %s", b.Addr(), addr)
	}
}

func TestRestoreWaitsForItsPort(t *testing.T) {
	t.Parallel()
	b := start(t, Config{ClusterID: "lkc-1"})
	b.Outage()
	other, err := net.Listen("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(200*time.Millisecond, func() { _ = other.Close() })
	if err := b.Restore(); err != nil {
		t.Error(err)
	}
}
