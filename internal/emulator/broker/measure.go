package broker

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// measurement is what the source tells of one topic.
type measurement struct {
	missing bool
	id      [16]byte
	starts  []int64 // of the partitions' logs
	ends    []int64
}

// measureAll is one turn of the measuring loop.
func (s *source) measureAll() bool {
	began := time.Now()
	s.copier.mu.Lock()
	mirrors := make([]*mirror, 0, len(s.copier.mirrors))
	for _, m := range s.copier.mirrors {
		mirrors = append(mirrors, m)
	}
	s.copier.mu.Unlock()
	pause := measurePause
	if s.measure(s.ctx, mirrors) == nil {
		pause = min(max(pause, time.Since(began)*measureShare), maxMeasurePause)
	}
	return s.sleep(pause)
}

// measure asks the source about the topics of some mirrors and stores what it
// tells.
func (s *source) measure(ctx context.Context, mirrors []*mirror) *DialError {
	if len(mirrors) == 0 {
		return nil
	}
	topics := make([]string, len(mirrors))
	for i, m := range mirrors {
		topics[i] = m.source
	}
	limited, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	seen, err := measureTopics(limited, s.remote.client, topics)
	if err != nil {
		failure := dialError(err, s.remote.settings.sasl != nil)
		if ctx.Err() == nil { // else it is the caller who gave up
			s.setErr(failure)
		}
		return failure
	}
	s.setErr(nil)
	s.store(mirrors, seen, s.copier.dst.endsOf(limited, s.unplaced(mirrors)))
	return nil
}

// unplaced are the mirrors of which is not known where their logs end.
func (s *source) unplaced(mirrors []*mirror) []string {
	s.copier.mu.Lock()
	defer s.copier.mu.Unlock()
	var names []string
	for _, m := range mirrors {
		if !m.placed() {
			names = append(names, m.name)
		}
	}
	return names
}

func (s *source) store(mirrors []*mirror, seen map[string]measurement, ends map[string][]int64) {
	s.copier.mu.Lock()
	defer s.copier.mu.Unlock()
	for _, m := range mirrors {
		if topic, ok := seen[m.source]; ok {
			m.record(topic)
		}
		for i, end := range ends[m.name] {
			if i < len(m.partitions) {
				m.partitions[i].next = max(m.partitions[i].next, end)
			}
		}
	}
}

// measureTopics leaves out topics that change while it looks.
func measureTopics(ctx context.Context, client *kgo.Client, topics []string) (map[string]measurement, error) {
	_, found, err := askMetadata(ctx, client, topics)
	if err != nil {
		return nil, err
	}
	starts, err := listOffsets(ctx, client, found, logStarts)
	if err != nil {
		return nil, err
	}
	ends, err := listOffsets(ctx, client, found, logEnds)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]measurement, len(topics))
	for _, topic := range topics {
		metadata, exists := found[topic]
		if !exists {
			seen[topic] = measurement{missing: true}
		} else if starts[topic] != nil && ends[topic] != nil {
			seen[topic] = measurement{id: metadata.id, starts: starts[topic], ends: ends[topic]}
		}
	}
	return seen, nil
}
