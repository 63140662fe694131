// Package kafkarest is a client for the cluster linking part of Confluent's
// REST API for Kafka, version 3, as Confluent Server, the standalone REST
// Proxy and Confluent Cloud speak it. Each method is one call of that API (or
// one call a page, for lists). It knows nothing of Terraform.
//
// Facts about the API in the comments come from Confluent's published OpenAPI
// description and from replies recorded on live clusters.
package kafkarest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// A list of 10,000 mirror topics with 12 partitions each takes about
	// 15 MiB; whatever is several times larger is no answer of this API.
	maxReplyBytes = 64 << 20
	maxErrorBytes = 64 << 10

	// How long a write that is under way may still be answered after its
	// caller gave up: cutting it off would leave nobody knowing what it did.
	writeGrace = 3 * time.Second

	retryWaitMin = 100 * time.Millisecond
	retryWaitMax = 5 * time.Second
)

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
	RequestTimeout time.Duration // of one attempt, its body included
	UserAgent      string
}

// Client speaks to one endpoint. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	http      *retryablehttp.Client
	authorize func(*http.Request)
	userAgent string
	secrets   []string // of its own, never to appear in an error

	clusterMu sync.Mutex
	clusterID string
}

// New makes a client. It makes no network call. Its errors are about the
// configuration alone: a malformed endpoint or PEM text.
func New(cfg Config) (*Client, error) {
	base, err := BaseURL(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base:      base,
		authorize: authorizer(cfg),
		userAgent: cfg.UserAgent,
		clusterID: cfg.ClusterID,
		secrets:   ownSecrets(cfg),
	}
	c.http = &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: &attempts{next: transport},
			Timeout:   cfg.RequestTimeout,
			// Credentials never follow a redirect; where it leads is told in the error.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryWaitMin: retryWaitMin,
		RetryWaitMax: retryWaitMax,
		RetryMax:     cfg.MaxRetries,
		CheckRetry:   checkRetry,
		Backoff:      backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	return c, nil
}

// ClusterID returns the id of the cluster behind the endpoint: the configured
// one, or the only one that GET /clusters lists. It is asked for once.
func (c *Client) ClusterID(ctx context.Context) (string, error) {
	c.clusterMu.Lock()
	defer c.clusterMu.Unlock()
	if c.clusterID != "" {
		return c.clusterID, nil
	}
	clusters, err := listRows[struct {
		ID string `json:"cluster_id"`
	}](ctx, c, call{method: http.MethodGet, path: "/clusters"})
	if err != nil {
		return "", fmt.Errorf("discover the cluster id: %w", err)
	}
	if len(clusters) != 1 {
		choice := &ClusterChoiceError{}
		for _, cluster := range clusters {
			choice.Clusters = append(choice.Clusters, cluster.ID)
		}
		return "", choice
	}
	c.clusterID = clusters[0].ID
	return c.clusterID, nil
}

// call is one request of the API: what to send, and what must not be said of it.
type call struct {
	method  string
	path    string // below the base URL, escaped
	query   url.Values
	body    any
	secrets []string // values in body that no error may repeat
}

// inCluster completes a call's path, which is given below /clusters/{id}.
func (c *Client) inCluster(ctx context.Context, cl call) (call, error) {
	id, err := c.ClusterID(ctx)
	if err != nil {
		return call{}, err
	}
	cl.path = "/clusters/" + url.PathEscape(id) + cl.path
	return cl, nil
}

// do carries out a call below /clusters/{id} and decodes its reply into out,
// which may be nil.
func (c *Client) do(ctx context.Context, cl call, out any) error {
	cl, err := c.inCluster(ctx, cl)
	if err != nil {
		return err
	}
	return c.send(ctx, cl, func(body io.Reader) error {
		if out == nil {
			return nil
		}
		return json.NewDecoder(body).Decode(out)
	})
}

// send makes the request, with its retries, and hands a successful reply's
// body to decode, which may be called again after a reply was cut off. Every
// error it returns is an *Error.
func (c *Client) send(ctx context.Context, cl call, decode func(io.Reader) error) error {
	story := &story{parent: ctx}
	ctx, cancel := story.context(cl.method)
	defer cancel()

	fail := func(status int, header http.Header, body []byte, err error) error {
		return newError(cl, story, status, header, body, err, append(cl.secrets, c.secrets...))
	}
	req, err := c.request(ctx, cl)
	if err != nil {
		return fail(0, nil, nil, err)
	}
	req.SetResponseHandler(func(resp *http.Response) error {
		if !succeeded(resp) {
			return nil
		}
		defer drain(resp.Body)
		return decode(&limitedReader{r: resp.Body, left: maxReplyBytes})
	})
	resp, err := c.http.Do(req)
	switch {
	case resp == nil:
		return fail(0, nil, nil, err)
	case err != nil:
		story.uncertain = cl.method != http.MethodGet
		return fail(resp.StatusCode, resp.Header, nil, fmt.Errorf("unexpected reply: %w", err))
	case !succeeded(resp):
		defer drain(resp.Body)
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
		return fail(resp.StatusCode, resp.Header, body, nil)
	}
	return nil
}

func succeeded(resp *http.Response) bool {
	return resp.StatusCode >= 200 && resp.StatusCode <= 299
}

func (c *Client) request(ctx context.Context, cl call) (*retryablehttp.Request, error) {
	target := *c.base
	target.RawPath = c.base.EscapedPath() + cl.path
	path, err := url.PathUnescape(target.RawPath)
	if err != nil {
		return nil, err
	}
	target.Path = path
	target.RawQuery = cl.query.Encode()

	var body any
	if cl.body != nil {
		b, err := json.Marshal(cl.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
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

// drain reads what is left of a small body, so that its connection is reused.
func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, maxErrorBytes))
	_ = body.Close()
}

// limitedReader fails, rather than ends, where a body is too large.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("the reply is larger than %d MiB", maxReplyBytes>>20)
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}
