package broker

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// PartitionLag is how far a partition of a mirror topic is behind its source.
type PartitionLag struct {
	Partition int32
	// Lag is the source's end offset minus the mirror's.
	Lag int64
	// LastSourceFetchOffset is the last offset fetched, -1 before the first.
	LastSourceFetchOffset int64
}

// Progress is what a Copier knows of one mirror topic. The zero Progress is
// that of a topic which it does not copy.
type Progress struct {
	Lags []PartitionLag // by partition
	// Measured is when the source was last asked for its end offsets; until
	// then, the zero time, lags are 0 for want of better.
	Measured time.Time
	// SourceID is the id of the source topic, zero until it was measured.
	SourceID [16]byte
	// SourceMissing: the source topic does not exist, or it was deleted and
	// another one created under its name. That one is not copied.
	SourceMissing bool
	// Err says why the source cannot be reached, or this topic not be copied;
	// nil while all is well. The copier keeps trying.
	Err *DialError
}

// Copier copies topics of one Remote to one Broker: same partitions, offsets,
// timestamps, keys, values and headers. One serves a cluster link. It starts
// at the end of the mirror's log, so it can be stopped and started, by another
// Copier too, and no record is lost or doubled.
//
// It copies what a consumer with read_committed sees. Offsets that such a
// consumer never sees (compacted records, aborted transactions, transaction
// markers) are taken on the mirror by transaction markers, which are as
// invisible; a source log that starts above the mirror's end moves the start
// of the mirror's log.
//
// The mirror topic itself is the caller's, who creates it and makes it
// read-only. A source topic has at most one mirror in a Copier.
type Copier struct {
	dst *Broker

	// connecting is held by SetRemote and Close.
	connecting sync.Mutex

	// writing is held while records are written. Remove and Pause take it, so
	// that nothing is written after they returned.
	writing sync.Mutex

	// mu guards what follows, and is never held during a call to a cluster.
	mu      sync.Mutex
	mirrors map[string]*mirror // by name of the mirror topic
	source  *source            // nil: none
	cluster string             // id of the latest source's cluster
	closed  bool
}

// NewCopier makes a copier that writes to dst and has no source yet. The
// caller closes it before dst.
func NewCopier(dst *Broker) *Copier {
	return &Copier{dst: dst, mirrors: make(map[string]*mirror)}
}

// SetRemote makes r the source: at the start, and when credentials or address
// changed. Copying goes on where it was, without loss or doubling; nothing of
// the earlier source is written after SetRemote returned. With nil the source
// is lost. The copier opens further connections with the settings of r; r
// stays the caller's, to be closed after it was replaced.
func (c *Copier) SetRemote(r *Remote) {
	c.connecting.Lock()
	defer c.connecting.Unlock()
	c.setRemote(r)
}

func (c *Copier) setRemote(r *Remote) {
	c.mu.Lock()
	old := c.source
	c.source = nil
	closed := c.closed
	c.mu.Unlock()
	if old != nil {
		old.stop()
	}
	if r == nil || closed {
		return
	}
	s := newSource(c, r)
	c.mu.Lock()
	c.source = s
	if c.cluster != "" && c.cluster != r.ClusterID() {
		for _, m := range c.mirrors {
			m.forgetSource()
		}
	}
	c.cluster = r.ClusterID()
	c.mu.Unlock()
	s.start()
}

// Add begins to copy the topic source to the topic mirror, which must exist
// with that number of partitions. Partitions that the source gets later are
// created on the mirror too. Adding a mirror again begins anew.
func (c *Copier) Add(source, mirror string, partitions int32) {
	c.add(newMirror(source, mirror, partitions))
}

// AddAgain is Add for a mirror that holds records of its source topic already:
// another topic that has got its name counts as missing. Paused says whether to
// wait for Resume.
func (c *Copier) AddAgain(source string, id [16]byte, mirror string, partitions int32, paused bool) {
	m := newMirror(source, mirror, partitions)
	m.id, m.paused = id, paused
	c.add(m)
}

func (c *Copier) add(m *mirror) {
	c.mu.Lock()
	_, replaces := c.mirrors[m.name]
	c.mu.Unlock()
	if replaces {
		c.Remove(m.name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.mirrors[m.name] = m
	}
}

// Remove stops copying to the topic mirror. When it returns, no record of it
// can be written any more.
func (c *Copier) Remove(mirror string) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.mirrors, mirror)
}

// Pause stops copying until Resume; lags are still measured. When it returns,
// no record can be written any more.
func (c *Copier) Pause(mirror string) { c.setPaused(mirror, true) }

// Resume goes on after Pause, where it stopped.
func (c *Copier) Resume(mirror string) { c.setPaused(mirror, false) }

func (c *Copier) setPaused(mirror string, paused bool) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.mirrors[mirror]; m != nil {
		m.paused = paused
	}
}

// Progress tells how far a mirror topic is, as measured in the background
// every second or, with many topics, every few seconds. It asks nobody.
func (c *Copier) Progress(mirror string) Progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.mirrors[mirror]
	if m == nil {
		return Progress{}
	}
	p := m.progress()
	switch {
	case c.source == nil:
		p.Err = &DialError{Kind: KindTCPConnection, Message: "not connected to the source cluster"}
	case c.source.err != nil:
		p.Err = c.source.err
	}
	return p
}

// Refresh asks the source for its end offsets now. A lag of 0 then means that
// the mirror has all that was in the source topic at some time since the call.
// If the source cannot be reached the error is a *DialError, and Progress tells
// the state of before.
func (c *Copier) Refresh(ctx context.Context, name string) (Progress, error) {
	c.mu.Lock()
	m, s := c.mirrors[name], c.source
	c.mu.Unlock()
	if m == nil {
		return Progress{}, fmt.Errorf("%q is not copied", name)
	}
	if s != nil {
		if err := s.measure(ctx, []*mirror{m}); err != nil {
			return c.Progress(name), err
		}
	}
	p := c.Progress(name)
	if p.Err != nil {
		return p, p.Err
	}
	return p, nil
}

// Close stops copying for good; nothing is written after it returned.
func (c *Copier) Close() {
	c.connecting.Lock()
	defer c.connecting.Unlock()
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.setRemote(nil)
}
