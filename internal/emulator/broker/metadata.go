package broker

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topicMetadata is what a cluster's Metadata tells of one topic.
type topicMetadata struct {
	name     string
	id       [16]byte
	internal bool
	leaders  []int32 // by partition
	replicas int
}

// askMetadata asks for some topics, or for all if topics is nil, and leaves out
// those that do not exist. The requests of franz-go's admin client would be
// answered from its cache.
func askMetadata(ctx context.Context, client *kgo.Client, topics []string) (clusterID string, found map[string]topicMetadata, err error) {
	req := kmsg.NewPtrMetadataRequest()
	if topics != nil {
		req.Topics = make([]kmsg.MetadataRequestTopic, 0, len(topics))
	}
	for _, topic := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(topic)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return "", nil, err
	}
	found = make(map[string]topicMetadata, len(resp.Topics))
	for _, t := range resp.Topics {
		switch err := kerr.ErrorForCode(t.ErrorCode); {
		case err == nil:
			found[*t.Topic] = newTopicMetadata(t)
		case errors.Is(err, kerr.UnknownTopicOrPartition):
		default:
			return "", nil, err
		}
	}
	if resp.ClusterID != nil {
		clusterID = *resp.ClusterID
	}
	return clusterID, found, nil
}

func newTopicMetadata(t kmsg.MetadataResponseTopic) topicMetadata {
	m := topicMetadata{name: *t.Topic, id: t.TopicID, internal: t.IsInternal, leaders: make([]int32, len(t.Partitions))}
	for _, p := range t.Partitions {
		m.leaders[p.Partition] = p.Leader
		m.replicas = len(p.Replicas)
	}
	return m
}

// Timestamps that ask listOffsets for the ends of logs, and for their starts.
const (
	logEnds   = -1
	logStarts = -2
)

// listOffsets returns an offset for each partition of topics; nothing of
// topics that have changed since their metadata was asked.
func listOffsets(ctx context.Context, client *kgo.Client, topics map[string]topicMetadata, timestamp int64) (map[string][]int64, error) {
	requests := make(map[int32]*kmsg.ListOffsetsRequest)
	offsets := make(map[string][]int64, len(topics))
	for _, topic := range topics {
		offsets[topic.name] = make([]int64, len(topic.leaders))
		for partition, leader := range topic.leaders {
			addPartition(requests, leader, topic.name, int32(partition), timestamp)
		}
	}
	changed := make(map[string]bool)
	for leader, req := range requests {
		resp, err := req.RequestWith(ctx, client.Broker(int(leader)))
		if err != nil {
			return nil, err
		}
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode != 0 {
					changed[t.Topic] = true
				}
				offsets[t.Topic][p.Partition] = p.Offset
			}
		}
	}
	for topic := range changed {
		delete(offsets, topic)
	}
	return offsets, nil
}

// addPartition asks for a partition in the request to its leader.
func addPartition(requests map[int32]*kmsg.ListOffsetsRequest, leader int32, topic string, partition int32, timestamp int64) {
	req := requests[leader]
	if req == nil {
		req = kmsg.NewPtrListOffsetsRequest()
		req.ReplicaID = -1
		requests[leader] = req
	}
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = partition, timestamp
	if last := len(req.Topics) - 1; last >= 0 && req.Topics[last].Topic == topic {
		req.Topics[last].Partitions = append(req.Topics[last].Partitions, p)
		return
	}
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
}
