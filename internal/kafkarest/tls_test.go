package kafkarest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// authority is a certificate authority for one test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         string
}

// pemPair is a certificate and its key as PEM texts.
type pemPair struct{ certificate, key string }

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate, key, pemText("CERTIFICATE", der)}
}

// issue makes a certificate for a host, for servers and clients alike.
func (a *authority) issue(t *testing.T, host string, change ...func(*x509.Certificate)) pemPair {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	for _, f := range change {
		f(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemPair{pemText("CERTIFICATE", der), pemText("PRIVATE KEY", keyDER)}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (p pemPair) tls(t *testing.T) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(p.certificate), []byte(p.key))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }

// countingListener counts the connections that a server has had.
type countingListener struct {
	net.Listener
	n atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.n.Add(1)
	}
	return c, err
}

func (l *countingListener) count() int { return int(l.n.Load()) }

// serveTLS starts a server with HTTP/2, as Go's have it, and counts its connections.
func serveTLS(t *testing.T, config *tls.Config) (*server, *countingListener) {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(s.record(t, replies(jsonReply(200, `{"data": []}`))))
	connections := &countingListener{Listener: s.Listener}
	s.Listener = connections
	s.EnableHTTP2 = true
	s.TLS = config
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, connections
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ours, others := newAuthority(t), newAuthority(t)
	client := ours.issue(t, "client")
	clients := x509.NewCertPool()
	clients.AddCert(ours.certificate)
	trust := func(c *Config) { c.CACertificate = ours.pem }
	present := func(p pemPair) func(*Config) {
		return func(c *Config) { c.ClientCertificate, c.ClientKey = p.certificate, p.key }
	}
	mutual := func(version uint16) func(*tls.Config) {
		return func(c *tls.Config) {
			c.ClientAuth, c.ClientCAs, c.MaxVersion = tls.RequireAndVerifyClientCert, clients, version
		}
	}
	for _, test := range []struct {
		name   string
		pair   pemPair
		server func(*tls.Config)
		client []func(*Config)
		words  string // of the error; empty: it works
	}{
		{name: "own CA", pair: ours.issue(t, "127.0.0.1"), client: []func(*Config){trust}},
		{
			name: "server name", pair: ours.issue(t, "rest.example.com"),
			client: []func(*Config){trust, func(c *Config) { c.TLSServerName = "rest.example.com" }},
		},
		{name: "mTLS 1.3", pair: ours.issue(t, "127.0.0.1"), server: mutual(0), client: []func(*Config){trust, present(client)}},
		{name: "mTLS 1.2", pair: ours.issue(t, "127.0.0.1"), server: mutual(tls.VersionTLS12), client: []func(*Config){trust, present(client)}},
		{name: "system roots", pair: ours.issue(t, "127.0.0.1"), words: "is signed by no authority that is trusted here; set ca_certificate"},
		{
			name: "wrong CA", pair: others.issue(t, "127.0.0.1"), client: []func(*Config){trust},
			words: "is signed by no authority that is trusted here; set ca_certificate",
		},
		{
			name: "wrong host name", pair: ours.issue(t, "rest.example.com"), client: []func(*Config){trust},
			words: "is not for this host; correct rest_endpoint or set tls_server_name",
		},
		{
			name: "wrong server name", pair: ours.issue(t, "127.0.0.1"),
			client: []func(*Config){trust, func(c *Config) { c.TLSServerName = "rest.example.com" }},
			words:  "is not for this host; correct rest_endpoint or set tls_server_name",
		},
		{name: "expired", pair: ours.issue(t, "127.0.0.1", expired), client: []func(*Config){trust}, words: "has expired or is not valid yet"},
		{
			name: "not for servers", client: []func(*Config){trust}, words: "certificate cannot be trusted",
			pair: ours.issue(t, "127.0.0.1", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }),
		},
		{
			name: "no client certificate, TLS 1.3", pair: ours.issue(t, "127.0.0.1"), server: mutual(0), client: []func(*Config){trust},
			words: "wants a client certificate; set client_certificate and client_key",
		},
		{
			name: "no client certificate, TLS 1.2", pair: ours.issue(t, "127.0.0.1"), server: mutual(tls.VersionTLS12), client: []func(*Config){trust},
			words: "the server may want a client certificate",
		},
		{
			name: "client certificate of another authority", pair: ours.issue(t, "127.0.0.1"), server: mutual(0),
			client: []func(*Config){trust, present(others.issue(t, "client"))}, words: "refuses the client certificate, or wants one",
		},
		{
			name: "expired client certificate", pair: ours.issue(t, "127.0.0.1"), server: mutual(0),
			client: []func(*Config){trust, present(ours.issue(t, "client", expired))}, words: "refuses the client certificate, or wants one",
		},
		{
			name: "TLS 1.1 only", pair: ours.issue(t, "127.0.0.1"), client: []func(*Config){trust}, words: "neither TLS 1.2 nor TLS 1.3",
			server: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS11, tls.VersionTLS11 },
		},
		{
			name: "no common cipher", pair: ours.issue(t, "127.0.0.1"), client: []func(*Config){trust}, words: "the TLS handshake failed",
			server: func(c *tls.Config) {
				c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA256}
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := &tls.Config{Certificates: []tls.Certificate{test.pair.tls(t)}}
			if test.server != nil {
				test.server(config)
			}
			s, connections := serveTLS(t, config)
			c := newTestClient(t, s.URL, test.client...)
			if test.words == "" {
				if _, err := c.Links(testContext(t)); err != nil || s.requests[0].proto != "HTTP/2.0" {
					t.Error(err, s.lines())
				}
				return
			}
			before := 0
			for _, do := range []func() error{
				func() error { _, err := c.Links(testContext(t)); return err },
				func() error { return c.DeleteLink(testContext(t), "l", false) },
			} {
				err := do()
				// In TLS 1.3 a client may speak before its certificate is judged, and
				// then find the connection gone before it reads why.
				if late := config.ClientAuth != tls.NoClientCert; !late || asError(t, err).Attempts == 1 {
					checkRefused(t, err, connections.count()-before, test.words)
				}
				before = connections.count()
			}
			if s.count() != 0 {
				t.Errorf("requests came through: %q", s.lines())
			}
		})
	}
}

