package kafkarest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// roundTrip is a transport without a network, for tests in fake time.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	return f(r)
}

// fakeClient answers attempt after attempt with the given replies, and the
// last of them from then on; it tells when each attempt came.
func fakeClient(t *testing.T, all ...reply) (*Client, *[]time.Duration) {
	t.Helper()
	c, err := New(Config{Endpoint: "http://rest.example.com", ClusterID: "lkc-1", MaxRetries: 8})
	if err != nil {
		t.Fatal(err)
	}
	start, times := time.Now(), &[]time.Duration{}
	c.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		*times = append(*times, time.Since(start))
		answer := all[min(len(*times), len(all))-1]
		if answer.err != nil {
			return nil, answer.err
		}
		if answer.status == 0 { // never
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return &http.Response{
			StatusCode: answer.status, Header: answer.header, Request: r,
			Body: httpBody(string(answer.body)),
		}, nil
	})
	return c, times
}

func throttled(header ...string) reply {
	r := htmlReply(429, "<html><head><title>Error 429 Too Many Requests</title></head><body><h2>Slow</h2></body></html>")
	for i := 0; i < len(header); i += 2 {
		r.header[header[i]] = []string{header[i+1]}
	}
	return r
}

// gaps are the waits between attempts.
func gaps(times []time.Duration) []time.Duration {
	var all []time.Duration
	for i := 1; i < len(times); i++ {
		all = append(all, times[i]-times[i-1])
	}
	return all
}

func TestBackoffDoublesAndIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, times := fakeClient(t, reply{status: 503})
		_, err := c.Links(t.Context())
		e := asError(t, err)
		if e.Attempts != 9 || e.Status != 503 || !strings.HasSuffix(e.Error(), "503 Service Unavailable (after 9 attempts)") {
			t.Error(e)
		}
		longest := 100 * time.Millisecond
		for i, gap := range gaps(*times) {
			if gap < longest/2 || gap > longest {
				t.Errorf("wait %d is %v, want %v to %v", i+1, gap, longest/2, longest)
			}
			longest = min(2*longest, 5*time.Second)
		}
	})
}

func TestManyRetriesDoNotOverflow(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 7, 20, 62, 63, 64, 1000} {
		if wait := defaultBounds.wait(n, 0); wait <= 0 || wait > defaultBounds.waitMax {
			t.Errorf("wait %d is %v", n, wait)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	bubble := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when synctest's time begins
	at := func(d time.Duration) string { return bubble.Add(d).Format(http.TimeFormat) }
	const none = 0
	for _, test := range []struct {
		name   string
		header []string
		want   time.Duration
	}{
		{"none", nil, none},
		{"seconds", []string{"Retry-After", "7"}, 7 * time.Second},
		{"zero", []string{"Retry-After", "0"}, none},
		{"negative", []string{"Retry-After", "-5"}, none},
		{"negative beyond any number", []string{"Retry-After", "-9223372037"}, none},
		{"a date", []string{"Retry-After", at(20 * time.Second)}, 20 * time.Second},
		{"a date by a clock that is an hour ahead", []string{"Retry-After", at(time.Hour + 20*time.Second), "Date", at(time.Hour)}, 20 * time.Second},
		{"a date by a clock that is an hour behind", []string{"Retry-After", at(-time.Hour + 20*time.Second), "Date", at(-time.Hour)}, 20 * time.Second},
		{"a date that has passed", []string{"Retry-After", at(-time.Hour)}, none},
		{"nonsense", []string{"Retry-After", "soon"}, none},
		{"a fraction", []string{"Retry-After", "1.5"}, none},
		{"a week", []string{"Retry-After", "604800"}, 2 * time.Minute},
		{"beyond any number", []string{"Retry-After", strings.Repeat("9", 40)}, 2 * time.Minute},
		{"a distant date", []string{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}, 2 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, times := fakeClient(t, throttled(test.header...), jsonReply(200, `{"data": []}`))
			if _, err := c.Links(t.Context()); err != nil {
				t.Fatal(err)
			}
			least, most := test.want, test.want
			if test.want == none {
				least, most = throttleFirst/2, throttleFirst*3/2
			}
			if got := gaps(*times); len(got) != 1 || got[0] < least || got[0] > most {
				t.Errorf("%s: waited %v, want %v to %v", test.name, got, least, most)
			}
		})
	}
}

