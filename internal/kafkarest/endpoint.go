package kafkarest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
	if cfg.ClientCertificate != "" || cfg.ClientKey != "" {
		pair, err := ParseKeyPair(cfg.ClientCertificate, cfg.ClientKey)
		if err != nil {
			return nil, err
		}
		tlsConfig.Certificates = []tls.Certificate{pair}
	}
	http1 := http.DefaultTransport.(*http.Transport).Clone()
	http1.TLSClientConfig = tlsConfig
	http1.Protocols = new(http.Protocols)
	http1.Protocols.SetHTTP1(true)
	// As many as Terraform runs at once with a generous -parallelism.
	http1.MaxIdleConnsPerHost = 64
	offered := http1.Clone()
	offered.Protocols.SetHTTP2(true)
	// One HTTP/2 connection carries all calls: where it no longer answers pings,
	// they go over a new one.
	offered.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	return &transport{offered, http1}, nil
}

// transport speaks HTTP/2 where the server offers it. A server refuses a
// client's certificate after the handshake, which HTTP/2 may take for a
// connection that never was: HTTP/1.1 is then asked, and hears why.
type transport struct{ offered, http1 *http.Transport }

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.offered.RoundTrip(req)
	if err == nil || !strings.Contains(err.Error(), "http2: client conn") {
		return resp, err
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.http1.RoundTrip(again)
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
