package broker

import (
	"context"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The copier makes its Produce requests itself instead of using franz-go's
// producer, which would send a partition's next batch after one that failed.

type topicPartition struct {
	topic     string
	partition int32
}

// appended is where a batch was written.
type appended struct {
	offset int64
	err    error
}

func newProduceRequest() *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, int32(copierTimeout.Milliseconds())
	return req
}

func addBatch(req *kmsg.ProduceRequest, topic string, partition int32, batch []byte) {
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = partition, batch
	if last := len(req.Topics) - 1; last >= 0 && req.Topics[last].Topic == topic {
		req.Topics[last].Partitions = append(req.Topics[last].Partitions, p)
		return
	}
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
}

// produceTo sends a request to a node, past the guard of read-only topics.
func (b *Broker) produceTo(ctx context.Context, node int32, req *kmsg.ProduceRequest) (map[topicPartition]appended, error) {
	resp, err := req.RequestWith(ctx, b.client.Broker(int(node)))
	if err != nil {
		return nil, err
	}
	offsets := make(map[topicPartition]appended)
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			offsets[topicPartition{t.Topic, p.Partition}] = appended{p.BaseOffset, kerr.ErrorForCode(p.ErrorCode)}
		}
	}
	return offsets, nil
}

// recordSize is about what a record takes in a batch, in bytes.
func recordSize(record *kgo.Record) int {
	size := 32 + len(record.Key) + len(record.Value)
	for _, h := range record.Headers {
		size += 10 + len(h.Key) + len(h.Value)
	}
	return size
}

// encodeBatch makes a record batch of records that follow each other.
func encodeBatch(records []*kgo.Record) []byte {
	first := records[0].Timestamp.UnixMilli()
	latest := first
	size := 0
	for _, record := range records {
		size += recordSize(record)
	}
	encoded := make([]byte, 0, size)
	for i, record := range records {
		at := record.Timestamp.UnixMilli()
		latest = max(latest, at)
		encoded = appendRecord(encoded, record, at-first, int32(i))
	}
	return sealBatch(kmsg.RecordBatch{
		FirstTimestamp:  first,
		MaxTimestamp:    latest,
		LastOffsetDelta: int32(len(records) - 1),
		NumRecords:      int32(len(records)),
		ProducerID:      -1,
		ProducerEpoch:   -1,
		FirstSequence:   -1,
		Magic:           2,
		Records:         encoded,
	})
}

func appendRecord(dst []byte, record *kgo.Record, timestampDelta int64, offsetDelta int32) []byte {
	r := kmsg.Record{
		TimestampDelta64: timestampDelta,
		OffsetDelta:      offsetDelta,
		Key:              record.Key,
		Value:            record.Value,
	}
	for _, h := range record.Headers {
		r.Headers = append(r.Headers, kmsg.Header{Key: h.Key, Value: h.Value})
	}
	// The length counts what follows it: all but itself, which takes one byte
	// here as it is 0.
	r.Length = int32(len(r.AppendTo(nil)) - 1)
	return r.AppendTo(dst)
}

// sealBatch fills in length and checksum.
func sealBatch(batch kmsg.RecordBatch) []byte {
	const (
		lengthFrom = 12 // the length counts what follows it
		crcFrom    = 21 // the checksum covers what follows it
	)
	raw := batch.AppendTo(nil)
	batch.Length = int32(len(raw) - lengthFrom)
	raw = batch.AppendTo(raw[:0])
	batch.CRC = int32(crc32.Checksum(raw[crcFrom:], crc32.MakeTable(crc32.Castagnoli)))
	return batch.AppendTo(raw[:0])
}
