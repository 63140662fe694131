package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Bounds of one attempt to reach another cluster.
const (
	connectTimeout = 2 * time.Second
	pingTimeout    = 4 * time.Second
	retryPause     = 100 * time.Millisecond
)

// Remote is a connection that a cluster link makes to another cluster with the
// link's own client settings. Its methods can be called by several goroutines
// at once.
type Remote struct {
	settings  clientSettings
	client    *kgo.Client
	clusterID atomic.Pointer[string]
}

// Dial connects as the settings say and proves it by asking for Metadata.
// Settings have the names of Kafka's clients:
//
//   - bootstrap.servers and security.protocol;
//   - sasl.mechanism (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512) and sasl.jaas.config;
//   - ssl.truststore.certificates, ssl.keystore.key and
//     ssl.keystore.certificate.chain, each with its type=PEM, and
//     ssl.endpoint.identification.algorithm ("" checks no host name).
//
// Others are ignored. Like everything in the emulator it leaves the machine
// alone: only localhost, names below .localhost and addresses of the loopback
// have anyone behind them.
//
// Every error is a *DialError, and comes within a few seconds.
func Dial(ctx context.Context, settings map[string]string) (*Remote, error) {
	parsed, err := parseClientSettings(settings)
	if err != nil {
		return nil, err
	}
	r := &Remote{settings: parsed}
	// One retry, for a connection that was cut since the last request.
	if r.client, err = parsed.newClient(kgo.RequestRetries(1)); err != nil {
		return nil, &DialError{Kind: KindConfig, Message: err.Error()}
	}
	if err := r.Ping(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// ClusterID is the id that the remote cluster told last.
func (r *Remote) ClusterID() string { return *r.clusterID.Load() }

// Ping asks the remote cluster for Metadata. Its error is a *DialError.
func (r *Remote) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	id, _, err := askMetadata(ctx, r.client, []string{})
	if err != nil {
		return dialError(err, r.settings.sasl != nil)
	}
	r.clusterID.Store(&id)
	return nil
}

// Topics lists the remote cluster's topics, sorted by name. Its error is a
// *DialError.
func (r *Remote) Topics(ctx context.Context) ([]Topic, error) {
	topics, err := listTopics(ctx, r.client)
	if err != nil {
		return nil, dialError(err, r.settings.sasl != nil)
	}
	return topics, nil
}

// Topic describes one topic of the remote cluster; ErrNoTopic, or a *DialError.
func (r *Remote) Topic(ctx context.Context, name string) (Topic, error) {
	_, found, err := askMetadata(ctx, r.client, []string{name})
	if err != nil {
		return Topic{}, dialError(err, r.settings.sasl != nil)
	}
	if len(found) == 0 {
		return Topic{}, fmt.Errorf("topic %q: %w", name, ErrNoTopic)
	}
	return found[name].describe(), nil
}

// TopicConfigs lists the settings of a topic of the remote cluster, defaults
// included. Its error is a *DialError, also for a topic that does not exist.
func (r *Remote) TopicConfigs(ctx context.Context, name string) ([]TopicConfig, error) {
	configs, err := topicConfigs(ctx, kadm.NewClient(r.client), name)
	if err != nil {
		return nil, dialError(err, r.settings.sasl != nil)
	}
	return configs, nil
}

// Close cuts the connection.
func (r *Remote) Close() { r.client.Close() }

// newClient makes a client that connects as the settings say.
func (s clientSettings) newClient(more ...kgo.Opt) (*kgo.Client, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(s.bootstrap...),
		kgo.Dialer(s.dial),
		kgo.RequestTimeoutOverhead(connectTimeout),
		kgo.RetryBackoffFn(func(int) time.Duration { return retryPause }),
		kgo.MetadataMinAge(100 * time.Millisecond),
	}
	if s.sasl != nil {
		opts = append(opts, kgo.SASL(s.sasl))
	}
	return kgo.NewClient(append(opts, more...)...)
}

// dial connects to host, TLS included.
func (s clientSettings) dial(ctx context.Context, network, host string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return nil, err
	}
	ip, err := loopback(name)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(ip, port))
	if err != nil || s.tls == nil {
		return conn, err
	}
	secured := tls.Client(conn, s.tlsFor(name))
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, &handshakeError{err}
	}
	return secured, nil
}

// loopback resolves a name without asking anyone.
func loopback(name string) (string, error) {
	if ip := net.ParseIP(name); ip != nil {
		if ip.IsLoopback() {
			return name, nil
		}
		return "", &net.OpError{Op: "dial", Net: "tcp", Addr: &net.IPAddr{IP: ip}, Err: errors.New("network is unreachable")}
	}
	if lower := strings.ToLower(name); lower == "localhost" || strings.HasSuffix(lower, ".localhost") {
		return "127.0.0.1", nil
	}
	return "", &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
