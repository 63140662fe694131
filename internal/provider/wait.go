package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	pollShortest = 100 * time.Millisecond
	pollLongest  = 3 * time.Second

	// visibilityWindow bounds how long an answer that speaks against what was
	// just done is taken for a delay of the server's. Live clusters were seen to
	// answer 404 for some seconds after a creation.
	visibilityWindow = 30 * time.Second

	// lookGrace is how long to look for what an unanswered write did, after
	// the user's time is over or Ctrl-C was pressed.
	lookGrace = 5 * time.Second
)

// polling is poll, or that of a pace.
type polling = func(ctx context.Context, check func() (done bool, err error)) error

// poll calls check until it says that it is done or fails, pausing longer and
// longer between calls. It returns the error of check, or that of ctx. The
// pauses do not vary, so that those who wait for one thing together go on
// sharing their calls.
func poll(ctx context.Context, check func() (done bool, err error)) error {
	return pollAfter(ctx, 0, check)
}

// pollAfter is poll for what is not to be expected before some time.
func pollAfter(ctx context.Context, first time.Duration, check func() (done bool, err error)) error {
	pause, next := first, pollShortest
	if first > 0 {
		next = max(2*pollShortest, first/2)
	}
	for {
		if pause > 0 {
			timer := time.NewTimer(pause)
			select {
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			case <-timer.C:
			}
		}
		if done, err := check(); done || err != nil {
			return err
		}
		pause, next = next, min(next*2, pollLongest)
	}
}

// pace polls for what many wait for, one after the other, and what takes a
// server about as long each time: the next ones look when it is to be expected.
type pace struct {
	shortest time.Duration // before the first look, at least

	mu    sync.Mutex
	first time.Duration
}

func (p *pace) poll(ctx context.Context, check func() (done bool, err error)) error {
	p.mu.Lock()
	first := max(p.first, p.shortest)
	p.mu.Unlock()
	started, looks := time.Now(), 0
	err := pollAfter(ctx, first, func() (bool, error) {
		looks++
		return check()
	})
	if err == nil {
		p.learn(first, looks, time.Since(started))
	}
	return err
}

// learn makes the first pause as long as it has taken, or shorter where it was
// long enough. Of those who have waited together one counts.
func (p *pace) learn(first time.Duration, looks int, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case max(p.first, p.shortest) != first:
	case looks > 1:
		p.first = min(took, pollLongest)
	case first*3/4 >= pollShortest:
		p.first = first * 3 / 4
	default:
		p.first = p.shortest
	}
}

// pollWhile repeats a call as long as its error is one that may pass by itself.
// Where ctx ends first, the error says what the last such error was.
func pollWhile(ctx context.Context, passing func(error) bool, call func() error) error {
	var last error
	err := poll(ctx, func() (bool, error) {
		err := call()
		if err == nil || !passing(err) {
			return true, err
		}
		last = err
		return false, nil
	})
	if err != nil && last != nil && ctx.Err() != nil {
		return fmt.Errorf("%w; the last answer was: %w", err, last)
	}
	return err
}

// pollReady repeats a call while its error says that something it needs, such
// as the other half of a pair of links, is not visible yet.
func pollReady(ctx context.Context, call func() error) error {
	return pollWhile(ctx, isNotReady, call)
}

// pollVisible does that for calls on what was just created, too, which a server
// may not find for a while.
func pollVisible(ctx context.Context, call func() error) error {
	started := time.Now()
	return pollWhile(ctx, func(err error) bool {
		notFound := errors.Is(err, kafkarest.ErrNotFound) && kafkarest.Code(err) != kafkarest.CodeUnknownTopic
		return isNotReady(err) || notFound && time.Since(started) <= visibilityWindow
	}, call)
}

func isNotReady(err error) bool {
	return errors.Is(err, kafkarest.ErrNotReady)
}

// afterwards returns a context for a last look at the server, which goes on for
// lookGrace after the end of ctx. While ctx has time, so has the look: a busy
// server may let it wait for as long as the write before.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now()
	if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil {
		end = deadline
	}
	after, cancel := context.WithDeadline(context.WithoutCancel(ctx), end.Add(lookGrace))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lookGrace, cancel) })
	return after, func() { stop(); cancel() }
}

// unlessDone returns err, with which a write has failed, or nil where its reply
// was lost and a look at the server shows that it was carried out.
func unlessDone(ctx context.Context, err error, look func(context.Context) bool) error {
	if !kafkarest.IsUncertain(err) {
		return err
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if look(ctx) {
		return nil
	}
	return err
}
