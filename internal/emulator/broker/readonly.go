package broker

import (
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// copierTimeout is the timeout in the copier's Produce requests, by which they
// are told from those of ordinary producers: the hook that refuses these sees
// the request and nothing else.
const copierTimeout = 1_987_653 * time.Millisecond

var errReadOnly = &kerr.Error{
	Message:     "the topic is a mirror topic and read-only",
	Code:        kerr.InvalidRequest.Code,
	Description: kerr.InvalidRequest.Description,
}

// versions keeps Produce at the last version that names topics: from 13 on
// requests have topic ids, which a hook cannot resolve.
func versions() *kversion.Versions {
	v := kversion.Tip()
	v.SetMaxKeyVersion(int16(kmsg.Produce), 12)
	return v
}

// readOnlyTopics refuses Produce requests for some topics of a cluster.
type readOnlyTopics struct {
	cluster *kfake.Cluster

	mu     sync.Mutex
	topics map[string]bool
	// pending are the refusals that the previous request was given, taken
	// back in case it did not come as far as using them.
	pending *kfake.FaultHandle
}

func guardReadOnly(cluster *kfake.Cluster) *readOnlyTopics {
	r := &readOnlyTopics{cluster: cluster, topics: make(map[string]bool)}
	cluster.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		r.judge(req.(*kmsg.ProduceRequest))
		return nil, nil, false
	})
	return r
}

// SetReadOnly makes a topic read-only for producers, or writable again. They
// are refused with INVALID_REQUEST, and nothing is written: that is no error
// that clients retry, nor one that blames the user's rights. The copier, who
// writes to mirror topics, is not refused.
func (b *Broker) SetReadOnly(topic string, readOnly bool) {
	r := b.readOnly
	r.mu.Lock()
	defer r.mu.Unlock()
	if readOnly {
		r.topics[topic] = true
	} else {
		delete(r.topics, topic)
	}
}

// judge runs in the cluster's loop, before the request is handled.
func (r *readOnlyTopics) judge(req *kmsg.ProduceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending != nil {
		r.pending.Remove()
		r.pending = nil
	}
	if len(r.topics) == 0 || req.TimeoutMillis == int32(copierTimeout.Milliseconds()) {
		return
	}
	var refusals []kfake.Fault
	for _, t := range req.Topics {
		if r.topics[t.Topic] {
			refusals = append(refusals, kfake.Fault{
				Keys:  []kmsg.Key{kmsg.Produce},
				Topic: t.Topic,
				Err:   errReadOnly,
				When:  func(other kmsg.Request) bool { return other == req },
			})
		}
	}
	if refusals != nil {
		r.pending = r.cluster.Fault(refusals...)
	}
}
