package emulator

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

// rewriteTimeout bounds the truncation of a topic.
const rewriteTimeout = 30 * time.Second

// parting is where a mirror that was stopped and its source topic went separate ways.
type parting struct {
	source [16]byte // id of the source topic, zero if nothing was read of it
	ends   []int64  // of the mirror's partitions
}

// restore is what a topic is to be made of.
type restore struct {
	stopped *mirror  // the mirror that becomes the source
	source  [16]byte // its topic's id
	ends    []int64  // of the topic's partitions, after truncation
}

// truncation says what is cut off a partition.
type truncation struct {
	PartitionID       int32 `json:"partition_id"`
	OffsetTruncatedTo int64 `json:"offset_truncated_to"`
	MessagesTruncated int64 `json:"messages_truncated"`
}

// part finds where a mirror that is no longer copied ends; nil unless its source could come back over the link.
func (m *mirror) part(progress broker.Progress) *parting {
	if m.link.mode != modeBidirectional {
		return nil
	}
	ends, err := m.link.cluster.broker.LogEnds(m.link.cluster.ctx, m.name)
	if err != nil {
		return nil
	}
	return &parting{progress.SourceID, ends}
}

// restorable tells whether a mirror that is about to stop holds what its source has held up to some offsets, and is
// not that source's source from now on; cluster.mu is held.
func (m *mirror) restorable() bool {
	switch m.state {
	case statusActive, statusPaused, statusPendingStopped:
		return true
	case statusPendingSynchronize:
		return m.reversal != nil
	default:
		return false
	}
}

// restoreMirror makes a topic a mirror of the mirror topic that it was once the source of, and that was promoted or
// failed over. As Confluent's description of REST v3 has it, the call goes to the cluster with the former source
// ("truncates the local topic to the remote stopped mirror log end offsets"), whose records from these offsets on
// are lost.
//
// What the description leaves open: the topic refuses producers from the call on, so that the numbers in the verdict
// are exact; they count offsets. Stopping by a reversal leaves nothing to restore, and a topic that was deleted and
// created anew is refused.
func (l *link) restoreMirror(name string, o alterOptions, v *verdict) verdictError {
	c := l.cluster
	if !c.reserve(topicKey(name)) {
		return verdictError{codeRetriable, "Topic '" + name + "' is being changed."}
	}
	defer c.release(topicKey(name))
	other, refusal := l.counterpart()
	if refusal.code != 0 {
		return refusal
	}
	stopped, at, refusal := other.partedFrom(name)
	if refusal.code != 0 {
		return refusal
	}
	cuts, refusal := c.cuts(name, at)
	if refusal.code != 0 {
		return refusal
	}
	source, err := other.cluster.broker.TopicID(c.ctx, stopped.name)
	if err != nil {
		return verdictError{codeRetriable, err.Error()}
	}
	m := l.newMirror(name, stopped.name, len(cuts), statusPendingSetup)
	m.restore = &restore{stopped, source, at.ends[:len(cuts)]}
	if refusal = l.beginRestore(m, o.validateOnly); refusal.code != 0 {
		return refusal
	}
	if !o.validateOnly { // now that nobody writes any more
		if exact, refusal := c.cuts(name, at); refusal.code == 0 {
			cuts = exact
		}
	}
	v.tell(cuts, o.partitions)
	return verdictError{}
}

// partedFrom finds the stopped mirror of a topic of the other cluster.
func (l *link) partedFrom(source string) (*mirror, parting, verdictError) {
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	m := l.cluster.mirrors[source]
	switch {
	case m == nil || m.link != l || m.source != source:
		return nil, parting{}, refused("The remote cluster has no mirror topic of topic '%s' on cluster link '%s'.", source, l.name)
	case m.state != statusStopped:
		return nil, parting{}, refused("The mirror of topic '%s' on the remote cluster has not stopped.", source)
	case m.parting == nil:
		return nil, parting{}, refused("The mirror of topic '%s' on the remote cluster did not stop in a way that can be restored.", source)
	}
	return m, *m.parting, verdictError{}
}

