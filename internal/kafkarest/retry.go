package kafkarest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const defaultRequestTimeout = 30 * time.Second

// bounds are the limits that no user has a reason to change.
type bounds struct {
	// A list of 10,000 mirror topics with 12 partitions each takes about
	// 10 MB; whatever is several times larger is no answer of this API.
	replyBytes int64

	// How long a write that is under way may still be answered after its
	// caller gave up: cutting it off would leave nobody knowing what it did.
	writeGrace time.Duration

	waitMin, waitMax time.Duration // between attempts
	retryAfterMax    time.Duration // the longest wait a server is granted
}

var defaultBounds = bounds{
	replyBytes:    64 << 20,
	writeGrace:    3 * time.Second,
	waitMin:       100 * time.Millisecond,
	waitMax:       5 * time.Second,
	retryAfterMax: 2 * time.Minute,
}

// attemptContext bounds one attempt. A read ends with its caller. A write that
// is under way when its caller gives up has writeGrace to be answered.
func (c *Client) attemptContext(ctx context.Context, cl call) (context.Context, context.CancelFunc) {
	if !cl.changes() {
		return context.WithTimeout(ctx, c.requestTimeout)
	}
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.requestTimeout)
	stop := context.AfterFunc(ctx, func() {
		grace := time.AfterFunc(c.bounds.writeGrace, cancel)
		<-detached.Done()
		grace.Stop()
	})
	return detached, func() { stop(); cancel() }
}

// worthRetrying tells whether a refusal may end by itself: throttling, or
// trouble of the server or a gateway.
func worthRetrying(status, code int) bool {
	return status == http.StatusTooManyRequests || serverTrouble(status) || serverTrouble(code/100)
}

func serverTrouble(status int) bool {
	return status >= 500 && status <= 599 && status != http.StatusNotImplemented
}

// wait is how long to wait after attempt n. It doubles each time, unless the
// server asked for a wait, and varies, so that many calls that were refused
// together do not come back together.
func (b bounds) wait(n int, asked time.Duration) time.Duration {
	if asked > 0 {
		asked = min(asked, b.retryAfterMax)
		return asked + rand.N(asked/8+1)
	}
	wait := min(b.waitMin<<min(n-1, 20), b.waitMax)
	return wait/2 + rand.N(wait/2+1)
}

// retryAfter is the wait that a Retry-After header asks for, in seconds or up
// to a date, which is taken by the server's own clock; 0 where there is none.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	// Out of range, ParseInt gives the largest or smallest number there is.
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		const day = 24 * 60 * 60
		return time.Duration(min(max(seconds, 0), day)) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(until.Sub(now), 0)
}
