package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// copyPause between polls gathers a trickle of records on thousands of
	// topics, which would else keep a core busy.
	copyPause = 100 * time.Millisecond
	// maxPoll is the most records written at a time: how long Remove waits.
	maxPoll = 10_000
	// measurePause between measurements; more where they take long, so that
	// they take at most a part of the time, 1/measureShare.
	measurePause    = time.Second
	maxMeasurePause = 10 * time.Second
	measureShare    = 50
)

// source is a Copier's connection to the cluster it copies from: a consumer,
// which one loop moves along, and another loop that measures.
type source struct {
	copier *Copier
	remote *Remote
	client *kgo.Client // the consumer
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	consuming map[string]*mirror // by source topic; of the copying loop only
	err       *DialError         // guarded by copier.mu
}

func newSource(c *Copier, r *Remote) *source {
	s := &source{copier: c, remote: r, consuming: make(map[string]*mirror)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

func (s *source) start() {
	client, err := s.remote.settings.newClient(
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
	)
	if err != nil { // cannot be: Dial made one with these settings
		s.setErr(&DialError{Kind: KindConfig, Message: err.Error()})
		return
	}
	s.client = client
	s.wg.Go(func() {
		for s.copySome() {
		}
	})
	s.wg.Go(func() {
		for s.measureAll() {
		}
	})
}

// stop returns when both loops have ended.
func (s *source) stop() {
	s.cancel()
	if s.client != nil {
		s.client.Close()
	}
	s.wg.Wait()
}

// sleep reports false when the source was stopped.
func (s *source) sleep(d time.Duration) bool {
	select {
	case <-s.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (s *source) setErr(err *DialError) {
	s.copier.mu.Lock()
	defer s.copier.mu.Unlock()
	if s.ctx.Err() == nil {
		s.err = err
	}
}

// copySome is one turn of the copying loop.
func (s *source) copySome() bool {
	s.release()
	s.attach()
	var atOnce context.Context // nil: no waiting, only what is there
	fetches := s.client.PollRecords(atOnce, maxPoll)
	s.write(fetches)
	if fetches.NumRecords() == maxPoll {
		return s.ctx.Err() == nil
	}
	return s.sleep(copyPause)
}

// wanted says whether m is to be consumed; with copier.mu held.
func (s *source) wanted(m *mirror) bool {
	return s.copier.mirrors[m.name] == m && !m.paused && !m.missing && !m.restart
}

// release gives up topics that are not to be consumed, or to be taken up anew.
func (s *source) release() {
	var topics []string
	s.copier.mu.Lock()
	for topic, m := range s.consuming {
		if !s.wanted(m) {
			topics = append(topics, topic)
			m.restart = false
			delete(s.consuming, topic)
		}
	}
	s.copier.mu.Unlock()
	s.client.PurgeTopicsFromConsuming(topics...)
}

// attach begins to consume topics that are to be consumed and are not yet,
// each partition where the mirror's log ends.
func (s *source) attach() {
	c := s.copier
	var idle []*mirror
	c.mu.Lock()
	now := time.Now()
	for _, m := range c.mirrors {
		if s.consuming[m.source] == nil && !m.paused && now.After(m.retryAt) {
			m.retryAt = now.Add(retryDelay) // in case this time it is in vain
			idle = append(idle, m)
		}
	}
	c.mu.Unlock()
	if len(idle) == 0 || s.measure(s.ctx, idle) != nil {
		return
	}
	s.client.AddConsumePartitions(s.takeUp(idle))
}

// takeUp makes mirror topics ready and returns where to go on.
func (s *source) takeUp(mirrors []*mirror) map[string]map[int32]kgo.Offset {
	c := s.copier
	c.writing.Lock()
	defer c.writing.Unlock()
	var targets []*target
	c.mu.Lock()
	for _, m := range mirrors {
		m.restart = false
		if s.wanted(m) && s.consuming[m.source] == nil {
			s.consuming[m.source] = m
			targets = append(targets, &target{mirror: m, topic: m.name, partitions: slices.Clone(m.partitions)})
		}
	}
	c.mu.Unlock()
	// Not to be interrupted half way, as a write.
	c.dst.takeUp(context.WithoutCancel(s.ctx), targets)

	offsets := make(map[string]map[int32]kgo.Offset, len(targets))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range targets {
		m := t.mirror
		if t.err != nil {
			delete(s.consuming, m.source)
			m.fail(&DialError{Kind: KindUnknown, Message: fmt.Sprintf("mirror topic %q: %v", m.name, t.err)})
			continue
		}
		m.err = nil
		at := make(map[int32]kgo.Offset, len(t.partitions))
		for i, p := range t.partitions {
			m.partitions[i].next, m.partitions[i].leader = p.next, p.leader
			at[int32(i)] = kgo.NewOffset().At(p.next)
		}
		offsets[m.source] = at
	}
	return offsets
}

// write writes what was fetched to the mirrors that are still wanted.
func (s *source) write(fetches kgo.Fetches) {
	c := s.copier
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	runs := s.plan(fetches)
	c.mu.Unlock()
	if len(runs) == 0 {
		return
	}
	// A write that has begun goes on when the source is stopped meanwhile.
	c.dst.write(context.WithoutCancel(s.ctx), runs)

	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range runs {
		p := &r.mirror.partitions[r.partition]
		p.next = r.next
		p.end = max(p.end, p.next)
		if r.err != nil {
			r.mirror.fail(&DialError{Kind: KindUnknown, Message: fmt.Sprintf("write partition %d: %v", r.partition, r.err)})
		}
	}
}

// plan makes one run of all that was fetched of a partition, and notes errors;
// with copier.mu held.
func (s *source) plan(fetches kgo.Fetches) []*run {
	var runs []*run
	planned := make(map[topicPartition]*run)
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		m := s.consuming[f.Topic]
		if m == nil || !s.wanted(m) || int(f.Partition) >= len(m.partitions) || m.partitions[f.Partition].next < 0 {
			return
		}
		if f.Err != nil {
			m.fail(s.fetchError(f.Err))
			return
		}
		p := &m.partitions[f.Partition]
		p.end = max(p.end, f.HighWatermark)
		if len(f.Records) == 0 {
			return
		}
		p.fetched = f.Records[len(f.Records)-1].Offset
		at := topicPartition{f.Topic, f.Partition}
		if r := planned[at]; r != nil { // fetched from two nodes, as the leader moved
			r.records = append(r.records, f.Records...)
			slices.SortStableFunc(r.records, func(x, y *kgo.Record) int { return cmp.Compare(x.Offset, y.Offset) })
			return
		}
		planned[at] = &run{mirror: m, topic: m.name, partition: f.Partition, leader: p.leader, next: p.next, records: f.Records}
		runs = append(runs, planned[at])
	})
	return runs
}

// fetchError is the error of a topic that cannot be read; nil where it only has
// to be taken up anew, as when the source's log no longer has what comes next.
func (s *source) fetchError(err error) *DialError {
	if errors.Is(err, kerr.OffsetOutOfRange) || errors.Is(err, kgo.ErrClientClosed) || errors.Is(err, context.Canceled) {
		return nil
	}
	return dialError(err, s.remote.settings.sasl != nil)
}
