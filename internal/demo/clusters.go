package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	topic         = "demo-link-topic"
	linkName      = "demo-link"
	restUser      = "admin"
	kafkaUser     = "linker"
	sourceID      = "lkc-source"
	destinationID = "lkc-destination"
)

// cluster is an emulated cluster with the passwords to it, which are new for every run.
type cluster struct {
	*emulator.Cluster
	restPassword, kafkaPassword string
}

func startCluster(id string, observe func(emulator.Exchange)) (*cluster, error) {
	c := &cluster{restPassword: rand.Text(), kafkaPassword: rand.Text()}
	started, err := emulator.Start(emulator.Config{
		ClusterID:  id,
		TLS:        true,
		Users:      map[string]string{restUser: c.restPassword},
		KafkaUsers: map[string]string{kafkaUser: c.kafkaPassword},
		Observe:    observe,
	})
	if err != nil {
		return nil, err
	}
	c.Cluster = started
	return c, nil
}

// runs reports whether the cluster listens. Once it has ended, any other program
// may take its port, but none has its certificate.
func (c *cluster) runs(ctx context.Context) bool {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(c.CACertificate()))
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Second}, Config: &tls.Config{RootCAs: roots}}
	connection, err := dialer.DialContext(ctx, "tcp", c.BootstrapServers())
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

// variables are what the examples' variables.tf ask of a cluster.
func (c *cluster) variables() map[string]string {
	return map[string]string{
		"rest_endpoint":     c.RESTEndpoint(),
		"rest_username":     restUser,
		"rest_password":     c.restPassword,
		"cluster_id":        c.ID(),
		"bootstrap_servers": c.BootstrapServers(),
		"kafka_username":    kafkaUser,
		"kafka_password":    c.kafkaPassword,
		"ca_certificate":    c.CACertificate(),
	}
}

// expectRecords sees with Kafka clients that the topic holds these records and
// no more, waiting for those that are still to come.
func (c *cluster) expectRecords(ctx context.Context, want ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	got, err := c.Consume(ctx, topic, len(want))
	if err != nil {
		return err
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s holds %q, and not %q", c.ID(), got, want)
	}
	client, err := kgo.NewClient(c.KafkaOptions()...)
	if err != nil {
		return err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	if end, found := ends.Lookup(topic, 0); !found || end.Offset != int64(len(want)) {
		return fmt.Errorf("%s holds more than %q: %+v", c.ID(), want, end)
	}
	return nil
}

// changes lists the calls since the start that were to change something.
func (c *cluster) changes() []string {
	var made []string
	for _, r := range c.Requests() {
		if r.Method != "GET" && !strings.Contains(r.RawQuery, "validate_only=true") {
			made = append(made, r.Method+" "+r.Path)
		}
	}
	return made
}

// links lists the names of a cluster's links over its REST API.
func (c *cluster) links(ctx context.Context) ([]string, error) {
	client, err := kafkarest.New(kafkarest.Config{
		Endpoint: c.RESTEndpoint(), ClusterID: c.ID(), Username: restUser, Password: c.restPassword, CACertificate: c.CACertificate(),
	})
	if err != nil {
		return nil, err
	}
	links, err := client.Links(ctx)
	var names []string
	for _, link := range links {
		names = append(names, link.Name)
	}
	return names, err
}
