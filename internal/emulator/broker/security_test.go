package broker

import (
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// secured is a cluster and the settings to reach it.
type secured struct {
	broker   *Broker
	settings map[string]string
}

// startSecured starts a cluster with a user whose name and password need
// escapes, TLS if ca is given, and client certificates if mutual.
func startSecured(t *testing.T, ca *authority, mutual bool, mechanism string) secured {
	t.Helper()
	const user, password = `al,i=ce`, `p"a\ss;'=`
	var cfg Config
	settings := map[string]string{"security.protocol": "PLAINTEXT"}
	if mechanism != "" {
		cfg.Users = map[string]string{user: password, "bob": "other"}
		settings["security.protocol"] = "SASL_PLAINTEXT"
		settings["sasl.mechanism"] = mechanism
		settings["sasl.jaas.config"] = jaas(mechanism, user, `p\"a\\ss;'=`)
	}
	if ca != nil {
		cfg.TLS = ca.server(mutual)
		settings["security.protocol"] = map[bool]string{true: "SASL_SSL", false: "SSL"}[mechanism != ""]
		settings["ssl.truststore.type"] = "PEM"
		settings["ssl.truststore.certificates"] = strings.ReplaceAll(ca.pem(), "\n", " ") // as on one line of a file
	}
	if mutual {
		settings["ssl.keystore.type"] = "PEM"
		settings["ssl.keystore.certificate.chain"], settings["ssl.keystore.key"] = ca.leaf()
	}
	b := start(t, cfg)
	settings["bootstrap.servers"] = b.Addr()
	return secured{b, settings}
}

// with is the settings with some changed; "-" removes one.
func (s secured) with(changes map[string]string) map[string]string {
	settings := maps.Clone(s.settings)
	maps.Copy(settings, changes)
	maps.DeleteFunc(settings, func(_, value string) bool { return value == "-" })
	return settings
}

func TestEverySecurityMode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		tls, mutual bool
		mechanism   string
	}{
		{name: "PLAINTEXT"},
		{name: "SSL", tls: true},
		{name: "mutual SSL", tls: true, mutual: true},
		{name: "SASL_PLAINTEXT PLAIN", mechanism: mechanismPlain},
		{name: "SASL_PLAINTEXT SCRAM-SHA-256", mechanism: mechanismScram256},
		{name: "SASL_SSL PLAIN", tls: true, mechanism: mechanismPlain},
		{name: "SASL_SSL SCRAM-SHA-512", tls: true, mechanism: mechanismScram512},
		{name: "mutual SASL_SSL SCRAM-SHA-256", tls: true, mutual: true, mechanism: mechanismScram256},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var ca *authority
			if test.tls {
				ca = newAuthority(t)
			}
			s := startSecured(t, ca, test.mutual, test.mechanism)
			s.broker.mustCreate(t, 2, "topic")

			r := dial(t, s.settings)
			if r.ClusterID() != "cluster-"+t.Name() {
				t.Errorf("cluster id %q", r.ClusterID())
			}
			if topics, err := r.Topics(t.Context()); err != nil || len(topics) != 1 || topics[0] != (Topic{Name: "topic", Partitions: 2, ReplicationFactor: 1}) {
				t.Errorf("topics %+v, %v", topics, err)
			}
			if topic, err := r.Topic(t.Context(), "topic"); err != nil || topic.Partitions != 2 {
				t.Errorf("topic %+v, %v", topic, err)
			}
			if _, err := r.Topic(t.Context(), "none"); !errors.Is(err, ErrNoTopic) {
				t.Errorf("no such topic: %v", err)
			}
			produce(t, newClient(t, s.settings), numbered("topic", 2, 0, 10)...)
			read := readAll(t, s.settings, "topic")
			if len(read[0]) != 5 || len(read[1]) != 5 || string(read[1][4].Value) != "9" {
				t.Errorf("read %v", read)
			}
		})
	}
}

func TestDialTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	sasl := startSecured(t, nil, false, mechanismPlain)
	both := startSecured(t, ca, false, mechanismScram512)
	mutual := startSecured(t, ca, true, "")
	plain := startSecured(t, nil, false, "")
	_, port, _ := net.SplitHostPort(mutual.broker.Addr())

	silent, err := net.Listen("tcp", "127.0.0.1:0") // connects, by the backlog, and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	gone := startSecured(t, nil, false, "")
	gone.broker.Close()

	const servers, jaasLine = "bootstrap.servers", "sasl.jaas.config"
	for name, test := range map[string]struct {
		settings map[string]string
		kind     Kind
		message  string // a part of it
	}{
		"wrong password, PLAIN":         {sasl.with(map[string]string{jaasLine: jaas("PLAIN", "bob", "wrong")}), KindAuthentication, "invalid username or password"},
		"unknown user, PLAIN":           {sasl.with(map[string]string{jaasLine: jaas("PLAIN", "eve", "other")}), KindAuthentication, "invalid username or password"},
		"wrong password, SCRAM":         {both.with(map[string]string{jaasLine: jaas("SCRAM", "bob", "wrong")}), KindAuthentication, "invalid username or password"},
		"unknown user, SCRAM":           {both.with(map[string]string{jaasLine: jaas("SCRAM", "eve", "other")}), KindAuthentication, "invalid username or password"},
		"wrong password, SCRAM-SHA-256": {both.with(map[string]string{"sasl.mechanism": "SCRAM-SHA-256", jaasLine: jaas("SCRAM", "bob", "wrong")}), KindAuthentication, "invalid username or password"},
		"no login where one is needed":  {sasl.with(map[string]string{"security.protocol": "PLAINTEXT"}), KindTCPConnection, ""},
		"wrong CA":                      {both.with(map[string]string{"ssl.truststore.certificates": newAuthority(t).pem()}), KindAuthentication, "SSL handshake failed"},
		"system's CAs":                  {both.with(map[string]string{"ssl.truststore.certificates": "-"}), KindAuthentication, "SSL handshake failed"},
		"wrong CA, no host name check":  {both.with(map[string]string{"ssl.truststore.certificates": newAuthority(t).pem(), "ssl.endpoint.identification.algorithm": ""}), KindAuthentication, "SSL handshake failed"},
		"wrong host name":               {mutual.with(map[string]string{servers: "kafka.localhost:" + port}), KindAuthentication, "SSL handshake failed"},
		"no client certificate":         {mutual.with(map[string]string{"ssl.keystore.certificate.chain": "-", "ssl.keystore.key": "-"}), KindAuthentication, "SSL handshake failed"},
		"plaintext to a TLS port":       {both.with(map[string]string{"security.protocol": "PLAINTEXT"}), KindTCPConnection, ""},
		"TLS to a plaintext port":       {both.with(map[string]string{servers: plain.broker.Addr()}), KindAuthentication, "TLS"},
		"nobody listens":                {gone.settings, KindTCPConnection, "connection refused"},
		"beyond this machine":           {plain.with(map[string]string{servers: "192.0.2.1:9092"}), KindTCPConnection, "unreachable"},
		"unresolvable":                  {plain.with(map[string]string{servers: "kafka.invalid:9092"}), KindUnresolvable, "kafka.invalid"},
		"no answer":                     {plain.with(map[string]string{servers: silent.Addr().String()}), KindTimeout, ""},
		"no answer, TLS":                {both.with(map[string]string{servers: silent.Addr().String()}), KindTimeout, ""},
		"no bootstrap.servers":          {plain.with(map[string]string{servers: "-"}), KindConfig, servers},
		"no port":                       {plain.with(map[string]string{servers: "localhost"}), KindConfig, servers},
		"unknown protocol":              {plain.with(map[string]string{"security.protocol": "TLS"}), KindConfig, "security.protocol"},
		"mechanism left out":            {sasl.with(map[string]string{"sasl.mechanism": "-"}), KindConfig, "sasl.mechanism"},
		"no JAAS line":                  {sasl.with(map[string]string{jaasLine: "-"}), KindConfig, jaasLine},
		"broken JAAS line":              {sasl.with(map[string]string{jaasLine: `x required username="u" password="secret`}), KindConfig, jaasLine},
		"another mechanism's module":    {sasl.with(map[string]string{jaasLine: jaas("SCRAM", "bob", "secret")}), KindConfig, jaasLine},
		"no password":                   {sasl.with(map[string]string{jaasLine: `org.apache.kafka.common.security.plain.PlainLoginModule required username="u";`}), KindConfig, jaasLine},
		"no user":                       {sasl.with(map[string]string{jaasLine: jaas("PLAIN", "", "secret")}), KindConfig, jaasLine},
		"truststore is no PEM":          {both.with(map[string]string{"ssl.truststore.certificates": "garbage"}), KindConfig, "ssl.truststore.certificates"},
		"truststore of another type":    {both.with(map[string]string{"ssl.truststore.type": "-"}), KindConfig, "ssl.truststore.type"},
		"truststore in a file":          {both.with(map[string]string{"ssl.truststore.location": "/x"}), KindConfig, "ssl.truststore.location"},
		"certificate without its key":   {mutual.with(map[string]string{"ssl.keystore.key": "-"}), KindConfig, "ssl.keystore.key"},
		"encrypted key":                 {mutual.with(map[string]string{"ssl.key.password": "secret"}), KindConfig, "ssl.key.password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r, err := Dial(t.Context(), test.settings)
			if err == nil {
				r.Close()
			}
			if kind := kindOf(t, err); kind != test.kind || err != nil && !strings.Contains(err.Error(), test.message) {
				t.Errorf("%q %v, want %q %q", kind, err, test.kind, test.message)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("shows a secret: %v", err)
			}
		})
	}
}

func TestHostNameCheckCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	s := startSecured(t, newAuthority(t), false, "")
	_, port, _ := net.SplitHostPort(s.broker.Addr())
	dial(t, s.with(map[string]string{"bootstrap.servers": "kafka.localhost:" + port, "ssl.endpoint.identification.algorithm": ""}))
}

func TestPingTellsWhenTheClusterGoesAndComes(t *testing.T) {
	t.Parallel()
	s := startSecured(t, nil, false, mechanismPlain)
	r := dial(t, s.settings)
	s.broker.Outage()
	if kind := kindOf(t, r.Ping(t.Context())); kind != KindTCPConnection {
		t.Errorf("in an outage: %q", kind)
	}
	if err := s.broker.Restore(); err != nil {
		t.Fatal(err)
	}
	if err := r.Ping(t.Context()); err != nil {
		t.Errorf("after it: %v", err)
	}
	r.Close()
	if kind := kindOf(t, r.Ping(t.Context())); kind != KindUnknown {
		t.Errorf("closed: %q", kind)
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	b := start(t, Config{Users: map[string]string{"link": "old"}})
	before := dial(t, scramSettings(b, "link", "old"))
	for range 2 { // from now on the client has a connection to the node it found
		if err := before.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	b.SetPassword("link", "new")
	if kind := kindOf(t, before.Ping(t.Context())); kind != "" {
		t.Errorf("a connection that is logged in: %q", kind)
	}
	if _, err := Dial(t.Context(), scramSettings(b, "link", "old")); kindOf(t, err) != KindAuthentication {
		t.Errorf("old password: %v", err)
	}
	dial(t, scramSettings(b, "link", "new"))

	b.SetPassword("second", "pw")
	dial(t, scramSettings(b, "second", "pw"))
	b.SetPassword("second", "")
	if _, err := Dial(t.Context(), scramSettings(b, "second", "pw")); kindOf(t, err) != KindAuthentication {
		t.Errorf("removed user: %v", err)
	}
	if _, _, err := b.users.plain([]byte("\x00second\x00")); err == nil {
		t.Error("removed user is let in without a password")
	}
}

func TestClientIsToldThatLoginFailed(t *testing.T) {
	t.Parallel()
	for _, mechanism := range saslMechanisms {
		s := startSecured(t, nil, false, mechanism)
		client := newClient(t, s.with(map[string]string{"sasl.jaas.config": jaas(mechanism, "bob", "wrong")}))
		if err := client.Ping(t.Context()); !errors.Is(err, kerr.SaslAuthenticationFailed) {
			t.Errorf("%s: %v", mechanism, err)
		}
	}
}

func TestGarbageHarmsNobody(t *testing.T) {
	t.Parallel()
	for _, s := range []secured{startSecured(t, nil, false, ""), startSecured(t, nil, false, mechanismPlain)} {
		for _, garbage := range []string{
			"\x00\x00\x00\x08\x7f\xff\x00\x00\x00\x00\x00\x00",         // unknown request key
			"\x00\x00\x00\x03\x00\x00\x00",                             // too short
			"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00",         // TLS hello: a huge frame
			"\x00\x00\x00\x0a\x00\x24\x7f\xff\x00\x00\x00\x00\x00\x00", // unknown version of a login request
		} {
			conn, err := net.Dial("tcp", s.broker.Addr())
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(patience))
			if _, err := io.WriteString(conn, garbage); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%q: read gives %v", garbage, err)
			}
			_ = conn.Close()
		}
		dial(t, s.settings)
	}
}

// An address of several servers works as long as one of them does.
func TestSeveralBootstrapServers(t *testing.T) {
	t.Parallel()
	b := start(t, Config{Brokers: 3})
	dial(t, map[string]string{"bootstrap.servers": "127.0.0.1:1, " + b.Addr()})
	if err := b.CreateTopic(t.Context(), "topic", 6, 3, nil); err != nil {
		t.Fatal(err)
	}
	produce(t, newClient(t, plaintext(b), kgo.RequiredAcks(kgo.AllISRAcks())), numbered("topic", 6, 0, 60)...)
	if read := readAll(t, plaintext(b), "topic"); len(read) != 6 || len(read[5]) != 10 {
		t.Errorf("read %v", read)
	}
}
