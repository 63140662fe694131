package broker

import (
	"context"
	"fmt"
	"math"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Bounds of what is written at once, in bytes.
const (
	maxBatch   = 900_000 // one partition: below the default of max.message.bytes
	maxProduce = 32 << 20
)

// run is what is to be written to one partition of a topic.
type run struct {
	mirror    *mirror // nil unless of a copier
	topic     string
	partition int32
	leader    int32
	next      int64         // end of the log
	records   []*kgo.Record // not written yet, in order
	err       error         // ends the run
}

// gap drops the records that no consumer sees, and tells how
// many offsets they and the records that are missing take.
func (r *run) gap() int64 {
	next := r.next
	for len(r.records) > 0 {
		record := r.records[0]
		if record.Offset >= next {
			next = record.Offset
			if !record.Attrs.IsControl() {
				break
			}
			next++
		}
		r.records = r.records[1:] // a control record, or one that is there already
	}
	return next - r.next
}

// batch takes records that follow each other, of a size for one request.
func (r *run) batch() []*kgo.Record {
	next, bytes := r.next, 0
	for i, record := range r.records {
		bytes += recordSize(record)
		if record.Offset != next || record.Attrs.IsControl() || i > 0 && bytes > maxBatch {
			return r.records[:i]
		}
		next++
	}
	return r.records
}

// write writes the runs, each to its end or to an error. Every partition gets
// one batch at a time, and none after one that failed: what is there is always
// the source's, without a hole.
func (b *Broker) write(ctx context.Context, runs []*run) {
	for len(runs) > 0 {
		var request []*run
		var unfinished []*run
		bytes := 0
		for _, r := range runs {
			if gap := r.gap(); gap > 0 {
				if r.err = b.passOver(ctx, r.topic, r.partition, gap); r.err != nil {
					continue
				}
				r.next += gap
			}
			if len(r.records) == 0 {
				continue
			}
			unfinished = append(unfinished, r)
			if bytes < maxProduce {
				request = append(request, r)
				bytes += maxBatch
			}
		}
		b.appendBatches(ctx, request)
		runs = unfinished[:0]
		for _, r := range unfinished {
			if r.err == nil {
				runs = append(runs, r)
			}
		}
	}
}

// appendBatches appends one batch of each run.
func (b *Broker) appendBatches(ctx context.Context, runs []*run) {
	byLeader := make(map[int32][]*run)
	for _, r := range runs {
		byLeader[r.leader] = append(byLeader[r.leader], r)
	}
	for leader, runs := range byLeader {
		counts := make([]int, len(runs))
		req := newProduceRequest()
		for i, r := range runs {
			batch := r.batch()
			counts[i] = len(batch)
			addBatch(req, r.topic, r.partition, encodeBatch(batch))
		}
		offsets, err := b.produceTo(ctx, leader, req)
		for i, r := range runs {
			at := offsets[topicPartition{r.topic, r.partition}]
			switch {
			case err != nil:
				r.err = err
			case at.err != nil:
				r.err = at.err
			case at.offset != r.next:
				r.err = fmt.Errorf("record %d was written at offset %d: somebody else writes to the topic", r.next, at.offset)
			default:
				r.next += int64(counts[i])
				r.records = r.records[counts[i]:]
			}
		}
	}
}

// passOver takes offsets that no consumer sees, by transaction markers: each
// takes one offset. Their producer never wrote a record.
func (b *Broker) passOver(ctx context.Context, topic string, partition int32, count int64) error {
	const (
		unknownProducer = math.MaxInt64
		atOnce          = 10_000
	)
	for ; count > 0; count -= atOnce {
		t := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
		t.Topic = topic
		for range min(count, atOnce) {
			t.Partitions = append(t.Partitions, partition)
		}
		marker := kmsg.NewWriteTxnMarkersRequestMarker()
		marker.ProducerID, marker.Committed = unknownProducer, true
		marker.Topics = append(marker.Topics, t)
		req := kmsg.NewPtrWriteTxnMarkersRequest()
		req.Markers = append(req.Markers, marker)
		if err := b.writeMarkers(ctx, req); err != nil {
			return fmt.Errorf("pass over %d offsets: %w", count, err)
		}
	}
	return nil
}

func (b *Broker) writeMarkers(ctx context.Context, req *kmsg.WriteTxnMarkersRequest) error {
	resp, err := req.RequestWith(ctx, b.client)
	if err != nil {
		return err
	}
	for _, m := range resp.Markers {
		for _, t := range m.Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
