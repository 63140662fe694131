// Package kafkarest is a client for the cluster linking part of Confluent's
// REST API for Kafka, version 3, as Confluent Server, the standalone REST
// Proxy and Confluent Cloud speak it. Each method is one call of that API (or
// one call a page, for lists). It knows nothing of Terraform.
//
// Facts about the API in the comments come from Confluent's published OpenAPI
// description and from replies recorded on live clusters.
package kafkarest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/singleflight"
)

// logSubsystem is the name of the client's log.
const logSubsystem = "kafkarest"

// Config says how to reach and log in to one REST endpoint.
type Config struct {
	Endpoint  string // as written by the user; see BaseURL
	ClusterID string // empty: discovered by the first call that needs it

	Username, Password string // HTTP Basic
	Token              string // Bearer; excludes Username

	ClientCertificate, ClientKey string // PEM, for mTLS
	CACertificate                string // PEM; empty: the system's roots
	TLSServerName                string // empty: the host of Endpoint

	MaxRetries     int           // further attempts after the first
	RequestTimeout time.Duration // of one attempt, its body included; 0: 30 s
	UserAgent      string
}

// Client speaks to one endpoint. It is safe for concurrent use.
type Client struct {
	base           *url.URL
	transport      http.RoundTripper // and no http.Client: redirects are never followed
	authorize      func(*http.Request)
	userAgent      string
	maxRetries     int
	requestTimeout time.Duration
	bounds         bounds
	throttle       throttle
	secrets        redactor // of the endpoint's own credentials

	clusterID atomic.Pointer[string]
	discovery singleflight.Group
}

// New makes a client. It makes no network call. Its errors are about the
// configuration alone: a malformed endpoint, credential or PEM text.
func New(cfg Config) (*Client, error) {
	base, err := BaseURL(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("the REST endpoint %w", err)
	}
	if err := checkCredentials(cfg); err != nil {
		return nil, err
	}
	transport, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base:           base,
		transport:      transport,
		authorize:      authorizer(cfg),
		userAgent:      cfg.UserAgent,
		maxRetries:     cfg.MaxRetries,
		requestTimeout: cmp.Or(cfg.RequestTimeout, defaultRequestTimeout),
		bounds:         defaultBounds,
		secrets:        newRedactor(ownSecrets(cfg)),
	}
	if cfg.ClusterID != "" {
		c.clusterID.Store(&cfg.ClusterID)
	}
	return c, nil
}

// call is one request of the API: what to send, and what must not be said of it.
type call struct {
	method  string
	path    string // below the base URL, escaped
	query   url.Values
	body    any
	secrets []string // values in body that no error may repeat
}

// changes reports whether the call may change something on the server.
func (cl call) changes() bool {
	return cl.method != http.MethodGet && cl.query.Get("validate_only") != "true"
}

// inCluster completes a call that is given below /clusters/{id}.
func (c *Client) inCluster(ctx context.Context, cl call) (call, error) {
	id, err := c.ClusterID(ctx)
	if err != nil {
		return call{}, err
	}
	cl.path = "/clusters/" + url.PathEscape(id) + cl.path
	return cl, nil
}

// do carries out a call below /clusters/{id}; see send.
func (c *Client) do(ctx context.Context, cl call, decode func(io.Reader) error) error {
	cl, err := c.inCluster(ctx, cl)
	if err != nil {
		return err
	}
	return c.send(ctx, cl, decode)
}

// get carries out a call below /clusters/{id} that is answered with one object.
func get[T any](ctx context.Context, c *Client, cl call) (*T, error) {
	var object *T
	err := c.do(ctx, cl, func(body io.Reader) error {
		object = nil
		if err := json.NewDecoder(body).Decode(&object); err != nil {
			return err
		}
		if object == nil {
			return errors.New("it is null")
		}
		return nil
	})
	return object, err
}

// send carries out a call and hands a successful reply's body to decode, which
// may be called again after a reply was cut off, and may be nil. It tries
// again what is worth it, writes included: a caller looks at what an Uncertain
// one has done. Every error it returns is an *Error.
func (c *Client) send(ctx context.Context, cl call, decode func(io.Reader) error) error {
	ctx = tflog.NewSubsystem(ctx, logSubsystem, tflog.WithRootFields())
	req, err := c.request(ctx, cl)
	if err != nil {
		return notSent(cl, err)
	}
	t := &tries{client: c, call: cl, decode: decode}
	if e := t.do(req); e != nil {
		return e
	}
	return nil
}

func notSent(cl call, err error) *Error {
	return &Error{Method: cl.method, Path: cl.target(), Message: "not sent: " + err.Error(), err: err}
}

// attempt makes the request once, and returns nil where it succeeded.
func (c *Client) attempt(req *http.Request, cl call, n int, decode func(io.Reader) error) *Error {
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return notSent(cl, err)
	}
	attemptCtx, cancel := c.attemptContext(ctx, cl)
	defer cancel()
	var sent atomic.Bool
	req = req.WithContext(watchSent(attemptCtx, &sent))

	start := time.Now()
	r := c.exchange(req, decode)
	if r.err != nil && ctx.Err() == nil && attemptCtx.Err() != nil {
		r.err = fmt.Errorf("no reply within %s", c.requestTimeout)
	}
	var e *Error
	if r.err != nil || !r.succeeded() {
		e = c.newError(ctx, cl, r, sent.Load())
	}
	logAttempt(ctx, req, n, r, e, time.Since(start))
	return e
}

// watchSent keeps in sent whether a request may have left: whether it has got
// a connection, TLS handshake included. Where net/http gets it another one of
// its own accord, the first was found closed with nothing sent over it.
func watchSent(ctx context.Context, sent *atomic.Bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { sent.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
}

// request makes the HTTP request of a call.
func (c *Client) request(ctx context.Context, cl call) (*retryablehttp.Request, error) {
	for segment := range strings.SplitSeq(cl.path[1:], "/") {
		// Servers and proxies resolve these: the call would be another one.
		if segment == "" || segment == "." || segment == ".." {
			return nil, fmt.Errorf("%q cannot be the name of anything in an address", segment)
		}
	}
	target := *c.base
	target.RawPath = c.base.EscapedPath() + cl.path
	target.RawQuery = cl.query.Encode()
	var err error
	if target.Path, err = url.PathUnescape(target.RawPath); err != nil {
		return nil, err
	}
	var body any
	if cl.body != nil {
		if body, err = json.Marshal(cl.body); err != nil {
			return nil, err
		}
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, cl.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	if c.userAgent != "" {
		req.Header.Set("User-Agent", c.userAgent)
	}
	c.authorize(req.Request)
	return req, nil
}

// target is the call's address as errors name it.
func (cl call) target() string {
	if len(cl.query) == 0 {
		return cl.path
	}
	return cl.path + "?" + cl.query.Encode()
}

// logAttempt tells of one attempt, without headers and bodies.
func logAttempt(ctx context.Context, req *http.Request, n int, r reply, e *Error, took time.Duration) {
	fields := map[string]any{
		"method":      req.Method,
		"path":        req.URL.EscapedPath(),
		"attempt":     n,
		"duration_ms": took.Milliseconds(),
	}
	if r.status != 0 {
		fields["status"] = r.status
	}
	if r.err != nil {
		fields["error"] = e.Message
	}
	tflog.SubsystemDebug(ctx, logSubsystem, "REST call", fields)
}