// A wait that would outlast the caller's deadline is not begun: the server's
// words are worth more than a timeout.
func TestRetryAfterBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, times := fakeClient(t, throttled("Retry-After", "30"))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 70*time.Second)
		defer cancel()
		_, err := c.Links(ctx)
		e := asError(t, err)
		if e.Status != 429 || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(e.Error(), "Error 429 Too Many Requests; not tried again") {
			t.Error(e)
		}
		if took := time.Since(start); len(*times) != 3 || took >= 70*time.Second {
			t.Errorf("%d attempts, %v", len(*times), took)
		}
	})
}

func TestWhatIsRetried(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reply     reply
		again     bool
		uncertain bool // of a write
	}{
		{jsonReply(500, `{"error_code": 500, "message": "Internal Server Error"}`), true, true},
		{jsonReply(500, `{"error_code": 50003, "message": "Request timed out"}`), true, true},
		{jsonReply(400, `{"error_code": 50003, "message": "Retriable"}`), true, true},
		{htmlReply(502, "<h1>Bad gateway</h1>"), true, true},
		{htmlReply(503, "<h1>Unavailable</h1>"), true, true},
		{reply{status: 504}, true, true},
		{reply{status: 599}, true, true},
		{reply{status: 501}, false, false},
		{jsonReply(400, `{"error_code": 40002, "message": "no"}`), false, false},
		{jsonReply(401, `{"error_code": 40101, "message": "no"}`), false, false},
		{jsonReply(403, `{"error_code": 40301, "message": "no"}`), false, false},
		{jsonReply(404, `{"error_code": 404, "message": "no"}`), false, false},
		{jsonReply(409, `{"error_code": 40902, "message": "no"}`), false, false},
		{reply{status: 405}, false, false},
		{reply{status: 418}, false, false},
	} {
		s := serve(t, replies(test.reply))
		ctx, c := testContext(t), newTestClient(t, s.URL)
		attempts := 1
		if test.again {
			attempts = 3
		}
		_, get := c.Topic(ctx, "t")
		_, validate := c.AlterMirrors(ctx, "l", Promote, Selection{Names: []string{"a"}}, true)
		_, promote := c.AlterMirrors(ctx, "l", Promote, Selection{Names: []string{"a"}}, false)
		create := c.CreateLink(ctx, NewLink{Name: "l"}, false)
		for i, err := range []error{get, validate, promote, create} {
			e := asError(t, err)
			write := i >= 2
			if e.Attempts != attempts || e.Status != test.reply.status || e.Uncertain != (write && test.uncertain) || IsUncertain(err) != e.Uncertain {
				t.Errorf("call %d, %d %s: %d attempts, uncertain %v: %v", i, test.reply.status, test.reply.body, e.Attempts, e.Uncertain, e)
			}
		}
		if s.count() != 4*attempts {
			t.Errorf("%d %s: %d requests, want %d", test.reply.status, test.reply.body, s.count(), 4*attempts)
		}
	}
}

func TestMaxRetries(t *testing.T) {
	t.Parallel()
	for _, retries := range []int{-1, 0, 1, 5} {
		s := serve(t, replies(reply{status: 503}))
		_, err := newTestClient(t, s.URL, func(c *Config) { c.MaxRetries = retries }).Links(testContext(t))
		if want := max(retries, 0) + 1; s.count() != want || asError(t, err).Attempts != want {
			t.Errorf("%d retries: %d requests: %v", retries, s.count(), err)
		}
	}
}

