package provider

import (
	"context"
	"errors"
	"fmt"
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

// polling is poll or pollLater.
type polling = func(ctx context.Context, check func() (done bool, err error)) error

// poll calls check until it says that it is done or fails, pausing longer and
// longer between calls. It returns the error of check, or that of ctx. The
// pauses do not vary, so that those who wait for one thing together go on
// sharing their calls.
func poll(ctx context.Context, check func() (done bool, err error)) error {
	if done, err := check(); done || err != nil {
		return err
	}
	return pollLater(ctx, check)
}

// pollLater is poll for what cannot be done yet: it pauses first.
func pollLater(ctx context.Context, check func() (done bool, err error)) error {
	for pause := pollShortest; ; pause = min(pause*2, pollLongest) {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		if done, err := check(); done || err != nil {
			return err
		}
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

// afterwards returns a context for a last look at the server, whatever became of ctx.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), lookGrace)
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
