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
	t.attempts++
	t.last = t.client.attempt(req, t.call, t.attempts, t.decode)
	if t.last == nil {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}
	t.uncertain = t.uncertain || t.last.Uncertain
	t.last.Uncertain, t.last.Attempts = t.uncertain, t.attempts
	return nil, t.last
}

// again tells go-retryablehttp whether to make another attempt. A pause that is
// sure to outlast the caller is not begun.
func (t *tries) again(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	if t.last == nil || !t.last.again || t.attempts > t.client.maxRetries {
		return false, nil
	}
	t.pause = t.client.bounds.wait(t.attempts, t.last.retryAfter)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < t.pause {
		t.givenUp(context.DeadlineExceeded)
		return false, nil
	}
	return true, nil
}

// givenUp adds to the last error that there was no time for another attempt.
func (t *tries) givenUp(err error) {
	t.last.err, t.last.again = err, false
	t.last.Message = strings.TrimPrefix(t.last.Message+"; not tried again: "+err.Error(), "; ")
}
