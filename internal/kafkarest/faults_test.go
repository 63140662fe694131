package kafkarest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/figures"
)

// This file drives every call of the client through everything that can happen
// to a request and its reply.

// outcome is what a call comes to that was struck by a fault.
type outcome struct {
	ok        bool // it succeeds all the same
	again     bool // it is tried again, and succeeds where the fault has passed
	uncertain bool // a failure leaves open whether it was carried out
	status    int
	words     string // of the error
}

// restFault is one way in which a request can go wrong.
type restFault struct {
	name    string
	strike  func(c apiCall) func(http.ResponseWriter, *http.Request, int)
	comesTo func(c apiCall) outcome
	change  func(*Config)
	pause   time.Duration // at least so long before it is tried again
}

// answered is a fault that is an answer like any other.
func answered(name string, r reply, comesTo func(apiCall) outcome) restFault {
	return restFault{name: name, comesTo: comesTo, strike: func(apiCall) func(http.ResponseWriter, *http.Request, int) { return replies(r) }}
}

// busy is the outcome of throttling: nothing was carried out.
func busy(apiCall) outcome {
	return outcome{again: true, status: 429, words: "Error 429 Too Many Requests"}
}

// broken is the outcome of trouble behind which a write may have been carried out.
func broken(status int, words string) func(apiCall) outcome {
	return func(c apiCall) outcome {
		return outcome{again: true, uncertain: c.writes, status: status, words: words}
	}
}

// unreadable is the outcome of a success whose body says nothing.
func unreadable(words string) func(apiCall) outcome {
	return func(c apiCall) outcome {
		return outcome{ok: !c.decodes(), uncertain: c.writes, status: 200, words: words}
	}
}

// huge answers with a body of 100 MB, which is text and then one long string.
func huge(status int, text string) func(http.ResponseWriter, *http.Request, int) {
	filler := []byte(strings.Repeat("x", 1<<20))
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, err := io.WriteString(w, text)
		for range 100 {
			if err == nil {
				_, err = w.Write(filler)
			}
		}
	}
}

// retryDate is a Retry-After that is two seconds away by a clock that is wrong by skew.
func retryDate(skew time.Duration) func(apiCall) func(http.ResponseWriter, *http.Request, int) {
	return func(apiCall) func(http.ResponseWriter, *http.Request, int) {
		return func(w http.ResponseWriter, r *http.Request, n int) {
			now := time.Now().Add(skew)
			replies(throttled("Date", now.UTC().Format(http.TimeFormat), "Retry-After", now.Add(2*time.Second).UTC().Format(http.TimeFormat)))(w, r, n)
		}
	}
}

