package kafkarest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestThrottlingFailsNothingWhileThereIsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refusals := slices.Repeat([]reply{throttled()}, 40)
		c, times := fakeClient(t, append(refusals, jsonReply(200, `{"data": []}`))...)
		c.maxRetries = 2
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		if _, err := c.Links(ctx); err != nil || len(*times) != 41 {
			t.Errorf("%d attempts: %v", len(*times), err)
		}
	})
}

func TestThrottlingWithoutDeadlineEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, times := fakeClient(t, throttled())
		c.maxRetries = 2
		_, err := c.Links(context.Background())
		if e := asError(t, err); e.Status != http.StatusTooManyRequests || len(*times) != 3 {
			t.Errorf("%d attempts: %v", len(*times), err)
		}
	})
}

func TestRetryAfterHoldsAllCallsOfTheEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, times := fakeClient(t, throttled("Retry-After", "7"), jsonReply(200, `{"data": []}`))
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				if _, err := c.Links(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for i, at := range (*times)[1:] {
			if at < 7*time.Second {
				t.Errorf("request %d was sent after %v", i+1, at)
			}
		}
		if len(*times) != 6 {
			t.Errorf("%d requests for 5 calls of which one was refused", len(*times))
		}
	})
}

func TestThrottleLetsFewerThroughAndThenAllAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var th throttle
		for range 5 {
			th.refused(0)
		}
		if th.gap < 5*throttleFirst || th.gap > 6*throttleFirst {
			t.Errorf("after 5 refusals the gap is %v", th.gap)
		}
		started := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { _ = th.wait(t.Context()) })
		}
		all.Wait()
		if took := time.Since(started); took < 9*th.gap {
			t.Errorf("10 calls went within %v, at a gap of %v", took, th.gap)
		}
		for range 20 {
			th.answered()
		}
		started = time.Now()
		for range 100 {
			if err := th.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(started); th.gap != 0 || took > time.Second {
			t.Errorf("after 20 answers the gap is %v, and 100 calls took %v", th.gap, took)
		}
	})
}

// Some proxies refuse any calls, however few they are.
func TestThrottleDoesNotWaitEverLongerInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const calls = 5000
		var th throttle
		refusals := rand.New(rand.NewPCG(1, 2))
		started := time.Now()
		for answered := 0; answered < calls; {
			if err := th.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if refusals.Float64() < 0.3 {
				th.refused(0)
			} else {
				th.answered()
				answered++
			}
		}
		if each := time.Since(started) / calls; each > 50*time.Millisecond {
			t.Errorf("an answered call took %s", each)
		}
	})
}

func TestThrottleSaysWhyNothingWasSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, times := fakeClient(t, throttled("Retry-After", "60"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, _ = c.Links(ctx)
		_, err := c.Links(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "429 Too Many Requests") || len(*times) != 1 {
			t.Errorf("%d requests: %v", len(*times), err)
		}
	})
}
