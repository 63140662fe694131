package kafkarest

import (
	"context"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// tries are the attempts at one call, which go-retryablehttp makes one after
// another. It sees to the loop and its pauses; what an attempt came to, and so
// whether another is worth it, is judged here, with the reply's body read.
type tries struct {
	client *Client
	call   call
	decode func(io.Reader) error

	attempts  int
	failures  int    // those that were not throttling
	uncertain bool   // that of any attempt
	last      *Error // nil: it succeeded
	pause     time.Duration
}

// do carries the call out, and returns nil where it succeeded.
func (t *tries) do(req *retryablehttp.Request) *Error {
	loop := &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: t},
		RetryMax:     math.MaxInt, // again knows when it is enough
		CheckRetry:   t.again,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return t.pause },
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	resp, _ := loop.Do(req)
	if resp != nil {
		_ = resp.Body.Close()
	}
	if err := req.Context().Err(); err != nil && t.last != nil && t.last.again {
		t.givenUp(err)
	}
	return t.last
}

// RoundTrip makes one attempt. What it returns is for go-retryablehttp alone.
func (t *tries) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.client.throttle.wait(req.Context()); err != nil {
		if t.last == nil {
			t.last = notSent(t.call, err)
		} else {
			t.givenUp(err)
		}
		return nil, t.last
	}
	t.attempts++
	t.last = t.client.attempt(req, t.call, t.attempts, t.decode)
	if t.last == nil {
		t.client.throttle.answered()
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}
	if t.throttled() {
		t.client.throttle.refused(min(t.last.retryAfter, t.client.bounds.retryAfterMax))
	} else if t.last.Status != 0 {
		t.client.throttle.answered()
	}
	t.uncertain = t.uncertain || t.last.Uncertain
	t.last.Uncertain, t.last.Attempts = t.uncertain, t.attempts
	return nil, t.last
}

// again tells go-retryablehttp whether to make another attempt. A pause that is
// sure to outlast the caller is not begun.
func (t *tries) again(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	if t.last == nil || !t.last.again {
		return false, nil
	}
	deadline, bounded := ctx.Deadline()
	// As long as the caller has time, nothing fails because others are busy.
	if !t.throttled() || !bounded {
		if t.failures++; t.failures > t.client.maxRetries {
			return false, nil
		}
	}
	t.pause = 0
	if t.throttled() {
		return true, nil // the throttle says when it is this call's turn
	}
	t.pause = t.client.bounds.wait(t.failures, t.last.retryAfter)
	if bounded && time.Until(deadline) < t.pause {
		t.givenUp(context.DeadlineExceeded)
		return false, nil
	}
	return true, nil
}

func (t *tries) throttled() bool {
	return t.last != nil && t.last.Status == http.StatusTooManyRequests
}

// givenUp adds to the last error that there was no time for another attempt.
func (t *tries) givenUp(err error) {
	t.last.err, t.last.again = err, false
	t.last.Message = strings.TrimPrefix(t.last.Message+"; not tried again: "+err.Error(), "; ")
}
