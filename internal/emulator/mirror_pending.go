package emulator

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

// pendingWorkers is how many mirror topics of a link are led out of pending states at a time.
const pendingWorkers = 8

// transitions lead out of pending states. They report false while a mirror has to stay in one. PENDING_MIRROR is
// not among them: it is ended from the other side.
var transitions = map[string]func(*mirror, context.Context) bool{
	statusPendingStopped:     (*mirror).promote,
	statusPendingSynchronize: (*mirror).finishReversal,
	statusPendingSetup:       (*mirror).setUpRestore,
	statusPendingRestore:     (*mirror).finishRestore,
}

// SetPendingTime makes mirror topics stay in each pending status for so long at least, as on live clusters, where
// promoting, reversing and restoring take seconds to minutes. By default they take no longer than need be.
func (c *Cluster) SetPendingTime(d time.Duration) { c.pendingTime.Store(int64(d)) }

// advancePending leads mirrors out of pending states, and counts those that stay and those that came out.
func (l *link) advancePending(ctx context.Context) (left, finished int) {
	pending := l.pending()
	todo := make(chan *mirror)
	var workers sync.WaitGroup
	var done atomic.Int64
	for range min(pendingWorkers, len(pending)) {
		workers.Go(func() {
			for m := range todo {
				if m.advance(ctx) {
					done.Add(1)
				}
			}
		})
	}
	for _, m := range pending {
		todo <- m
	}
	close(todo)
	workers.Wait()
	finished = int(done.Load())
	return len(pending) - finished, finished
}

func (l *link) pending() []*mirror {
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	var pending []*mirror
	for _, m := range l.cluster.mirrors {
		if m.link == l && transitions[m.state] != nil {
			pending = append(pending, m)
		}
	}
	return pending
}

// advance takes the next step out of a pending state, unless it is too early.
func (m *mirror) advance(ctx context.Context) bool {
	c := m.link.cluster
	c.mu.Lock()
	step, age := transitions[m.state], time.Since(m.stateSince)
	c.mu.Unlock()
	switch {
	case step == nil:
		return true
	case age < time.Duration(c.pendingTime.Load()):
		return false
	default:
		return step(m, ctx)
	}
}

// promote stops a mirror whose source has nothing left to copy.
func (m *mirror) promote(ctx context.Context) bool {
	caughtUp, failed := m.caughtUp(ctx)
	if caughtUp {
		m.stop()
	}
	return caughtUp || failed
}

// caughtUp tells whether a mirror has all that its source has, or has failed because its source is gone. If
// neither, it notes why.
func (m *mirror) caughtUp(ctx context.Context) (yes, failed bool) {
	trouble := m.link.obstacle()
	if trouble == nil {
		progress, err := m.link.copier.Refresh(ctx, m.name)
		if err == nil && progress.SourceMissing {
			m.link.cluster.mu.Lock()
			defer m.link.cluster.mu.Unlock()
			m.look() // which finds it failed
			return false, m.state == statusFailed
		}
		if trouble = lagTrouble(progress, err); trouble == nil {
			return true, false
		}
	}
	m.note(trouble)
	return false, false
}

// note keeps the reason why a pending state does not end.
func (m *mirror) note(trouble []taskError) {
	m.link.cluster.mu.Lock()
	defer m.link.cluster.mu.Unlock()
	if strings.HasPrefix(m.state, "PENDING_") {
		m.transition = trouble
	}
}

// obstacle is what on the link itself keeps pending states from ending.
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

func lagTrouble(progress broker.Progress, err error) []taskError {
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
	c.rewriting.RLock()
	defer c.rewriting.RUnlock()
	progress := m.link.copier.Progress(m.name)
	m.link.copier.Remove(m.name)
	parting := m.part(progress)
	c.mu.Lock()
	pending := m.reversal
	if c.mirrors[m.name] == m && m.state != statusStopped {
		if !m.restorable() {
			parting = nil
		}
		c.broker.SetReadOnly(m.name, false)
		m.enter(statusStopped)
		m.lags, m.parting, m.reversal, m.restore = progress.Lags, parting, nil, nil
	}
	c.mu.Unlock()
	pending.cancel()
}