// checkRefused finds an error that was not tried again, cannot have done
// anything, and says what is wrong. One attempt makes up to three connections:
// HTTP/2 tries a second one, and HTTP/1.1 asks why.
func checkRefused(t *testing.T, err error, connections int, words string) {
	t.Helper()
	e := asError(t, err)
	if !strings.Contains(e.Error(), words) {
		t.Errorf("%v\nwant %q", e, words)
	}
	if e.Attempts != 1 || e.Status != 0 || e.Uncertain || connections < 1 || connections > 3 {
		t.Errorf("%d attempts over %d connections, uncertain %v: %v", e.Attempts, connections, e.Uncertain, e)
	}
}

// Servers that choose TLS 1.1 themselves are told off by the client.
func TestServerChoosesTLS11(t *testing.T) {
	t.Parallel()
	hello := []byte{
		22, 3, 2, 0, 42, // a handshake record of 42 bytes
		2, 0, 0, 38, 3, 2, // ServerHello, TLS 1.1
		// 32 bytes of randomness
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		0, 0xc0, 0x13, 0, // no session, a cipher, no compression
	}
	address, connections := serveRaw(t, func(c net.Conn) { _, _ = c.Write(hello) })
	_, err := newTestClient(t, "https://"+address).Links(testContext(t))
	checkRefused(t, err, connections.count(), "neither TLS 1.2 nor TLS 1.3")
}

func TestSchemeMismatch(t *testing.T) {
	t.Parallel()
	plain := serve(t, replies(jsonReply(200, `{"data": []}`)))
	c := newTestClient(t, strings.Replace(plain.URL, "http:", "https:", 1))
	_, err := c.Links(testContext(t))
	checkRefused(t, err, 1, "does not speak TLS here; rest_endpoint may have to begin with http://")

	mail, connections := serveRaw(t, func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example.com ESMTP\r\n") })
	_, err = newTestClient(t, "https://"+mail).Links(testContext(t))
	checkRefused(t, err, connections.count(), "does not speak TLS here")

	// Servers in Java answer with a TLS alert,
	java, connections := serveRaw(t, func(c net.Conn) { _, _ = c.Write([]byte("\x15\x03\x03\x00\x02\x02\x50")) })
	err = newTestClient(t, "http://"+java).DeleteLink(testContext(t), "l", false)
	checkRefused(t, err, connections.count(), "speaks TLS here; rest_endpoint may have to begin with https://")

	// and others, Go's included, with a 400 in clear text.
	secure, _ := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{newAuthority(t).issue(t, "127.0.0.1").tls(t)}})
	_, err = newTestClient(t, strings.Replace(secure.URL, "https:", "http:", 1)).Links(testContext(t))
	if e := asError(t, err); e.Status != 400 || e.Attempts != 1 || !strings.Contains(e.Error(), "HTTP request to an HTTPS server") {
		t.Error(e)
	}
}

// serveRaw starts a server that reads something from each connection, answers it and closes it.
func serveRaw(t *testing.T, answer func(net.Conn)) (address string, connections *countingListener) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	connections = &countingListener{Listener: listener}
	go func() {
		for {
			c, err := connections.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = c.Read(make([]byte, 64<<10))
				answer(c)
				_ = c.Close()
			}()
		}
	}()
	return listener.Addr().String(), connections
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	_, err := newTestClient(t, "http://no-such-host.invalid").Links(testContext(t))
	checkRefused(t, err, 1, "there is no such host; correct rest_endpoint")

	closed := httptest.NewServer(nil)
	closed.Close()
	err = newTestClient(t, closed.URL).DeleteLink(testContext(t), "l", false)
	if e := asError(t, err); e.Attempts != 3 || e.Uncertain || e.Status != 0 || !strings.Contains(e.Error(), "nothing listens at this address") {
		t.Errorf("%v", e)
	}
}
