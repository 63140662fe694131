// Package broker is the Kafka side of an emulated cluster: real Kafka clusters
// in one process, and the copier that mirrors records from one to another. It
// knows nothing of REST, of cluster links as objects or of mirror states.
//
// The wire protocol, the logs and the group coordinator are those of
// [github.com/twmb/franz-go/pkg/kfake]. This package puts a listener in front
// of it that does TLS and SASL as a Kafka broker does them and that can be
// taken away and brought back, and keeps mirror topics read-only.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ErrClosed is returned by calls on a closed [Broker].
var ErrClosed = errors.New("closed")

// Config says what cluster [Start] starts.
type Config struct {
	// ClusterID is what clients see in Metadata.
	ClusterID string
	// Users are the SASL users and their passwords, each usable with PLAIN,
	// SCRAM-SHA-256 and SCRAM-SHA-512. Empty: the listener has no SASL.
	Users map[string]string
	// TLS is the server side of the listener; nil: plaintext. For mutual TLS
	// the caller sets ClientAuth and ClientCAs. With Users and
	// tls.VerifyClientCertIfGiven a client logs in by SASL or by certificate,
	// as on clusters that have a listener for each; with
	// tls.RequireAndVerifyClientCert it needs both.
	TLS *tls.Config
	// Port is where the first node listens, the others on the ports that
	// follow. 0: free ports.
	Port int
	// Brokers is the number of nodes, each with its own port; 0 means 1.
	// It limits the replication factor of topics.
	Brokers int
}

// Broker is one Kafka cluster on 127.0.0.1. Its methods can be called by
// several goroutines at once.
type Broker struct {
	cluster  *kfake.Cluster
	gates    []*gate
	users    *userStore // nil: no SASL
	readOnly *readOnlyTopics
	client   *kgo.Client // within the process
	admin    *kadm.Client
	closed   atomic.Bool
}

// Start starts a cluster that listens on ports of 127.0.0.1.
func Start(cfg Config) (*Broker, error) {
	b := &Broker{}
	if len(cfg.Users) > 0 {
		b.users = newUserStore(cfg.Users)
	}
	cluster, err := kfake.NewCluster(
		kfake.ClusterID(cfg.ClusterID),
		kfake.NumBrokers(max(cfg.Brokers, 1)),
		kfake.MaxVersions(versions()),
		kfake.ListenFn(func(string, string) (net.Listener, error) {
			port := cfg.Port
			if port != 0 {
				port += len(b.gates)
			}
			g, err := newGate(port, cfg.TLS, b.users)
			if err == nil {
				b.gates = append(b.gates, g)
			}
			return g, err
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("start Kafka cluster: %w", err)
	}
	b.cluster = cluster
	b.readOnly = guardReadOnly(cluster)
	b.client, err = kgo.NewClient(b.inside()...)
	if err != nil {
		cluster.Close()
		return nil, fmt.Errorf("start Kafka cluster: %w", err)
	}
	b.admin = kadm.NewClient(b.client)
	return b, nil
}

// inside are the options of a client within the process: it needs no login and
// stays connected in an Outage.
func (b *Broker) inside() []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(b.Addr()),
		kgo.Dialer(b.dialInside),
		kgo.MetadataMinAge(10 * time.Millisecond),
	}
}

// dialInside connects the broker's own client to the node at addr.
func (b *Broker) dialInside(ctx context.Context, _, addr string) (net.Conn, error) {
	for _, g := range b.gates {
		if g.addr == addr {
			return g.dialInside(ctx)
		}
	}
	return nil, fmt.Errorf("no node listens on %s", addr)
}

// Addr is the host:port for bootstrap.servers. It stays the same over Outage
// and Restore.
func (b *Broker) Addr() string { return b.gates[0].addr }

// Close ends the cluster and forgets its data. Calls that are under way, here
// and in clients, end with an error.
func (b *Broker) Close() {
	if b.closed.Swap(true) {
		return
	}
	b.client.Close()
	b.cluster.Close()
	for _, g := range b.gates {
		_ = g.Close()
	}
}

// Outage makes the cluster unreachable: nobody listens on its ports, and every
// client's connection is cut. Data, and the methods of Broker, stay.
func (b *Broker) Outage() {
	for _, g := range b.gates {
		g.shut()
	}
}

// Restore ends an Outage: the cluster listens on the same ports again.
func (b *Broker) Restore() error {
	for _, g := range b.gates {
		if err := g.reopen(); err != nil {
			return fmt.Errorf("restore listener: %w", err)
		}
	}
	return nil
}

// SetPassword adds a SASL user or changes its password; "" removes the user.
// As in Kafka, connections that are logged in stay so. It does nothing on a
// cluster that was started without users: that one has no SASL.
func (b *Broker) SetPassword(user, password string) {
	if b.users != nil {
		b.users.set(user, password)
	}
}