// A write that is uncertain stays so, whatever a later attempt is told, and a
// body is sent anew each time.
func TestUncertaintyIsKept(t *testing.T) {
	t.Parallel()
	s := serve(t, replies(reply{status: 503}, throttled(), jsonReply(409, `{"error_code": 40902, "message": "exists"}`)))
	err := newTestClient(t, s.URL).CreateLink(testContext(t), NewLink{Name: "l"}, false)
	if e := asError(t, err); !e.Uncertain || !errors.Is(err, ErrExists) || e.Attempts != 3 {
		t.Errorf("%v, uncertain %v", e, e.Uncertain)
	}
	for _, r := range s.requests {
		if r.body != `{"configs":[]}` {
			t.Errorf("body %q", r.body)
		}
	}

	s = serve(t, replies(throttled(), jsonReply(409, `{"error_code": 40902, "message": "exists"}`)))
	err = newTestClient(t, s.URL).CreateLink(testContext(t), NewLink{Name: "l"}, false)
	if e := asError(t, err); e.Uncertain || !errors.Is(err, ErrExists) {
		t.Errorf("%v, uncertain %v", e, e.Uncertain)
	}
}

// hangUp closes a connection in the middle of a request, by a reset.
func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func TestConnectionReset(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n%2 == 1 {
			hangUp(w)
			return
		}
		replies(jsonReply(200, `{"data": []}`))(w, r, n)
	})
	ctx, c := testContext(t), newTestClient(t, s.URL)
	if _, err := c.Links(ctx); err != nil || s.count() != 2 {
		t.Errorf("%v after %d requests", err, s.count())
	}
	if err := c.DeleteLink(ctx, "l", false); err != nil || s.count() != 4 {
		t.Errorf("%v after %d requests", err, s.count())
	}

	// The request came through, so it may have been carried out,
	s = serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) { hangUp(w) })
	c = newTestClient(t, s.URL)
	_, err := c.Links(ctx)
	if e := asError(t, err); e.Uncertain || e.Attempts != 3 || s.count() != 3 || !strings.Contains(e.Error(), "closed the connection without a full reply") {
		t.Errorf("%v after %d requests", e, s.count())
	}
	if e := asError(t, c.DeleteLink(ctx, "l", false)); !e.Uncertain || e.Attempts != 3 || s.count() != 6 {
		t.Errorf("%v after %d requests, uncertain %v", e, s.count(), e.Uncertain)
	}

	// or it did not, which nobody here can know.
	address, connections := serveRaw(t, func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) })
	err = newTestClient(t, "http://"+address).DeleteLink(ctx, "l", false)
	if e := asError(t, err); !e.Uncertain || e.Attempts != 3 || connections.count() != 3 {
		t.Errorf("%v after %d connections, uncertain %v", e, connections.count(), e.Uncertain)
	}
}

// A kept connection that net/http gives up, having sent nothing over it, makes
// no write uncertain.
func TestConnectionGivenUp(t *testing.T) {
	t.Parallel()
	c, _ := fakeClient(t, reply{})
	c.maxRetries = 0
	c.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		httptrace.ContextClientTrace(r.Context()).GetConn("rest.example.com:80")
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	})
	if e := asError(t, c.DeleteLink(testContext(t), "l", false)); e.Uncertain || !strings.Contains(e.Error(), "nothing listens") {
		t.Errorf("%v, uncertain %v", e, e.Uncertain)
	}
}

// cut answers with a part of a reply: with a length that is not reached, or in
// chunks that do not end.
func cut(chunked bool, status int, body string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		out := bufio.NewWriter(conn)
		_, _ = fmt.Fprintf(out, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n", status)
		if chunked {
			_, _ = fmt.Fprintf(out, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(body), body)
		} else {
			_, _ = fmt.Fprintf(out, "Content-Length: %d\r\n\r\n%s", len(body)+100, body)
		}
		_ = out.Flush()
		_ = conn.Close()
	}
}

