// Package apachekafka runs real Apache Kafka brokers for tests: one process of
// Java each, a whole cluster (KRaft) that takes clients over TLS with SASL. It
// is what the emulated clusters are compared with.
package apachekafka

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// jarsVariable names the folder that holds the jars of a broker.
const jarsVariable = "KAFKA_JARS"

const (
	startTimeout = 90 * time.Second
	stopTimeout  = 60 * time.Second
)

// Config says what broker [Start] starts.
type Config struct {
	PlainUsers map[string]string // users and passwords of PLAIN
	ScramUsers map[string]string // those of SCRAM-SHA-256 and SCRAM-SHA-512
	Settings   map[string]string // of the broker, beside those that it needs to run
}

// Broker is a cluster of one broker that listens on 127.0.0.1. Its data and its
// port stay when it is stopped and started again.
type Broker struct {
	t         testing.TB
	cfg       Config
	dir       string
	clusterID string
	port      int
	ca        *emulator.CA
	admin     *kadm.Client
	process   *process // nil: stopped
}

// Start starts a broker that ends with the test, and returns once clients can
// log in. Without the jars of a broker the test is skipped.
func Start(t testing.TB, cfg Config) *Broker {
	t.Helper()
	if os.Getenv(jarsVariable) == "" {
		t.Skipf("%s is not set: make test-kafka fetches Apache Kafka and sets it", jarsVariable)
	}
	b := &Broker{t: t, cfg: cfg, dir: t.TempDir(), clusterID: newClusterID(), port: freePort(t)}
	b.must("make certificates", b.writeCertificates())
	b.must("write settings", b.writeSettings())
	client, err := kgo.NewClient(b.KafkaOptions()...)
	b.must("make a client", err)
	b.admin = kadm.NewClient(client)
	t.Cleanup(func() {
		client.Close()
		if b.process != nil {
			b.Kill()
		}
	})
	b.format()
	b.Restart()
	return b
}

func (b *Broker) must(what string, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("Apache Kafka: %s: %v", what, err)
	}
}

// newClusterID makes an id as Kafka's own tool does.
func newClusterID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	id[0] &= 0x7f        // some tools take a leading "-" for an option
	return base64.RawURLEncoding.EncodeToString(id)
}

// freePort finds a port below those that systems hand out, so that it is still
// free when the broker starts again.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		var random [2]byte
		_, _ = rand.Read(random[:])
		port := 15000 + (int(random[0])<<8|int(random[1]))%15000
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// format makes the broker's storage, in which SCRAM users are from the start.
func (b *Broker) format() {
	b.t.Helper()
	args := []string{"format", "--cluster-id", b.clusterID, "--config", b.file("server.properties")}
	for user, password := range b.cfg.ScramUsers {
		for _, mechanism := range scramMechanisms {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, user, password))
		}
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), startTimeout)
	defer cancel()
	if said, err := exec.CommandContext(ctx, "java", javaArguments("kafka.tools.StorageTool", args...)...).CombinedOutput(); err != nil {
		b.t.Fatalf("Apache Kafka: format storage: %v\n%s", err, said)
	}
}

func (b *Broker) file(name string) string { return filepath.Join(b.dir, name) }

// Restart starts the broker after Stop or Kill, and returns once clients can
// log in.
func (b *Broker) Restart() {
	b.t.Helper()
	var err error
	b.process, err = run(b.t.Context(), b.file("broker.log"), javaArguments("kafka.Kafka", b.file("server.properties")))
	b.must("start", err)
	ctx, cancel := context.WithTimeout(b.t.Context(), startTimeout)
	defer cancel()
	for {
		err := b.ping(ctx)
		if err == nil {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-b.process.ended:
			b.t.Fatalf("Apache Kafka: it ended at once: %v\n%s", b.process.err, b.log())
		case <-ctx.Done():
			b.t.Fatalf("Apache Kafka: not ready in time: %v\n%s", err, b.log())
		}
	}
}

func (b *Broker) ping(ctx context.Context) error {
	client, err := kgo.NewClient(append(b.KafkaOptions(), kgo.RequestRetries(0))...)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Ping(ctx)
}

// log is the end of what the broker says.
func (b *Broker) log() string {
	text, err := os.ReadFile(b.file("broker.log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-10_000):])
}

// Stop makes the broker stop in an orderly way.
func (b *Broker) Stop() {
	b.t.Helper()
	err := b.process.stop(stopTimeout)
	b.process = nil
	b.must("stop", err)
}

// Kill ends the broker as a crash does.
func (b *Broker) Kill() {
	b.process.kill()
	b.process = nil
}

// ClusterID returns the cluster's id.
func (b *Broker) ClusterID() string { return b.clusterID }

// BootstrapServers returns the host:port for clients.
func (b *Broker) BootstrapServers() string { return fmt.Sprintf("127.0.0.1:%d", b.port) }

// CACertificate returns the PEM of the authority that signed the broker's certificate.
func (b *Broker) CACertificate() string { return b.ca.Certificate() }

// Admin returns a client that may do everything.
func (b *Broker) Admin() *kadm.Client { return b.admin }

// KafkaOptions are the options with which a franz-go client connects to the
// broker, as a user of its own that may do everything.
func (b *Broker) KafkaOptions() []kgo.Opt {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(b.CACertificate()))
	return []kgo.Opt{
		kgo.SeedBrokers(b.BootstrapServers()),
		kgo.DialTLSConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}),
		kgo.SASL(plain.Auth{User: adminUser, Pass: adminPassword}.AsMechanism()),
	}
}

// SetScramPassword changes the password of a SCRAM user. Connections that are
// logged in stay so, until connections.max.reauth.ms ends them.
func (b *Broker) SetScramPassword(user, password string) {
	b.t.Helper()
	for mechanism := kadm.ScramSha256; mechanism <= kadm.ScramSha512; mechanism++ { // Kafka takes one of a user at a time
		change := kadm.UpsertSCRAM{User: user, Mechanism: mechanism, Iterations: 4096, Password: password}
		altered, err := b.admin.AlterUserSCRAMs(b.t.Context(), nil, []kadm.UpsertSCRAM{change})
		if err == nil {
			err = altered.Error()
		}
		b.must("change a password", err)
	}
}
