package broker

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const patience = 20 * time.Second

func start(t *testing.T, cfg Config) *Broker {
	t.Helper()
	if cfg.ClusterID == "" {
		cfg.ClusterID = "cluster-" + t.Name()
	}
	b, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func (b *Broker) mustCreate(t *testing.T, partitions int32, topics ...string) {
	t.Helper()
	for _, topic := range topics {
		if err := b.CreateTopic(t.Context(), topic, partitions, 1, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// plaintext are the settings for a cluster without TLS and SASL.
func plaintext(b *Broker) map[string]string {
	return map[string]string{"bootstrap.servers": b.Addr()}
}

// scramSettings log in to a cluster without TLS.
func scramSettings(b *Broker, user, password string) map[string]string {
	return map[string]string{
		"bootstrap.servers": b.Addr(),
		"security.protocol": "SASL_PLAINTEXT",
		"sasl.mechanism":    mechanismScram256,
		"sasl.jaas.config":  jaas(mechanismScram256, user, password),
	}
}

// jaas writes a line that needs no escapes.
func jaas(mechanism, user, password string) string {
	module := "org.apache.kafka.common.security.scram.ScramLoginModule"
	if mechanism == mechanismPlain {
		module = "org.apache.kafka.common.security.plain.PlainLoginModule"
	}
	return fmt.Sprintf(`%s required username="%s" password="%s";`, module, user, password)
}

func dial(t *testing.T, settings map[string]string) *Remote {
	t.Helper()
	r, err := Dial(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// newClient is a Kafka client that connects from outside.
func newClient(t *testing.T, settings map[string]string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	parsed, err := parseClientSettings(settings)
	if err != nil {
		t.Fatal(err)
	}
	client, err := parsed.newClient(append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func produce(t *testing.T, client *kgo.Client, records ...*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// numbered makes records with the values from to to-1, spread over partitions.
func numbered(topic string, partitions, from, to int) []*kgo.Record {
	var records []*kgo.Record
	for i := from; i < to; i++ {
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(i % partitions), Value: fmt.Append(nil, i)})
	}
	return records
}

// readAll reads a topic from its start to its present end, from outside.
func readAll(t *testing.T, settings map[string]string, topic string) map[int32][]*kgo.Record {
	t.Helper()
	return readTo(t, newClient(t, settings, kgo.ConsumeTopics(topic), kgo.KeepControlRecords()), topic)
}

// readInside is readAll for a cluster of any security, and as a consumer with
// read_committed.
func readInside(t *testing.T, b *Broker, topic string) map[int32][]*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(append(b.inside(), kgo.ConsumeTopics(topic), kgo.KeepControlRecords(), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
	if err != nil {
		t.Fatal(err)
	}
	return readTo(t, client, topic)
}

// readTo reads to the present ends of the topic's logs, and closes the client.
func readTo(t *testing.T, client *kgo.Client, topic string) map[int32][]*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil || ends.Error() != nil {
		t.Fatal(err, ends.Error())
	}
	starts, err := kadm.NewClient(client).ListStartOffsets(ctx, topic)
	if err != nil || starts.Error() != nil {
		t.Fatal(err, starts.Error())
	}
	read := make(map[int32][]*kgo.Record)
	todo := 0
	last := make(map[int32]int64)
	for partition, end := range ends[topic] {
		if begin := starts[topic][partition]; end.Offset > begin.Offset {
			todo++
			last[partition] = end.Offset - 1
		}
	}
	for todo > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("read %q: %v; %d partitions not at their end", topic, err, todo)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				read[r.Partition] = append(read[r.Partition], r)
			}
			if r.Offset == last[r.Partition] {
				todo--
			}
		})
	}
	return read
}

// eventually waits until check returns nil.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still not: %v", err)
		}
		time.Sleep(pause)
	}
}

// caughtUp waits until the mirror has all that the source topic has now.
func caughtUp(t *testing.T, c *Copier, mirrors ...string) {
	t.Helper()
	for _, mirror := range mirrors {
		eventually(t, func() error {
			p, err := c.Refresh(t.Context(), mirror)
			if err != nil {
				return err
			}
			if p.SourceMissing || len(p.Lags) == 0 {
				return fmt.Errorf("%s: %+v", mirror, p)
			}
			for _, lag := range p.Lags {
				if lag.Lag != 0 {
					return fmt.Errorf("%s: %+v", mirror, p.Lags)
				}
			}
			return nil
		})
	}
}

// kindOf is the kind of a *DialError, "" for nil.
func kindOf(t *testing.T, err error) Kind {
	t.Helper()
	if err == nil {
		return ""
	}
	var failure *DialError
	if !errors.As(err, &failure) {
		t.Fatalf("%T is no *DialError: %v", err, err)
	}
	return failure.Kind
}

// authority is a certificate authority for one test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "test CA"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a.cert, a.key = a.issue(template, template, nil)
	return a
}

func (a *authority) issue(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// leaf issues a certificate for servers at 127.0.0.1, and for clients.
func (a *authority) leaf() (certPEM, keyPEM string) {
	a.t.Helper()
	cert, key := a.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "test"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, a.key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return encodePEM("CERTIFICATE", cert.Raw), encodePEM("PRIVATE KEY", der)
}

func (a *authority) pem() string { return encodePEM("CERTIFICATE", a.cert.Raw) }

// server is a server's TLS configuration; with mutual, clients need a
// certificate of the authority.
func (a *authority) server(mutual bool) *tls.Config {
	a.t.Helper()
	certPEM, keyPEM := a.leaf()
	pair, err := tls.X509KeyPair([]byte(certPEM), []byte(keyPEM))
	if err != nil {
		a.t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if mutual {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AddCert(a.cert)
	}
	return config
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
