package provider

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// Times in these tests are those of a clock that stands still while anything works.

func TestPollPausesLongerAndLonger(t *testing.T) {
	t.Parallel()
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	rising := []time.Duration{ms(100), ms(200), ms(400), ms(800), ms(1600), ms(3000), ms(3000), ms(3000)}
	for name, c := range map[string]struct {
		poll polling
		want []time.Duration // before each check
	}{
		"poll":      {poll, append([]time.Duration{0}, rising...)},
		"of a pace": {(&pace{shortest: pollShortest}).poll, rising},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var pauses []time.Duration
				last := time.Now()
				err := c.poll(t.Context(), func() (bool, error) {
					pauses = append(pauses, time.Since(last))
					last = time.Now()
					return len(pauses) == len(c.want), nil
				})
				if err != nil || !slices.Equal(pauses, c.want) {
					t.Errorf("paused %v (%v), want %v", pauses, err, c.want)
				}
			})
		})
	}
}

func TestPollEnds(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, p := range map[string]polling{"poll": poll, "of a pace": new(pace).poll} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				checks := 0
				if err := p(t.Context(), func() (bool, error) { checks++; return false, broken }); err != broken || checks != 1 {
					t.Errorf("error %v after %d checks", err, checks)
				}

				started := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				err := p(ctx, func() (bool, error) { return false, nil })
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != 10*time.Second {
					t.Errorf("error %v after %s", err, time.Since(started))
				}

				ctx, cancel = context.WithCancel(t.Context())
				time.AfterFunc(time.Minute, cancel)
				started = time.Now()
				err = p(ctx, func() (bool, error) { return false, nil })
				if !errors.Is(err, context.Canceled) || time.Since(started) != time.Minute {
					t.Errorf("error %v after %s", err, time.Since(started))
				}
			})
		})
	}
}

func TestAPaceLearnsWhenToLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace{shortest: pollShortest}
		// looks counts those of one who waits for what takes so long, and how long that was.
		looks := func(takes time.Duration) (n int, waited time.Duration) {
			started := time.Now()
			if err := p.poll(t.Context(), func() (bool, error) { n++; return time.Since(started) >= takes, nil }); err != nil {
				t.Error(err)
			}
			return n, time.Since(started)
		}
		if n, _ := looks(time.Second); n < 3 {
			t.Errorf("at first looked %d times", n)
		}
		for range 20 {
			if n, waited := looks(time.Second); n > 2 || waited > 1600*time.Millisecond {
				t.Errorf("later looked %d times, in %s", n, waited)
			}
		}
		looks(time.Hour)
		if n, waited := looks(time.Second); n != 1 || waited != pollLongest {
			t.Errorf("after what took long, looked %d times, in %s", n, waited)
		}
		for range 20 {
			looks(0)
		}
		if n, waited := looks(0); n != 1 || waited != pollShortest {
			t.Errorf("once it is fast, looked %d times, in %s", n, waited)
		}

		var together sync.WaitGroup // count as one
		for range 50 {
			together.Go(func() { looks(time.Second) })
		}
		together.Wait()
		if n, _ := looks(time.Second); n != 1 {
			t.Errorf("after 50 together, looked %d times", n)
		}
	})
}

// answer is what a server says.
func answer(status, code int, message string) error {
	return &kafkarest.Error{Method: "GET", Path: "/links", Status: status, Code: code, Message: message}
}

func TestPollingWhatIsNotVisibleYet(t *testing.T) {
	t.Parallel()
	var (
		notFound     = answer(404, 404, "no such link")
		unknownTopic = answer(404, kafkarest.CodeUnknownTopic, "no such topic")
		unresolved   = answer(404, 404, "Unable to resolve cluster link information")
		noOtherHalf  = answer(400, 40002, "Cluster does not have a link named 'a'")
		forbidden    = answer(403, 40301, "Not authorized")
	)
	const forEver = 1 << 30
	type outcome struct {
		err error
		min time.Duration
		max time.Duration
	}
	minute := time.Minute
	for name, c := range map[string]struct {
		err            error
		times          int // how often it is said, before success
		ready, visible outcome
	}{
		"nothing wrong":       {nil, 0, outcome{nil, 0, 0}, outcome{nil, 0, 0}},
		"not found for a bit": {notFound, 4, outcome{notFound, 0, 0}, outcome{nil, time.Second, 2 * time.Second}},
		"not found for ever":  {notFound, forEver, outcome{notFound, 0, 0}, outcome{notFound, visibilityWindow, visibilityWindow + pollLongest}},
		"no source topic":     {unknownTopic, forEver, outcome{unknownTopic, 0, 0}, outcome{unknownTopic, 0, 0}},
		"unresolved for long": {unresolved, 100, outcome{nil, 4 * minute, 5 * minute}, outcome{nil, 4 * minute, 5 * minute}},
		"half missing":        {noOtherHalf, 3, outcome{nil, 0, time.Second}, outcome{nil, 0, time.Second}},
		"half never there":    {noOtherHalf, forEver, outcome{context.DeadlineExceeded, 10 * minute, 10 * minute}, outcome{context.DeadlineExceeded, 10 * minute, 10 * minute}},
		"forbidden":           {forbidden, forEver, outcome{forbidden, 0, 0}, outcome{forbidden, 0, 0}},
	} {
		for how, poll := range map[string]func(context.Context, func() error) error{"ready": pollReady, "visible": pollVisible} {
			want := c.visible
			if how == "ready" {
				want = c.ready
			}
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
					defer cancel()
					started, said := time.Now(), 0
					err := poll(ctx, func() error {
						if said == c.times {
							return nil
						}
						said++
						return c.err
					})
					if !errors.Is(err, want.err) || want.err == nil && err != nil {
						t.Errorf("error %v, want %v", err, want.err)
					}
					if errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), c.err.Error()) {
						t.Errorf("error %q does not say what the server said last", err)
					}
					if took := time.Since(started); took < want.min || took > want.max {
						t.Errorf("took %s, want %s to %s", took, want.min, want.max)
					}
				})
			})
		}
	}
}

// A call that is cut off by the end of its time says nothing of the server: what
// counts is what the server said before.
func TestPollTellsTheLastAnswerThoughTheLastCallWasCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		calls := 0
		err := pollVisible(ctx, func() error {
			if calls++; calls == 1 {
				return answer(404, 404, "no such link")
			}
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no such link") {
			t.Errorf("error %v", err)
		}
	})
}

func TestALastLookOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		timeout, cancelled time.Duration // of the caller; 0: never
		want               time.Duration
	}{
		"ended before":    {0, 1, 1 + lookGrace},
		"ends meanwhile":  {time.Minute, 0, time.Minute + lookGrace},
		"Ctrl-C":          {time.Minute, 20 * time.Second, 20*time.Second + lookGrace},
		"without an end":  {0, 0, lookGrace},
		"has a long time": {time.Hour, 0, time.Hour + lookGrace},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				started := time.Now()
				caller, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.timeout > 0 {
					caller, cancel = context.WithTimeout(caller, c.timeout)
					defer cancel()
				}
				if c.cancelled > 0 {
					time.AfterFunc(c.cancelled, cancel)
				}
				if c.timeout == 0 && c.cancelled > 0 {
					<-caller.Done()
				}
				after, cancelAfter := afterwards(caller)
				defer cancelAfter()
				<-after.Done()
				if took := time.Since(started); took != c.want {
					t.Errorf("ended after %s, want %s", took, c.want)
				}
			})
		})
	}
}
