package emulator

import (
	"context"
	"fmt"
	"net/http"
)

// reversal is the exchange of roles between a mirror, which has it, and its source topic. Until it is through, that
// topic is read-only and PENDING_MIRROR.
type reversal struct {
	former *mirror // of the former source topic, on its own cluster
	before *mirror // what that topic had instead: nil, or a mirror that is stopped
	pause  bool    // begin paused
}

// counterpart finds the other end of a bidirectional link, on the cluster that this end is connected to. What needs
// it is refused on links with a prefix, as topics would need another name on the way back.
func (l *link) counterpart() (*link, verdictError) {
	if refusal := l.oneWay(); refusal.code != 0 {
		return nil, refusal
	}
	l.cluster.mu.Lock()
	origin, refusal := l.origin, l.refusal()
	l.cluster.mu.Unlock()
	if refusal != nil {
		return nil, verdictError{refusal.Code, refusal.Message}
	}
	other := origin.linkFrom(l)
	if other == nil {
		return nil, refused("The remote cluster does not have a bidirectional link named '%s' to this cluster.", l.name)
	}
	return other, other.oneWay()
}

func (l *link) oneWay() verdictError {
	switch {
	case l.mode != modeBidirectional:
		return refused("Cluster link '%s' is not bidirectional.", l.name)
	case l.setting(settingPrefix) != "":
		return refused("The operation is not supported on cluster link '%s', which has a prefix.", l.name)
	}
	return verdictError{}
}

// linkFrom returns the end of a bidirectional link whose other end is given, nil if there is none.
func (c *Cluster) linkFrom(other *link) *link {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.links[other.name]
	if !l.visible() || l.mode != modeBidirectional || l.remoteID != "" && l.remoteID != other.cluster.ID() {
		return nil
	}
	return l
}

func refused(format string, args ...any) verdictError {
	return verdictError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// reverse makes a mirror change roles with its source topic. As Confluent's description of REST v3 has it, the call
// goes to the cluster with the mirror ("reverse the local mirror topic"), and the remote topic is then started or
// paused as a mirror.
//
// What the description leaves open is chosen so that no record is lost: the source topic refuses producers from the
// call on (PENDING_MIRROR), and the mirror (PENDING_SYNCHRONIZE) becomes writable, STOPPED, once it has everything. A
// paused mirror copies again for that. Failover of either topic calls the exchange off, as does the end of either
// half of the link.
func (m *mirror) reverse(pause, validateOnly bool) verdictError {
	c := m.link.cluster
	c.mu.Lock()
	refusal := m.refuses(verbReverseAndStart)
	c.mu.Unlock()
	if refusal.code != 0 {
		return refusal
	}
	other, refusal := m.link.counterpart()
	if refusal.code != 0 {
		return refusal
	}
	pending, refusal := other.expect(m, pause, validateOnly)
	if refusal.code != 0 || validateOnly {
		return refusal
	}
	c.mu.Lock()
	if refusal = m.refuses(verbReverseAndStart); refusal.code == 0 {
		m.enter(statusPendingSynchronize)
		m.reversal = pending
	}
	c.mu.Unlock()
	if refusal.code != 0 {
		pending.cancel()
		return refusal
	}
	m.link.copier.Resume(m.name)
	return refusal
}

// expect makes the source topic of a mirror, which is on the cluster of this end of the link, wait for its new role.
func (l *link) expect(m *mirror, pause, validateOnly bool) (*reversal, verdictError) {
	c := l.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.mirrors[m.source]
	switch {
	case c.links[l.name] != l:
		return nil, refused("Cluster link '%s' does not exist on the remote cluster.", l.name)
	case before != nil && before.state != statusStopped:
		return nil, refused("Topic '%s' of the remote cluster is a mirror topic itself.", m.source)
	case validateOnly:
		return nil, verdictError{}
	}
	former := l.newMirror(m.source, m.name, m.partitions, statusPendingMirror)
	c.mirrors[former.name] = former
	c.broker.SetReadOnly(former.name, true)
	return &reversal{former, before, pause}, verdictError{}
}

// finishReversal ends a reversal when the mirror has everything, or when the other topic is no longer part of it.
func (m *mirror) finishReversal(ctx context.Context) bool {
	c := m.link.cluster
	c.mu.Lock()
	pending := m.reversal
	c.mu.Unlock()
	if !pending.waiting() {
		return m.callOff(pending)
	}
	caughtUp, failed := m.caughtUp(ctx)
	if failed {
		pending.cancel()
	}
	if !caughtUp {
		return failed
	}
	id, err := c.broker.TopicID(ctx, m.name)
	if err != nil {
		return false // the topic is being deleted
	}
	// From here on nobody else can cancel it.
	c.mu.Lock()
	ours := m.state == statusPendingSynchronize && m.reversal == pending
	if ours {
		m.reversal = nil
	}
	c.mu.Unlock()
	if !ours {
		return true
	}
	if !pending.complete(id) {
		return m.callOff(nil)
	}
	m.stop()
	return true
}

// callOff makes a mirror that was about to be reversed an ordinary one again.
func (m *mirror) callOff(pending *reversal) bool {
	c := m.link.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.state == statusPendingSynchronize && m.reversal == pending {
		m.enter(statusActive)
		m.reversal = nil
	}
	return true
}

// waiting tells whether the former source topic is still to become a mirror.
func (r *reversal) waiting() bool {
	if r == nil {
		return false
	}
	c := r.former.link.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	return r.stillWaiting()
}

// stillWaiting is waiting with cluster.mu of the former source topic held.
func (r *reversal) stillWaiting() bool {
	return r.former.link.cluster.mirrors[r.former.name] == r.former && r.former.state == statusPendingMirror
}

// complete makes the former source topic a mirror of the topic with an id, before that one can be written to.
func (r *reversal) complete(id [16]byte) bool {
	m, l := r.former, r.former.link
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	if !r.stillWaiting() {
		return false
	}
	if r.pause {
		m.enter(statusPaused)
	} else {
		m.enter(statusActive)
	}
	l.copier.AddAgain(m.source, id, m.name, int32(m.partitions), r.pause)
	return true
}

// cancel makes the former source topic what it was before, if it still waits. There may be no reversal.
func (r *reversal) cancel() {
	if r == nil {
		return
	}
	c := r.former.link.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if !r.stillWaiting() {
		return
	}
	delete(c.mirrors, r.former.name)
	if r.before != nil && c.links[r.before.link.name] == r.before.link {
		c.mirrors[r.before.name] = r.before
	}
	c.broker.SetReadOnly(r.former.name, false)
}
