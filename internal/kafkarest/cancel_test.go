package kafkarest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slowClient's only server answers after a while, with each status in turn, and
// gives up a request only with its context.
func slowClient(t *testing.T, after time.Duration, statuses ...int) (c *Client, attempts *int) {
	t.Helper()
	c, _ = fakeClient(t, reply{})
	attempts = new(int)
	c.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		*attempts++
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-time.After(after):
			status := statuses[min(*attempts, len(statuses))-1]
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}
	})
	return c, attempts
}

func TestCancel(t *testing.T) {
	t.Parallel()
	read := func(ctx context.Context, c *Client) error { _, err := c.Topic(ctx, "t"); return err }
	validate := func(ctx context.Context, c *Client) error { return c.CreateLink(ctx, NewLink{Name: "l"}, true) }
	write := func(ctx context.Context, c *Client) error { return c.CreateLink(ctx, NewLink{Name: "l"}, false) }
	const second = time.Second
	for _, test := range []struct {
		name      string
		do        func(context.Context, *Client) error
		after     time.Duration // until the server answers
		statuses  []int
		cancel    time.Duration // when the caller gives up
		took      time.Duration
		ended     bool // the error is that of the context
		status    int
		attempts  int
		uncertain bool
	}{
		{"a read returns at once", read, 10 * second, []int{200}, 2 * second, 2 * second, true, 0, 1, false},
		{"so does a validation", validate, 10 * second, []int{200}, 2 * second, 2 * second, true, 0, 1, false},
		{"a write that is answered in time has succeeded", write, 4 * second, []int{201}, 2 * second, 4 * second, false, 201, 1, false},
		{"or is refused", write, 4 * second, []int{403}, 2 * second, 4 * second, false, 403, 1, false},
		{"or neither, and is not tried again", write, 4 * second, []int{503}, 2 * second, 4 * second, true, 503, 1, true},
		{"a write that is not answered", write, 10 * second, []int{201}, 2 * second, 5 * second, true, 0, 1, true},
		{"the request's own timeout is not stretched", write, 100 * second, []int{201}, 29 * second, 30 * second, true, 0, 1, true},
		{"cancelled before it began", write, second, []int{201}, 0, 0, true, 0, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, attempts := slowClient(t, test.after, test.statuses...)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.cancel == 0 {
					cancel()
				}
				time.AfterFunc(test.cancel, cancel)
				start := time.Now()
				err := test.do(ctx, c)
				if took := time.Since(start); took != test.took || *attempts != test.attempts {
					t.Errorf("took %v and %d attempts", took, *attempts)
				}
				if test.status/100 == 2 {
					if err != nil {
						t.Error(err)
					}
					return
				}
				e := asError(t, err)
				if errors.Is(err, context.Canceled) != test.ended || e.Status != test.status || e.Uncertain != test.uncertain {
					t.Errorf("status %d, uncertain %v: %v", e.Status, e.Uncertain, err)
				}
			})
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := slowClient(t, 10*time.Second, 200)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := c.Topic(ctx, "t")
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "gave up waiting for the reply") {
			t.Error(err)
		}
	})
}

func TestCancelWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, times := fakeClient(t, throttled("Retry-After", "60"))
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		time.AfterFunc(10*time.Second, cancel)
		err := c.CreateLink(ctx, NewLink{Name: "l"}, false)
		e := asError(t, err)
		if time.Since(start) != 10*time.Second || len(*times) != 1 || e.Uncertain || e.Status != 429 || !errors.Is(err, context.Canceled) {
			t.Errorf("after %v, %d attempts: %v", time.Since(start), len(*times), err)
		}
	})
}

// The same over a network: the body of a write's reply is part of its answer.
func TestCancelWhileReplyArrives(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(testContext(t))
	s := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data": [`))
		w.(http.Flusher).Flush()
		cancel()
		select {
		case <-r.Context().Done(): // the client has hung up
		case <-time.After(200 * time.Millisecond):
			_, _ = w.Write([]byte(`{"mirror_topic_name": "m"}]}`))
		}
	})
	verdicts, err := newTestClient(t, s.URL).AlterMirrors(ctx, "l", Pause, Selection{Names: []string{"m"}}, false)
	if err != nil || len(verdicts) != 1 {
		t.Errorf("%v, %v", verdicts, err)
	}
}

// A connection that cannot be made has carried no write.
func TestCancelWhileConnecting(t *testing.T) {
	t.Parallel()
	// Nobody accepts, and TLS waits for the server's first word.
	address, release := silent(t)
	defer release()
	c := newTestClient(t, "https://"+address)
	c.bounds.writeGrace = 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	err := c.DeleteLink(ctx, "l", false)
	if e := asError(t, err); e.Uncertain || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, uncertain %v", e, e.Uncertain)
	}
}
