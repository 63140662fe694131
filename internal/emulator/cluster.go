// Package emulator runs Confluent clusters in one process, which speak the
// Kafka protocol (by package broker) and the cluster linking part of REST v3.
// It is for tests, the demo and benchmarks.
//
// Links really connect, with their own settings, and mirror topics really hold
// the source's records. What a live cluster does that is awkward for clients,
// it does too: secrets read back as null, objects that are visible only some
// time after their creation, refusals inside a 200 answer.
package emulator

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

// Dialect is the kind of server that a cluster answers like.
type Dialect int

const (
	// ConfluentCloud answers as Confluent Cloud and recent Confluent Server do.
	ConfluentCloud Dialect = iota
	// ConfluentPlatform71 answers as Confluent Platform 7.0 and 7.1 do: 201 on
	// creation, links without state and error, settings with flags of other
	// names and all of them called dynamic.
	ConfluentPlatform71
)

// Config says what cluster [Start] starts.
type Config struct {
	ClusterID   string // required
	Dialect     Dialect
	Users       map[string]string // REST users and passwords; with no Tokens either: anyone may call
	Tokens      []string          // REST bearer tokens
	KafkaUsers  map[string]string // SASL users and passwords of the Kafka listener; empty: no SASL
	TLS         bool              // REST and Kafka over TLS, see [Cluster.CACertificate]
	ClientCA    string            // PEM: REST demands a client certificate of this authority; see [NewCA]
	BasePath    string            // of REST; default "/kafka/v3"
	RESTAddress string            // host:port to listen on; default a free port of 127.0.0.1
	KafkaPort   int               // of the first node, the others follow; default free ports
	Brokers     int               // nodes, which limit the replication factor; default 1
	Network     *Network          // default: the network of the process
	Observe     func(Exchange)    // is shown every REST call before it is answered; may run for several at once

	// KafkaClientCA makes the Kafka listener demand a client certificate of this authority. With KafkaUsers too,
	// clients log in by certificate (security.protocol=SSL) or by SASL, as on a cluster that offers both.
	KafkaClientCA *CA
}

// Cluster is a running cluster. Its methods can be called by several goroutines.
type Cluster struct {
	cfg      Config
	broker   *broker.Broker
	ca       *CA             // nil: no TLS
	client   tls.Certificate // of KafkaOptions, with KafkaClientCA
	server   *http.Server
	mux      *http.ServeMux
	endpoint string
	faults   faults
	records  recorder

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // REST calls and the links' goroutines

	latency         atomic.Int64 // time.Duration
	visibilityDelay atomic.Int64 // time.Duration
	pendingTime     atomic.Int64 // time.Duration
	pageSize        atomic.Int64
	inFlight        atomic.Int64 // REST calls

	rewriting sync.RWMutex // locked while a topic is truncated, for which it is deleted for a moment; before mu

	mu       sync.Mutex // guards what follows, and every link and mirror of this cluster; held for moments only
	closed   bool
	links    map[string]*link
	mirrors  map[string]*mirror // by topic name, of all links
	orphans  []*orphan
	reserved map[string]bool
	pins     map[mirrorKey]string
	verdicts map[verdictKey]verdictError
}

// Start starts a cluster on free ports of 127.0.0.1.
func Start(cfg Config) (*Cluster, error) {
	if cfg.ClusterID == "" {
		return nil, errNoClusterID
	}
	if (cfg.ClientCA != "" || cfg.KafkaClientCA != nil) && !cfg.TLS {
		return nil, errMTLSPlain
	}
	cfg.BasePath = cmp.Or(cfg.BasePath, "/kafka/v3")
	cfg.RESTAddress = cmp.Or(cfg.RESTAddress, "127.0.0.1:0")
	if cfg.Network == nil {
		cfg.Network = processNetwork
	}
	c := &Cluster{
		cfg:      cfg,
		links:    make(map[string]*link),
		mirrors:  make(map[string]*mirror),
		reserved: make(map[string]bool),
		pins:     make(map[mirrorKey]string),
		verdicts: make(map[verdictKey]verdictError),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.mux = c.routes()
	if err := c.listen(); err != nil {
		c.cancel()
		return nil, fmt.Errorf("start cluster %s: %w", cfg.ClusterID, err)
	}
	return c, nil
}

// listen starts the two listeners.
func (c *Cluster) listen() error {
	restTLS, kafkaTLS, err := c.serverTLS()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.cfg.RESTAddress)
	if err != nil {
		return err
	}
	c.broker, err = broker.Start(broker.Config{
		ClusterID: c.cfg.ClusterID, Users: c.cfg.KafkaUsers, TLS: kafkaTLS, Brokers: c.cfg.Brokers, Port: c.cfg.KafkaPort,
	})
	if err != nil {
		_ = listener.Close()
		return err
	}
	c.cfg.Network.join(c)
	c.endpoint = "http://" + listener.Addr().String()
	if restTLS != nil {
		c.endpoint = "https://" + listener.Addr().String()
		listener = tls.NewListener(listener, restTLS)
	}
	c.server = &http.Server{
		Handler:           http.HandlerFunc(c.serve),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that do not trust the certificate are not the emulator's news
	}
	go func() { _ = c.server.Serve(listener) }()
	return nil
}

