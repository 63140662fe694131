package kafkarest

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
)

// BaseURL completes the address of an endpoint to the base of the REST API.
// A path that ends in /v3 stays as it is (a standalone REST Proxy), one that
// ends in /kafka gets /v3, and any other gets /kafka/v3 (Confluent Server and
// Confluent Cloud). A query, a fragment, user info or a scheme other than http
// and https is an error, which says what the address must or must not do.
func BaseURL(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil && strings.Contains(endpoint, "@"):
		// The error may repeat a part of a password.
		return nil, errors.New("is not a URL; it must not hold user info either")
	case err != nil:
		return nil, fmt.Errorf("is not a URL: %w", errors.Unwrap(err))
	case u.User != nil:
		return nil, errors.New("must not hold user info; use username and password")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("must name a host")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("must not hold a query")
	case strings.Contains(endpoint, "#"):
		return nil, errors.New("must not hold a fragment")
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	switch {
	case strings.HasSuffix(path, "/v3"):
	case strings.HasSuffix(path, "/kafka"):
		path += "/v3"
	default:
		path += "/kafka/v3"
	}
	plain, err := url.PathUnescape(path)
	if err != nil {
		return nil, fmt.Errorf("is not a URL: %w", err)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: plain, RawPath: path}, nil
}

// ParseCA reads PEM certificates to trust.
func ParseCA(pem string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, errors.New("holds no PEM certificate that can be read")
	}
	return pool, nil
}

// ParseKeyPair reads a PEM client certificate and its key.
func ParseKeyPair(certificate, key string) (tls.Certificate, error) {
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("the client certificate and its key do not work together: %w", err)
	}
	return pair, nil
}

func newTransport(cfg Config) (http.RoundTripper, error) {
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.TLSServerName}
	if cfg.CACertificate != "" {
		pool, err := ParseCA(cfg.CACertificate)
		if err != nil {
			return nil, fmt.Errorf("CA certificate: %w", err)
		}
		tlsConfig.RootCAs = pool
	}
	var pair tls.Certificate
	if cfg.ClientCertificate != "" || cfg.ClientKey != "" {
		var err error
		if pair, err = ParseKeyPair(cfg.ClientCertificate, cfg.ClientKey); err != nil {
			return nil, err
		}
	}
	t := &transport{http1: http.DefaultTransport.(*http.Transport).Clone()}
	tlsConfig.GetClientCertificate = func(wanted *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		t.wantsCertificate.Store(true)
		if wanted.SupportsCertificate(&pair) == nil {
			return &pair, nil
		}
		return new(tls.Certificate), nil // the server says what it thinks of none
	}
	t.http1.TLSClientConfig = tlsConfig
	t.http1.Protocols = new(http.Protocols)
	t.http1.Protocols.SetHTTP1(true)
	// As many as Terraform runs at once with a generous -parallelism.
	t.http1.MaxIdleConnsPerHost = 64
	t.offered = t.http1.Clone()
	t.offered.Protocols.SetHTTP2(true)
	// One HTTP/2 connection carries all calls: where it no longer answers pings,
	// they go over a new one.
	t.offered.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	return t, nil
}

// transport speaks HTTP/2 where the server offers it. A server refuses a
// client's certificate after the handshake, and over HTTP/2 the reason is easily
// lost: HTTP/1.1, which hears it, then asks for it.
type transport struct {
	offered, http1 *http.Transport

	wantsCertificate, hasReplied atomic.Bool // the server
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.offered.RoundTrip(req)
	if err == nil {
		t.hasReplied.Store(true)
	} else if t.wantsCertificate.Load() && !t.hasReplied.Load() {
		err = cmp.Or(t.whyRefused(req), err)
	}
	return resp, err
}

// whyRefused asks for the same thing without changing it, and returns why the
// connection fails, if it does.
func (t *transport) whyRefused(req *http.Request) error {
	question := req.Clone(req.Context())
	question.Method, question.Body, question.GetBody, question.ContentLength = http.MethodHead, nil, nil, 0
	resp, err := t.http1.RoundTrip(question)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

// checkCredentials finds what no HTTP header can carry.
func checkCredentials(cfg Config) error {
	switch {
	case cfg.Token != "" && cfg.Username != "":
		return errors.New("a token and a username exclude each other")
	case strings.ContainsFunc(cfg.Token, unicode.IsControl):
		return errors.New("the token holds a line break or another control character")
	case strings.Contains(cfg.Username, ":"):
		return errors.New("the username holds a colon, which HTTP Basic cannot send")
	}
	return nil
}

func authorizer(cfg Config) func(*http.Request) {
	switch {
	case cfg.Token != "":
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+cfg.Token) }
	case cfg.Username != "":
		return func(r *http.Request) { r.SetBasicAuth(cfg.Username, cfg.Password) }
	default:
		return func(*http.Request) {}
	}
}
