package provider

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

// poll calls check until it says that it is done or fails, pausing longer and
// longer between calls. It returns the error of check, or that of ctx.
func poll(ctx context.Context, check func() (done bool, err error)) error {
	pause := pollShortest
	for {
		done, err := check()
		if done || err != nil {
			return err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		pause = min(pause*2, pollLongest)
	}
}

// pollVisible repeats a call as long as its error says that something which was
// just created, such as its link or the other half of a pair, is not visible yet.
func pollVisible(ctx context.Context, call func() error) error {
	started := time.Now()
	var last error
	err := poll(ctx, func() (bool, error) {
		last = call()
		switch {
		case errors.Is(last, kafkarest.ErrNotReady):
			return false, nil
		case errors.Is(last, kafkarest.ErrNotFound) && kafkarest.Code(last) != kafkarest.CodeUnknownTopic:
			return time.Since(started) > visibilityWindow, nil
		}
		return true, nil
	})
	if err != nil && last != nil && !errors.Is(last, err) {
		return fmt.Errorf("%w; the last answer was: %w", err, last)
	}
	return last
}

// afterwards returns a context for a last look at the server, whatever became of ctx.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), lookGrace)
}
