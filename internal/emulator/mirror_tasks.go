package emulator

import (
	"context"
	"errors"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

// autoCreate mirrors the topics of the source that the link's filters select. A bidirectional link leaves out those
// that are mirror topics themselves, which would come back.
func (l *link) autoCreate(ctx context.Context) {
	l.cluster.mu.Lock()
	wanted := l.copier != nil && enabled(l.settings, settingAutoCreate) && !enabled(l.settings, settingPaused)
	remote, origin := l.remote, l.origin
	prefix, filters := l.settings[settingPrefix], topicFilters(l.settings[settingAutoFilters])
	l.cluster.mu.Unlock()
	if !wanted || remote == nil || len(filters) == 0 {
		return
	}
	topics, err := remote.Topics(ctx)
	if err != nil {
		return // connect sees it too
	}
	for _, topic := range topics {
		if topic.Internal || !selects(filters, topic.Name) || l.cluster.hasMirror(prefix+topic.Name) {
			continue
		}
		if l.mode == modeBidirectional && origin != nil && origin.hasMirror(topic.Name) {
			continue
		}
		// A topic that is there already, or that went meanwhile, is left alone.
		_ = l.addMirror(ctx, mirrorSpec{source: topic.Name, name: prefix + topic.Name, replicationFactor: -1})
	}
}

func (c *Cluster) hasMirror(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mirrors[name] != nil
}

// forgetDeleted forgets mirrors whose topics somebody deleted with a Kafka client.
func (l *link) forgetDeleted(ctx context.Context) {
	c := l.cluster
	c.mu.Lock()
	before := c.mirrorsOf(l)
	c.mu.Unlock()
	if len(before) == 0 {
		return
	}
	topics, err := c.broker.Topics(ctx)
	if err != nil {
		return
	}
	there := make(map[string]bool, len(topics))
	for _, topic := range topics {
		there[topic.Name] = true
	}
	for _, m := range before {
		if !there[m.name] {
			c.forget(ctx, m)
		}
	}
}

// forget makes a mirror no mirror any more, if its topic is gone for good.
func (c *Cluster) forget(ctx context.Context, m *mirror) {
	if !c.reserve(topicKey(m.name)) {
		return // it is being truncated, or deleted
	}
	defer c.release(topicKey(m.name))
	if _, err := c.broker.Topic(ctx, m.name); !errors.Is(err, broker.ErrNoTopic) {
		return
	}
	c.detach(m)
	c.broker.SetReadOnly(m.name, false)
}

// detach forgets a mirror whose topic is going or gone.
func (c *Cluster) detach(m *mirror) {
	m.link.copier.Remove(m.name)
	c.mu.Lock()
	if c.mirrors[m.name] == m {
		delete(c.mirrors, m.name)
	}
	pending := m.reversal
	c.mu.Unlock()
	pending.cancel()
}
