package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Errors of the topic methods, for errors.Is. Others wrap Kafka's error.
var (
	ErrTopicExists = errors.New("topic already exists")
	ErrNoTopic     = errors.New("topic does not exist")
)

// Topic is what Metadata tells of a topic.
type Topic struct {
	Name              string
	Partitions        int
	ReplicationFactor int
	Internal          bool
}

// TopicConfig is one setting of a topic, as DescribeConfigs tells it.
type TopicConfig struct {
	Name      string
	Value     *string // nil: null, or sensitive
	Default   bool    // not set on the topic itself
	Sensitive bool
	// Source is Kafka's name: DYNAMIC_TOPIC_CONFIG, DEFAULT_CONFIG and so on.
	Source string
}

// CreateTopic creates a topic. Partitions and replicationFactor of -1 mean
// Kafka's defaults; a nil value in configs leaves that setting at its default.
func (b *Broker) CreateTopic(ctx context.Context, name string, partitions int32, replicationFactor int16, configs map[string]*string) error {
	set := make(map[string]*string, len(configs))
	for key, value := range configs {
		if value != nil {
			set[key] = value
		}
	}
	resp, err := b.admin.CreateTopic(ctx, partitions, replicationFactor, set, name)
	if err == nil {
		err = resp.Err
	}
	return b.topicError(name, err)
}

// DeleteTopic deletes a topic and its records. A read-only topic is, of
// course, one that can be deleted; its name is writable again afterwards.
func (b *Broker) DeleteTopic(ctx context.Context, name string) error {
	resp, err := b.admin.DeleteTopic(ctx, name)
	if err == nil {
		err = resp.Err
	}
	if err == nil {
		b.SetReadOnly(name, false)
	}
	return b.topicError(name, err)
}

// Topics lists all topics, sorted by name.
func (b *Broker) Topics(ctx context.Context) ([]Topic, error) {
	topics, err := listTopics(ctx, b.client)
	return topics, b.unlessClosed(err)
}

// Topic describes one topic.
func (b *Broker) Topic(ctx context.Context, name string) (Topic, error) {
	_, found, err := askMetadata(ctx, b.client, []string{name})
	if err == nil && len(found) == 0 {
		err = ErrNoTopic
	}
	return found[name].describe(), b.topicError(name, err)
}

// TopicID is what a topic does not share with another one that has had its
// name before.
func (b *Broker) TopicID(ctx context.Context, name string) ([16]byte, error) {
	_, found, err := askMetadata(ctx, b.client, []string{name})
	if err == nil && len(found) == 0 {
		err = ErrNoTopic
	}
	return found[name].id, b.topicError(name, err)
}

func listTopics(ctx context.Context, client *kgo.Client) ([]Topic, error) {
	_, found, err := askMetadata(ctx, client, nil)
	if err != nil {
		return nil, err
	}
	topics := make([]Topic, 0, len(found))
	for _, t := range found {
		topics = append(topics, t.describe())
	}
	slices.SortFunc(topics, func(x, y Topic) int { return strings.Compare(x.Name, y.Name) })
	return topics, nil
}

func (t topicMetadata) describe() Topic {
	return Topic{Name: t.name, Partitions: len(t.leaders), ReplicationFactor: t.replicas, Internal: t.internal}
}

// TopicConfigs lists the settings of a topic, defaults included, sorted by
// name.
func (b *Broker) TopicConfigs(ctx context.Context, name string) ([]TopicConfig, error) {
	configs, err := topicConfigs(ctx, b.admin, name)
	return configs, b.topicError(name, err)
}

func topicConfigs(ctx context.Context, admin *kadm.Client, name string) ([]TopicConfig, error) {
	resources, err := admin.DescribeTopicConfigs(ctx, name)
	if err == nil {
		err = resources[0].Err
	}
	if err != nil {
		return nil, err
	}
	configs := make([]TopicConfig, 0, len(resources[0].Configs))
	for _, c := range resources[0].Configs {
		configs = append(configs, TopicConfig{
			Name:      c.Key,
			Value:     c.Value,
			Default:   c.Source != kmsg.ConfigSourceDynamicTopicConfig,
			Sensitive: c.Sensitive,
			Source:    c.Source.String(),
		})
	}
	slices.SortFunc(configs, func(x, y TopicConfig) int { return strings.Compare(x.Name, y.Name) })
	return configs, nil
}

// AlterTopicConfigs sets some settings of a topic and resets others to their
// defaults. Nothing here judges names and values.
func (b *Broker) AlterTopicConfigs(ctx context.Context, name string, set map[string]string, reset []string) error {
	var changes []kadm.AlterConfig
	for key, value := range set {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: key, Value: kadm.StringPtr(value)})
	}
	for _, key := range reset {
		changes = append(changes, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: key})
	}
	resp, err := b.admin.AlterTopicConfigs(ctx, changes, name)
	if err == nil {
		err = resp[0].Err
	}
	return b.topicError(name, err)
}

// topicError names the topic, and says with this package's errors what callers
// ask for.
func (b *Broker) topicError(name string, err error) error {
	switch err = b.unlessClosed(err); {
	case err == nil:
		return nil
	case errors.Is(err, kerr.TopicAlreadyExists):
		err = ErrTopicExists
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		err = ErrNoTopic
	}
	return fmt.Errorf("topic %q: %w", name, err)
}

// unlessClosed is err, or ErrClosed instead of what a closed client says.
func (b *Broker) unlessClosed(err error) error {
	if err != nil && b.closed.Load() {
		return ErrClosed
	}
	return err
}
