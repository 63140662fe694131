package broker

import (
	"slices"
	"time"
)

// mirror is one mirror topic of a Copier, whose mu guards it.
type mirror struct {
	source, name string
	paused       bool

	id         [16]byte // of the source topic, zero until seen
	missing    bool     // the topic with that id is not there
	measured   time.Time
	partitions []partition

	// restart asks the loop to take up consuming anew, with err saying why
	// (nil: new partitions), and not before retryAt.
	restart bool
	err     *DialError
	retryAt time.Time
}

// partition holds offsets, -1 while unknown.
type partition struct {
	next    int64 // end of the mirror's log
	fetched int64 // last one fetched from the source
	start   int64 // of the source's log
	end     int64 // of the source's log
	leader  int32 // node that writes the mirror's log
}

// retryDelay keeps a topic that fails again and again from keeping the copier
// busy.
const retryDelay = 500 * time.Millisecond

func newMirror(source, name string, partitions int32) *mirror {
	m := &mirror{source: source, name: name}
	m.grow(int(partitions))
	return m
}

func (m *mirror) grow(partitions int) {
	for len(m.partitions) < partitions {
		m.partitions = append(m.partitions, partition{next: -1, fetched: -1, start: -1, end: -1, leader: -1})
	}
}

// forgetSource is for a source that is another cluster than before.
func (m *mirror) forgetSource() {
	m.id, m.missing, m.measured = [16]byte{}, false, time.Time{}
	for i := range m.partitions {
		m.partitions[i].start, m.partitions[i].end = -1, -1
	}
}

// fail makes the loop take up consuming anew after a while.
func (m *mirror) fail(err *DialError) {
	m.restart, m.err, m.retryAt = true, err, time.Now().Add(retryDelay)
}

// record stores what the source tells of its topic.
func (m *mirror) record(seen measurement) {
	m.measured = time.Now()
	m.missing = seen.missing || m.id != [16]byte{} && m.id != seen.id
	if m.missing {
		m.err = nil // whatever it was, this is why
		return
	}
	m.id = seen.id
	if len(seen.ends) > len(m.partitions) {
		m.grow(len(seen.ends))
		m.restart = true
	}
	for i := range seen.ends {
		p := &m.partitions[i]
		// Two measurements at a time may come in the wrong order.
		p.start = max(p.start, seen.starts[i])
		p.end = max(p.end, seen.ends[i])
	}
}

// placed says whether it is known where the mirror's log ends.
func (m *mirror) placed() bool {
	return !slices.ContainsFunc(m.partitions, func(p partition) bool { return p.next < 0 })
}

func (m *mirror) progress() Progress {
	p := Progress{Measured: m.measured, SourceID: m.id, SourceMissing: m.missing, Err: m.err}
	for i, part := range m.partitions {
		lag := PartitionLag{Partition: int32(i), LastSourceFetchOffset: part.fetched}
		if part.end >= 0 {
			lag.Lag = max(part.end-max(part.next, 0), 0)
		}
		p.Lags = append(p.Lags, lag)
	}
	return p
}