// everyFault lists what can go wrong; elsewhere is another host.
func everyFault(elsewhere string) []restFault {
	always := func(f func(http.ResponseWriter, *http.Request, int)) func(apiCall) func(http.ResponseWriter, *http.Request, int) {
		return func(apiCall) func(http.ResponseWriter, *http.Request, int) { return f }
	}
	cutOff := func(c apiCall) outcome {
		return outcome{ok: !c.decodes(), again: !c.writes, uncertain: c.writes, status: 200, words: "the reply was cut off"}
	}
	const hungUp = "closed the connection without a full reply"
	faults := []restFault{
		answered("429", throttled(), busy),
		answered("429 in JSON", jsonReply(429, `{"error_code": 429, "message": "Error 429 Too Many Requests"}`), busy),
		answered("500", jsonReply(500, `{"error_code": 500, "message": "Internal Server Error"}`), broken(500, "Internal Server Error")),
		answered("502", htmlReply(502, "<html><title>502 Bad Gateway</title>"), broken(502, "502 Bad Gateway")),
		answered("503", htmlReply(503, "<html><h1>no server is available</h1>"), broken(503, "no server is available")),
		answered("504", htmlReply(504, ""), broken(504, "504 Gateway Timeout")),
		answered("50003", jsonReply(500, `{"error_code": 50003, "message": "Request timed out"}`), broken(500, "(error_code 50003): Request timed out")),
		answered("50003 with another status", jsonReply(400, `{"error_code": 50003, "message": "Request timed out"}`), broken(400, "Request timed out")),
		answered("a page where JSON should be", htmlReply(200, "<html><title>Sign in</title>"), func(c apiCall) outcome {
			return outcome{uncertain: c.writes, status: 200, words: "a page of HTML"}
		}),
		answered("text where JSON should be", jsonReply(200, "welcome"), unreadable("unexpected reply")),
		{name: "429, Retry-After in seconds", strike: always(replies(throttled("Retry-After", "1"))), comesTo: busy, pause: time.Second},
		{name: "429, Retry-After as a date", strike: retryDate(0), comesTo: busy, pause: time.Second},
		{name: "429, Retry-After by a clock an hour ahead", strike: retryDate(time.Hour), comesTo: busy, pause: time.Second},
		{name: "429, Retry-After by a clock an hour behind", strike: retryDate(-time.Hour), comesTo: busy, pause: time.Second},
		{name: "reset", strike: always(func(w http.ResponseWriter, _ *http.Request, _ int) { hangUp(w) }), comesTo: broken(0, hungUp)},
		{name: "closed without a word", strike: always(func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }), comesTo: broken(0, hungUp)},
		{name: "half a reply", strike: always(cut(false, 200, `{"metadata": {}, "da`)), comesTo: cutOff},
		{name: "half a reply in chunks", strike: always(cut(true, 200, `{"metadata": {}, "da`)), comesTo: cutOff},
		{name: "half a refusal", strike: always(cut(false, 503, `{"error_code": 503, "mess`)), comesTo: broken(503, "503 Service Unavailable")},
		{name: "no reply", strike: always(func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }),
			comesTo: broken(0, "no reply within 1s"), change: func(c *Config) { c.RequestTimeout = time.Second }},
		{name: "100 MB", strike: always(huge(200, `{"kind": "`)), comesTo: unreadable("larger than any answer of this API")},
		{name: "a refusal of 100 MB", strike: always(huge(503, `{"message": "`)), comesTo: broken(503, "503 Service Unavailable")},
		{name: "wrong types", comesTo: unreadable("unexpected reply"), strike: func(c apiCall) func(http.ResponseWriter, *http.Request, int) {
			return replies(jsonReply(200, c.wrong))
		}},
		{name: "unknown fields and values", comesTo: func(apiCall) outcome { return outcome{ok: true} }, strike: func(c apiCall) func(http.ResponseWriter, *http.Request, int) {
			return replies(novel(c.good))
		}},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		redirect := jsonReply(status, "")
		redirect.header.Set("Location", elsewhere+"/kafka/v3")
		faults = append(faults, answered(http.StatusText(status), redirect, func(apiCall) outcome {
			return outcome{status: status, words: "redirects to " + elsewhere + "/kafka/v3, which is not followed; correct rest_endpoint"}
		}))
	}
	return faults
}

// novel is a reply as a newer server may give it: with more fields in every
// object, and other words where there is a choice of them.
func novel(r reply) reply {
	if len(r.body) == 0 {
		return r
	}
	var document any
	_ = json.Unmarshal(r.body, &document)
	addTo(document)
	r.body, _ = json.Marshal(document)
	return r
}

func addTo(document any) {
	switch node := document.(type) {
	case []any:
		for _, element := range node {
			addTo(element)
		}
	case map[string]any:
		for key, value := range node {
			if _, isText := value.(string); isText && (strings.HasSuffix(key, "state") || strings.HasSuffix(key, "status") || key == "link_error" || key == "source") {
				node[key] = "NEVER_HEARD_OF"
			}
			addTo(value)
		}
		node["never_heard_of"] = []any{map[string]any{"data": nil}, "x", 1.5}
	}
}

func TestEveryCallThroughEveryFault(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, replies(jsonReply(200, "{}")))
	var struck atomic.Int64
	faults := everyFault(elsewhere.URL)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			var all sync.WaitGroup
			for _, c := range everyCall {
				all.Go(func() { struck.Add(f.passes(t, c)) })
				all.Go(func() { struck.Add(f.stays(t, c)) })
			}
			all.Wait()
		})
	}
	t.Cleanup(func() {
		if elsewhere.count() != 0 {
			t.Errorf("redirects were followed: %q", elsewhere.lines())
		}
		figures.Tell(t, "client: %d calls, each through %d kinds of faults, once and for good: %d faults injected", len(everyCall), len(faults), struck.Load())
	})
}

// client is one for a server that answers with strike so many times, and then as it should.
func (f restFault) client(t *testing.T, c apiCall, times int) (*Client, *server, *[]time.Time) {
	t.Helper()
	var mu sync.Mutex
	came := &[]time.Time{}
	strike, answer := f.strike(c), replies(c.good)
	s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		mu.Lock()
		*came = append(*came, time.Now())
		mu.Unlock()
		if n <= times {
			strike(w, r, n)
			return
		}
		answer(w, r, n)
	})
	client := newTestClient(t, s.URL, func(cfg *Config) {
		if c.method == "ClusterID" {
			cfg.ClusterID = ""
		}
		if f.change != nil {
			f.change(cfg)
		}
	})
	client.bounds.replyBytes = 1 << 20
	return client, s, came
}