// cuts finds what a topic has beyond a parting.
func (c *Cluster) cuts(name string, at parting) ([]truncation, verdictError) {
	ends, err := c.broker.LogEnds(c.ctx, name)
	if errors.Is(err, broker.ErrNoTopic) {
		return nil, verdictError{codeUnknownTopic, unknownTopic().Message}
	}
	id, idErr := c.broker.TopicID(c.ctx, name)
	switch {
	case errors.Join(err, idErr) != nil:
		return nil, verdictError{codeRetriable, errors.Join(err, idErr).Error()}
	case at.source != [16]byte{} && at.source != id:
		return nil, refused("Topic '%s' is not the one that was mirrored.", name)
	case len(ends) > len(at.ends):
		return nil, refused("Topic '%s' has more partitions than its mirror.", name)
	}
	cuts := make([]truncation, len(ends))
	for i, end := range ends {
		to := min(end, at.ends[i])
		cuts[i] = truncation{int32(i), to, end - to}
	}
	return cuts, verdictError{}
}

// beginRestore lets a topic be a mirror that waits for its truncation.
func (l *link) beginRestore(m *mirror, validateOnly bool) verdictError {
	c := l.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	switch present := c.mirrors[m.name]; {
	case c.links[l.name] != l:
		return verdictError{http.StatusNotFound, linkNotFound(l.name).Message}
	case present != nil && present.state != statusStopped:
		return refused("Topic '%s' is a mirror topic already.", m.name)
	case validateOnly:
		return verdictError{}
	}
	c.mirrors[m.name] = m
	c.broker.SetReadOnly(m.name, true)
	return verdictError{}
}

// setUpRestore goes on to the truncation when the link is well and the topic to be mirrored is there.
func (m *mirror) setUpRestore(ctx context.Context) bool {
	c := m.link.cluster
	trouble := m.link.obstacle()
	if trouble == nil {
		_, _, err := m.link.describeSource(ctx, m.source)
		var missing *apiError
		switch {
		case errors.As(err, &missing) && missing.Code == codeUnknownTopic:
			c.mu.Lock()
			defer c.mu.Unlock()
			if m.state == statusPendingSetup {
				m.enter(statusFailed)
			}
			return true
		case err != nil:
			trouble = []taskError{{"INTERNAL_ERROR", err.Error()}}
		}
	}
	if trouble != nil {
		m.note(trouble)
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.state == statusPendingSetup {
		m.enter(statusPendingRestore)
	}
	return false
}

// finishRestore truncates the topic and begins to copy to it.
func (m *mirror) finishRestore(ctx context.Context) bool {
	c := m.link.cluster
	if !c.reserve(topicKey(m.name)) {
		return false
	}
	defer c.release(topicKey(m.name))
	c.rewriting.Lock()
	defer c.rewriting.Unlock()
	c.mu.Lock()
	plan := m.restore
	ours := c.mirrors[m.name] == m && m.state == statusPendingRestore
	c.mu.Unlock()
	if !ours {
		return true
	}
	// Once begun it must come to its end, whatever becomes of the link.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rewriteTimeout)
	defer cancel()
	if _, err := c.broker.Truncate(ctx, m.name, plan.ends); err != nil {
		m.note([]taskError{{"INTERNAL_ERROR", err.Error()}})
		return false
	}
	plan.stopped.becomeSource()
	c.mu.Lock()
	defer c.mu.Unlock()
	m.enter(statusActive)
	m.restore = nil
	m.link.copier.AddAgain(m.source, plan.source, m.name, int32(m.partitions), false)
	return true
}

// becomeSource takes from a stopped mirror that its source could be restored from it, since now it has been.
func (m *mirror) becomeSource() {
	m.link.cluster.mu.Lock()
	defer m.link.cluster.mu.Unlock()
	m.parting = nil
}

// restorableFrom lists the topics of the other cluster that could be restored, by name.
func (l *link) restorableFrom() []string {
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	var names []string
	for _, m := range l.cluster.mirrorsOf(l) {
		if m.state == statusStopped && m.parting != nil && m.source == m.name {
			names = append(names, m.name)
		}
	}
	return names
}
