package kafkarest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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

func newTransport(cfg Config) (*http.Transport, error) {
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
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = tlsConfig
	// HTTP/1.1 only: a connection that hangs holds up one call, not all of
	// them, and the reason why one ends is not lost.
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	// As many as Terraform runs at once with a generous -parallelism.
	transport.MaxIdleConnsPerHost = 64
	return transport, nil
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