// serverTLS makes the cluster's authority and the TLS sides of its listeners, all nil without TLS.
func (c *Cluster) serverTLS() (rest, kafka *tls.Config, err error) {
	if !c.cfg.TLS {
		return nil, nil, nil
	}
	if c.ca, err = NewCA(); err != nil {
		return nil, nil, err
	}
	var kafkaClientCA string
	if c.cfg.KafkaClientCA != nil {
		kafkaClientCA = c.cfg.KafkaClientCA.Certificate()
		if c.client, err = c.cfg.KafkaClientCA.pair("emulator"); err != nil {
			return nil, nil, err
		}
	}
	if rest, err = c.ca.serverTLS(c.cfg.ClientCA); err != nil {
		return nil, nil, err
	}
	kafka, err = c.ca.serverTLS(kafkaClientCA)
	if err == nil && kafkaClientCA != "" && len(c.cfg.KafkaUsers) > 0 {
		kafka.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return rest, kafka, err
}

// Close ends the cluster and forgets its data. REST calls that are under way end first, without an answer.
func (c *Cluster) Close() {
	c.cancel()
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	_ = c.server.Close()
	c.cfg.Network.leave(c)
	c.wg.Wait()
	for _, l := range c.links {
		l.closeCopier()
	}
	c.broker.Close()
}

// ID returns the cluster's id.
func (c *Cluster) ID() string { return c.cfg.ClusterID }

// RESTEndpoint returns http(s)://127.0.0.1:port, without the base path.
func (c *Cluster) RESTEndpoint() string { return c.endpoint }

// BootstrapServers returns the host:port for Kafka clients, and for bootstrap.servers of links to this cluster.
func (c *Cluster) BootstrapServers() string { return c.broker.Addr() }

// CACertificate returns the PEM of the authority that signed both listeners' certificates, "" without TLS.
func (c *Cluster) CACertificate() string {
	if c.ca == nil {
		return ""
	}
	return c.ca.Certificate()
}

// Broker returns the Kafka side of the cluster.
func (c *Cluster) Broker() *broker.Broker { return c.broker }

// SetVisibilityDelay makes links and mirror topics that are created from now on invisible for so long: they
// answer 404, and lists leave them out.
func (c *Cluster) SetVisibilityDelay(d time.Duration) { c.visibilityDelay.Store(int64(d)) }

// SetLatency makes each REST call take so long before anything else happens.
func (c *Cluster) SetLatency(d time.Duration) { c.latency.Store(int64(d)) }

// SetPageSize makes lists come in pages of n with metadata.next; 0, the default, in one.
func (c *Cluster) SetPageSize(n int) { c.pageSize.Store(int64(n)) }

// InFlight returns how many REST calls have come and are not answered yet, such as those that a fault lets hang.
func (c *Cluster) InFlight() int { return int(c.inFlight.Load()) }

// enter books a REST call, unless the cluster is closed; wg.Done ends it.
func (c *Cluster) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.wg.Add(1)
	}
	return !c.closed
}

// visibleFrom is when an object that is created now becomes visible.
func (c *Cluster) visibleFrom() time.Time {
	return time.Now().Add(time.Duration(c.visibilityDelay.Load()))
}

// sleep waits, less when the cluster is closed or ctx ends.
func (c *Cluster) sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-c.ctx.Done():
	}
}

// Names that are being created or deleted are reserved, so that what was looked up stays true over the calls to
// brokers in between.
func linkKey(name string) string  { return "link/" + name }
func topicKey(name string) string { return "topic/" + name }

func (c *Cluster) reserve(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reserved[key] {
		return false
	}
	c.reserved[key] = true
	return true
}

func (c *Cluster) release(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.reserved, key)
}