// passes strikes a call once, and returns that number.
func (f restFault) passes(t *testing.T, c apiCall) int64 {
	t.Helper()
	healthy, _, _ := f.client(t, c, 0)
	want, err := c.do(testContext(t), healthy)
	if err != nil {
		t.Errorf("%s without a fault: %v", c.method, err)
		return 0
	}
	client, s, came := f.client(t, c, 1)
	got, err := c.do(testContext(t), client)
	comesTo, requests := f.comesTo(c), 1
	if comesTo.again && !comesTo.ok {
		comesTo.ok, requests = true, 2
	}
	switch {
	case !comesTo.ok:
		comesTo.check(t, c, err, 1)
	case err != nil:
		t.Errorf("%s: %v", c.method, err)
	case f.name != "unknown fields and values" && !reflect.DeepEqual(got, want):
		t.Errorf("%s: got %s\nwant %s", c.method, show(got), show(want))
	}
	if s.count() != requests {
		t.Errorf("%s: %d requests, want %d", c.method, s.count(), requests)
	} else if requests == 2 && (*came)[1].Sub((*came)[0]) < f.pause {
		t.Errorf("%s: tried again after %s, want %s", c.method, (*came)[1].Sub((*came)[0]), f.pause)
	}
	return 1
}

// stays strikes a call again and again, and returns how often. Without a
// deadline, throttling ends too.
func (f restFault) stays(t *testing.T, c apiCall) int64 {
	t.Helper()
	client, s, _ := f.client(t, c, 1<<30)
	client.maxRetries = 1
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := c.do(ctx, client)
	comesTo, attempts := f.comesTo(c), 1
	if comesTo.ok {
		if err != nil {
			t.Errorf("%s: %v", c.method, err)
		}
		return int64(s.count())
	}
	if comesTo.again {
		attempts = 2
	}
	comesTo.check(t, c, err, attempts)
	if s.count() != attempts {
		t.Errorf("%s: %d requests, want %d", c.method, s.count(), attempts)
	}
	return int64(s.count())
}

func (o outcome) check(t *testing.T, c apiCall, err error, attempts int) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Errorf("%s: %v (%T) is no *Error", c.method, err, err)
		return
	}
	if e.Status != o.status || e.Uncertain != o.uncertain || e.Attempts != attempts || !strings.Contains(err.Error(), o.words) {
		t.Errorf("%s: status %d, uncertain %v, %d attempts: %v\nwant %+v, %d attempts", c.method, e.Status, e.Uncertain, e.Attempts, err, o, attempts)
	}
	if len(err.Error()) > 2000 {
		t.Errorf("%s: an error of %d bytes", c.method, len(err.Error()))
	}
}

// A write whose reply is lost is made again, and what a server makes of that
// tells the caller to look before it calls the write a failure.
func TestEveryWriteWhoseReplyIsLost(t *testing.T) {
	t.Parallel()
	for _, c := range everyCall {
		if !c.writes {
			continue
		}
		t.Run(c.method, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
				if n == 1 {
					hangUp(w) // carried out, and not answered
					return
				}
				replies(c.repeated)(w, r, n)
			})
			_, err := c.do(testContext(t), newTestClient(t, s.URL))
			if s.count() != 2 || s.requests[0].body != s.requests[1].body || s.requests[0].line != s.requests[1].line {
				t.Errorf("sent %q", s.lines())
			}
			if c.meaning == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, c.meaning) || !IsUncertain(err) {
				t.Errorf("%v, uncertain %v", err, IsUncertain(err))
			}
		})
	}
}

// The limit that users have: of 100 MB no more than that is read.
func TestReplyOf100MB(t *testing.T) {
	t.Parallel()
	s := serve(t, huge(200, `{"kind": "`))
	var read int64
	err := newTestClient(t, s.URL).send(testContext(t), call{method: http.MethodGet, path: "/clusters"}, func(body io.Reader) (err error) {
		read, err = io.Copy(io.Discard, body)
		return err
	})
	if e := asError(t, err); e.Attempts != 1 || read != defaultBounds.replyBytes || !strings.Contains(err.Error(), "larger than any answer of this API") {
		t.Errorf("read %d bytes: %v", read, err)
	}
}
