package emulator

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

// promotePending finishes what promotions it can, and counts those that it could not and could.
func (l *link) promotePending(ctx context.Context) (left, finished int) {
	l.cluster.mu.Lock()
	var pending []*mirror
	for _, m := range l.cluster.mirrors {
		if m.link == l && m.state == statusPendingStopped {
			pending = append(pending, m)
		}
	}
	l.cluster.mu.Unlock()

	todo := make(chan *mirror)
	var workers sync.WaitGroup
	var promoted atomic.Int64
	for range min(promoteWorkers, len(pending)) {
		workers.Go(func() {
			for m := range todo {
				if l.promote(ctx, m) {
					promoted.Add(1)
				}
			}
		})
	}
	for _, m := range pending {
		todo <- m
	}
	close(todo)
	workers.Wait()
	finished = int(promoted.Load())
	return len(pending) - finished, finished
}

// promote stops a mirror whose source has nothing left to copy, or notes why not.
func (l *link) promote(ctx context.Context, m *mirror) bool {
	trouble := l.obstacle()
	if trouble == nil {
		progress, err := l.copier.Refresh(ctx, m.name)
		if err == nil && progress.SourceMissing {
			l.cluster.mu.Lock()
			defer l.cluster.mu.Unlock()
			m.look() // which finds it failed
			return m.state == statusFailed
		}
		if trouble = promotionTrouble(progress, err); trouble == nil {
			m.stop()
			return true
		}
	}
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	m.transition = trouble
	return false
}

// obstacle is what on the link itself keeps promotions from finishing.
func (l *link) obstacle() []taskError {
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	switch {
	case enabled(l.settings, settingPaused):
		return []taskError{{"INVALID_REQUEST_ERROR", fmt.Sprintf("Cluster link '%s' is paused.", l.name)}}
	case l.remote != nil:
		return nil
	case l.refused():
		return []taskError{{"AUTHENTICATION_ERROR", l.err.Error()}}
	default:
		return []taskError{{"INTERNAL_ERROR", fmt.Sprintf("The source cluster is not available: %v", l.err)}}
	}
}

func promotionTrouble(progress broker.Progress, err error) []taskError {
	if err == nil && progress.Err != nil {
		err = progress.Err
	}
	if err != nil {
		return []taskError{{"INTERNAL_ERROR", fmt.Sprintf("The source cluster did not answer: %v", err)}}
	}
	var lagging []string
	for _, p := range progress.Lags {
		if p.Lag != 0 {
			lagging = append(lagging, fmt.Sprintf("partition %d by %d", p.Partition, p.Lag))
		}
	}
	if lagging == nil {
		return nil
	}
	return []taskError{{"INTERNAL_ERROR", "The mirror topic lags behind: " + strings.Join(lagging, ", ")}}
}

// stop makes a mirror an ordinary, writable topic.
func (m *mirror) stop() {
	c := m.link.cluster
	lags := m.link.copier.Progress(m.name).Lags
	m.link.copier.Remove(m.name)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mirrors[m.name] != m || m.state == statusStopped {
		return
	}
	c.broker.SetReadOnly(m.name, false)
	m.state, m.lags, m.transition = statusStopped, lags, nil
}

// autoCreate mirrors the topics of the source that the link's filters select.
func (l *link) autoCreate(ctx context.Context) {
	l.cluster.mu.Lock()
	wanted := l.copier != nil && enabled(l.settings, settingAutoCreate) && !enabled(l.settings, settingPaused)
	remote, prefix, filters := l.remote, l.settings[settingPrefix], topicFilters(l.settings[settingAutoFilters])
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
			c.forget(m)
		}
	}
}

// forget makes a mirror no mirror any more, whose topic is gone.
func (c *Cluster) forget(m *mirror) {
	m.link.copier.Remove(m.name)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mirrors[m.name] == m {
		delete(c.mirrors, m.name)
		c.broker.SetReadOnly(m.name, false)
	}
}