func TestReplyCutOff(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	for _, chunked := range []bool{false, true} {
		for _, body := range []string{"", `{`, `{"metadata": {}`, `{"metadata": {},`, `{"data": [`, `{"data": [{"link_name": "a"}, {"link_`, `{"data": [{"link_name": "a"}]`} {
			if chunked && body == "" {
				continue // an empty chunk is the end
			}
			s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
				if n == 1 {
					cut(chunked, 200, body)(w, r, n)
					return
				}
				replies(jsonReply(200, `{"data": [{"link_name": "b"}]}`))(w, r, n)
			})
			links, err := newTestClient(t, s.URL).Links(ctx)
			if err != nil || s.count() != 2 || len(links) != 1 || links[0].Name != "b" {
				t.Errorf("chunked %v, %q: %v, %v after %d requests", chunked, body, links, err, s.count())
			}

			s = serve(t, cut(chunked, 200, body))
			c := newTestClient(t, s.URL)
			_, err = c.Link(ctx, "l", false)
			if e := asError(t, err); e.Attempts != 3 || s.count() != 3 || !strings.Contains(e.Error(), "cut off") {
				t.Errorf("chunked %v, %q: %v after %d requests", chunked, body, e, s.count())
			}

			_, err = c.AlterMirrors(ctx, "l", Promote, Selection{Names: []string{"m"}}, false)
			if e := asError(t, err); !e.Uncertain || e.Attempts != 1 || s.count() != 4 || e.Status != 200 {
				t.Errorf("chunked %v, %q: %v after %d requests, uncertain %v", chunked, body, e, s.count(), e.Uncertain)
			}
			// Where nobody wants to know the body, the status is enough.
			if err := c.CreateLink(ctx, NewLink{Name: "l"}, false); err != nil {
				t.Error(err)
			}
		}
	}
}

// A refusal whose body is cut is still that refusal.
func TestRefusalCutOff(t *testing.T) {
	t.Parallel()
	s := serve(t, cut(false, 401, `{"error_code": 40101, "mess`))
	_, err := newTestClient(t, s.URL).Links(testContext(t))
	if e := asError(t, err); !errors.Is(err, ErrUnauthorized) || e.Attempts != 1 {
		t.Error(e)
	}
}

// The end of JSON inside a reply that is complete in HTTP's eyes.
func TestReplyEndsEarly(t *testing.T) {
	t.Parallel()
	s := serve(t, replies(jsonReply(200, `{"metadata": {}`)))
	_, err := newTestClient(t, s.URL).Links(testContext(t))
	if e := asError(t, err); e.Attempts != 3 || !strings.Contains(e.Error(), "cut off") {
		t.Error(e)
	}
}

func TestReplyTooLarge(t *testing.T) {
	t.Parallel()
	row := `{"link_name": "` + strings.Repeat("n", 100) + `"},`
	s := serve(t, replies(jsonReply(200, `{"data": [`+strings.Repeat(row, 100)+`{"link_name": "l"}]}`)))
	ctx, c := testContext(t), newTestClient(t, s.URL)
	if links, err := c.Links(ctx); err != nil || len(links) != 101 {
		t.Errorf("%d, %v", len(links), err)
	}
	c.bounds.replyBytes = 10_000
	_, err := c.Links(ctx)
	if e := asError(t, err); e.Attempts != 1 || !strings.Contains(e.Error(), "unexpected reply: it is larger than any answer of this API") {
		t.Error(e)
	}
	_, err = c.AlterMirrors(ctx, "l", Promote, Selection{Names: []string{"m"}}, false)
	if e := asError(t, err); e.Attempts != 1 || !e.Uncertain {
		t.Error(e)
	}
}

// A reply that never comes costs an attempt its timeout.
func TestNoReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, times := fakeClient(t, reply{}, jsonReply(200, `{"data": []}`))
		if _, err := c.Links(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := gaps(*times); got[0] < 30*time.Second || got[0] > 31*time.Second {
			t.Errorf("tried again after %v", got)
		}

		c, times = fakeClient(t, reply{})
		err := c.DeleteLink(t.Context(), "l", false)
		e := asError(t, err)
		if !e.Uncertain || len(*times) != 9 || !strings.Contains(e.Error(), "no reply within 30s (after 9 attempts)") {
			t.Errorf("%v, uncertain %v", e, e.Uncertain)
		}
		// It is not the caller who ran out of time.
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v is the caller's deadline", err)
		}
	})
}

// The same over a network, where the header comes, and the body does not.
func TestBodyNeverComes(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			_, _ = io.WriteString(w, `{"data": [`)
			w.(http.Flusher).Flush()
			<-release
			return
		}
		replies(jsonReply(200, `{"data": []}`))(w, r, n)
	})
	defer close(release)
	c := newTestClient(t, s.URL, func(c *Config) { c.RequestTimeout = 100 * time.Millisecond })
	if _, err := c.Links(testContext(t)); err != nil || s.count() != 2 {
		t.Errorf("%v after %d requests", err, s.count())
	}
}
