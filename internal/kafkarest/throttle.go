package kafkarest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// The space between requests after a first 429; it grows with each further
	// one, and shrinks again with each other answer. The factors balance where
	// two fifths of the calls are refused: a server that refuses any 30 % of them,
	// for which waiting is in vain, is not waited for ever longer.
	throttleFirst  = 10 * time.Millisecond
	throttleMost   = 2 * time.Second
	throttleGrow   = 1.5
	throttleShrink = 0.75
)

// throttle slows down all calls to an endpoint together while it answers 429:
// a limit is on the sum of them, so that to slow down each alone would only
// have others refused. The zero value lets everything pass.
type throttle struct {
	mu    sync.Mutex
	until time.Time     // what Retry-After asked for
	gap   time.Duration // between the starts of two requests
	next  time.Time     // when the next may start
}

// wait returns when the caller's turn has come, or an error once ctx ends
// before. It is not begun where it is sure to.
func (t *throttle) wait(ctx context.Context) error {
	t.mu.Lock()
	turn := time.Now()
	for _, bound := range []time.Time{t.until, t.next} {
		if bound.After(turn) {
			turn = bound
		}
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(turn) {
		t.mu.Unlock()
		return heldBack(cmp.Or(ctx.Err(), context.DeadlineExceeded))
	}
	t.next = turn.Add(t.gap)
	t.mu.Unlock()

	timer := time.NewTimer(time.Until(turn))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return heldBack(ctx.Err())
	case <-timer.C:
		return nil
	}
}

func heldBack(err error) error {
	return fmt.Errorf("held back by the server's limit (429 Too Many Requests): %w", err)
}

// refused is to be called after a 429, with what its Retry-After asked for.
func (t *throttle) refused(asked time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if asked > 0 {
		if until := now.Add(asked); until.After(t.until) {
			t.until = until
		}
	}
	t.gap = min(max(time.Duration(float64(t.gap)*throttleGrow), throttleFirst), throttleMost)
	// Not all clients of an endpoint are ours.
	t.next = now.Add(t.gap/2 + rand.N(t.gap))
}

// answered is to be called after every other answer.
func (t *throttle) answered() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gap = time.Duration(float64(t.gap) * throttleShrink); t.gap < time.Millisecond {
		t.gap = 0
	}
}
