package emulator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

// KafkaOptions are the options with which a franz-go client connects to the cluster, as the alphabetically first of
// Config.KafkaUsers, or with a certificate of Config.KafkaClientCA.
func (c *Cluster) KafkaOptions() []kgo.Opt {
	options := []kgo.Opt{kgo.SeedBrokers(c.BootstrapServers())}
	if c.ca != nil {
		roots := x509.NewCertPool()
		roots.AddCert(c.ca.certificate)
		config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		if c.cfg.KafkaClientCA != nil {
			config.Certificates = []tls.Certificate{c.client}
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	if len(c.cfg.KafkaUsers) > 0 {
		user := slices.Min(slices.Collect(maps.Keys(c.cfg.KafkaUsers)))
		options = append(options, kgo.SASL(plain.Auth{User: user, Pass: c.cfg.KafkaUsers[user]}.AsMechanism()))
	}
	return options
}

// CreateTopic creates an ordinary topic.
func (c *Cluster) CreateTopic(name string, partitions int) error {
	return c.broker.CreateTopic(c.ctx, name, int32(partitions), -1, nil)
}

// Produce writes values to a topic, one after the other, as an ordinary producer: a mirror topic refuses it.
func (c *Cluster) Produce(ctx context.Context, topic string, values ...string) error {
	client, err := kgo.NewClient(append(c.KafkaOptions(),
		kgo.ProducerLinger(0), kgo.RecordRetries(3), kgo.RecordDeliveryTimeout(10*time.Second))...)
	if err != nil {
		return err
	}
	defer client.Close()
	records := make([]*kgo.Record, len(values))
	for i, value := range values {
		records[i] = kgo.StringRecord(value)
		records[i].Topic = topic
	}
	return client.ProduceSync(ctx, records...).FirstErr()
}

// Consume reads the first n values of a topic, waiting for them until ctx ends. Their order holds within a
// partition only.
func (c *Cluster) Consume(ctx context.Context, topic string, n int) ([]string, error) {
	client, err := kgo.NewClient(append(c.KafkaOptions(),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var values []string
	for len(values) < n {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return values, fmt.Errorf("consume %s: %d of %d values: %w", topic, len(values), n, ctx.Err())
		}
		if err := fetches.Err0(); err != nil {
			return values, fmt.Errorf("consume %s: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	return values[:n], nil
}
