package kafkarest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
)

// server is a REST endpoint that records what it is asked.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

type request struct {
	line   string // method and request URI, as they came
	proto  string
	header http.Header
	body   string
}

// serve starts a server that answers with handler, which is given the number
// of each request, from 1.
func serve(t *testing.T, handler func(w http.ResponseWriter, r *http.Request, n int)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(s.record(t, handler))
	t.Cleanup(s.Close)
	return s
}

// record checks requests against Confluent's description, and records them.
func (s *server) record(t *testing.T, handler func(w http.ResponseWriter, r *http.Request, n int)) http.Handler {
	check := emulatortest.Check(t, emulator.ConfluentCloud)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		base, _, _ := strings.Cut(r.URL.Path, "/clusters")
		check(emulator.Exchange{Request: r, RequestBody: body, BasePath: base})
		s.mu.Lock()
		s.requests = append(s.requests, request{r.Method + " " + r.RequestURI, r.Proto, r.Header.Clone(), string(body)})
		n := len(s.requests)
		s.mu.Unlock()
		handler(w, r, n)
	})
}

// replies answers request after request with the given replies, and the last of them from then on.
func replies(all ...reply) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, n int) {
		r := all[min(n, len(all))-1]
		for name, values := range r.header {
			w.Header()[name] = values
		}
		w.WriteHeader(r.status)
		_, _ = w.Write(r.body)
	}
}

// jsonReply is a reply with a body of JSON, none where it is empty.
func jsonReply(status int, body string) reply {
	r := reply{status: status, header: http.Header{"Content-Type": {"application/json"}}}
	if body != "" {
		r.body = []byte(body)
	}
	return r
}

func htmlReply(status int, body string) reply {
	return reply{status: status, header: http.Header{"Content-Type": {"text/html; charset=iso-8859-1"}}, body: []byte(body)}
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func (s *server) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, r := range s.requests {
		lines = append(lines, r.line)
	}
	return lines
}

// newTestClient makes a client for the cluster lkc-1 that tries three times and
// hardly waits.
func newTestClient(t *testing.T, endpoint string, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{Endpoint: endpoint, ClusterID: "lkc-1", UserAgent: "test", MaxRetries: 2, RequestTimeout: 10 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.bounds.waitMin, c.bounds.waitMax = time.Millisecond, 2*time.Millisecond
	transport := c.transport.(*transport)
	t.Cleanup(transport.offered.CloseIdleConnections)
	t.Cleanup(transport.http1.CloseIdleConnections)
	return c
}

// testContext ends long before the test binary would.
func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func asError(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%v (%T) holds no *Error", err, err)
	}
	return e
}

func ptr[T any](v T) *T { return &v }

func show(v any) string { return fmt.Sprintf("%+v", v) }

// silent is a server that accepts connections and never says a word.
func silent(t *testing.T) (address string, release func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String(), func() { _ = listener.Close() }
}

func httpBody(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }
