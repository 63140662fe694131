package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// gathered is a gather whose calls are remembered.
type gathered struct {
	gather[string]
	mu   sync.Mutex
	runs [][]string // the keys of each
}

// newGathered makes a gather for so many resources at work, which are known to
// be as many as there can be; its calls take so long.
func newGathered(atWork int, took time.Duration) *gathered {
	g := &gathered{gather: gather[string]{crowd: &crowd{}}}
	for range atWork {
		g.crowd.enter()
		g.crowd.vain = gatherHopes
	}
	g.run = func(ctx context.Context, keys []string) func(string) (string, error) {
		g.mu.Lock()
		g.runs = append(g.runs, keys)
		g.mu.Unlock()
		err := pauseFor(ctx, took)
		return func(key string) (string, error) { return "of " + key, err }
	}
	return g
}

// pauseFor is a call that takes so long, and ends with ctx.
func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// expect calls for a key, and wants its own answer after so long.
func (g *gathered) expect(t *testing.T, key string, after time.Duration) {
	t.Helper()
	started := time.Now()
	got, err := g.do(t.Context(), key)
	if took := time.Since(started); got != "of "+key || err != nil || took != after {
		t.Errorf("%s: got %q, %v after %s, want it after %s", key, got, err, took, after)
	}
}

func (g *gathered) expectRuns(t *testing.T, want ...[]string) {
	t.Helper()
	if !slices.EqualFunc(g.runs, want, slices.Equal) {
		t.Errorf("carried out %q, want %q", g.runs, want)
	}
}

func keys(from, to int) []string {
	var keys []string
	for i := from; i < to; i++ {
		keys = append(keys, fmt.Sprintf("topic-%03d", i))
	}
	return keys
}

func TestLoneCallGoesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathered(1, time.Second)
		g.expect(t, "a", time.Second)
		g.expect(t, "b", time.Second)
		g.expectRuns(t, []string{"a"}, []string{"b"})
	})
}

func TestWhoIsAloneDoesNotHopeForOthersForever(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathered(0, time.Second)
		for range gatherHopes {
			leave := g.crowd.enter()
			g.expect(t, "a", gatherBriefly+time.Second)
			leave()
		}
		leave := g.crowd.enter()
		g.expect(t, "a", time.Second)
		leave()
	})
}

func TestCallsGoAsOneOnceAllAtWorkWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const atWork, apart = 300, time.Millisecond
		g := newGathered(atWork, time.Second)
		var group sync.WaitGroup
		for i, key := range keys(0, atWork) {
			group.Go(func() {
				time.Sleep(time.Duration(i) * apart)
				g.expect(t, key, time.Duration(atWork-1-i)*apart+time.Second)
			})
		}
		group.Wait()
		g.expectRuns(t, keys(0, atWork))
	})
}

func TestCallsGoOnceNoMoreCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathered(10, time.Second)
		var group sync.WaitGroup
		group.Go(func() { g.expect(t, "b", gatherQuiet/2+gatherQuiet+time.Second) })
		time.Sleep(gatherQuiet / 2)
		group.Go(func() { g.expect(t, "a", gatherQuiet+time.Second) })
		group.Go(func() { g.expect(t, "a", gatherQuiet+time.Second) })
		group.Wait()
		g.expectRuns(t, []string{"a", "b"}) // sorted, each once
	})
}

func TestFirstCallsWaitForThoseWhoBeginWithThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathered(0, time.Second)
		var group sync.WaitGroup
		for i, key := range keys(0, 10) {
			group.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				defer g.crowd.enter()()
				g.expect(t, key, time.Duration(9-i)*time.Millisecond+gatherBriefly+time.Second)
			})
		}
		group.Wait()
		g.expectRuns(t, keys(0, 10))
	})
}

func TestPatientCallsWaitForThoseAtWorkElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const elsewhere = 4 * gatherQuiet
		g := newGathered(10, time.Second)
		g.patient = true
		var group sync.WaitGroup
		for _, key := range keys(0, 4) {
			group.Go(func() { g.expect(t, key, elsewhere+time.Second) })
		}
		time.Sleep(elsewhere)
		for _, key := range keys(4, 10) {
			group.Go(func() { g.expect(t, key, time.Second) })
		}
		group.Wait()
		g.expectRuns(t, keys(0, 10))
	})
}

func TestPatientCallsDoNotWaitForThoseWhoTakeLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathered(10, time.Second)
		g.patient = true
		g.expect(t, "while one may still come", gatherPatience+time.Second)
		time.Sleep(gatherStuck)
		g.expect(t, "when none will", time.Second)
		for range 9 { // others have begun since
			defer g.crowd.enter()()
		}
		g.expect(t, "of those", gatherPatience+time.Second)
	})
}

func TestABusyMachineIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const gap = 3 * gatherQuiet // from one to the next
		g := newGathered(0, time.Second)
		for range 30 {
			g.crowd.enter()
			time.Sleep(gap)
		}
		var group sync.WaitGroup
		for _, key := range keys(0, 10) {
			group.Go(func() {
				if _, err := g.do(t.Context(), key); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(gap)
		}
		group.Wait()
		g.expectRuns(t, keys(0, 10))
	})
}

func TestNobodyWaitsLongerThanTheLongest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathered(1000, 0)
		var group sync.WaitGroup
		for _, key := range keys(0, 200) {
			group.Go(func() {
				started := time.Now()
				if _, err := g.do(t.Context(), key); err != nil || time.Since(started) > gatherLongest {
					t.Errorf("%s: %v after %s", key, err, time.Since(started))
				}
			})
			time.Sleep(gatherQuiet / 3)
		}
		group.Wait()
		if most := 200*(gatherQuiet/3)/gatherLongest + 2; len(g.runs) > int(most) {
			t.Errorf("carried out %d times, want at most %d", len(g.runs), most)
		}
	})
}

// With real time and many processors, so that the race detector sees all there is.
func TestResultsReachTheirCallers(t *testing.T) {
	t.Parallel()
	g := newGathered(0, time.Millisecond)
	var group sync.WaitGroup
	for i := range 400 {
		group.Go(func() {
			for j := range 10 {
				leave := g.crowd.enter()
				key := fmt.Sprintf("topic-%d", (i+j)%150)
				ctx, cancel := context.WithCancel(t.Context())
				if gone := (i+j)%7 == 0; gone {
					go cancel()
				}
				got, err := g.do(ctx, key)
				if err == nil && got != "of "+key || err != nil && ctx.Err() == nil {
					t.Errorf("%s: got %q, %v", key, got, err)
				}
				cancel()
				leave()
			}
		})
	}
	group.Wait()
}

func TestOneWhoGivesUpFailsNoOther(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Duration{"while calls gather": gatherQuiet / 2, "while the call is on its way": gatherQuiet + time.Second/2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGathered(10, time.Second)
				first, cancel := context.WithTimeout(t.Context(), at)
				defer cancel()
				var group sync.WaitGroup
				group.Go(func() {
					started := time.Now()
					if _, err := g.do(first, "first"); !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != at {
						t.Errorf("the one who gave up: %v after %s", err, time.Since(started))
					}
				})
				synctest.Wait()
				group.Go(func() { g.expect(t, "other", gatherQuiet+time.Second) })
				group.Wait()
				if at < gatherQuiet {
					g.expectRuns(t, []string{"other"})
				} else {
					g.expectRuns(t, []string{"first", "other"})
				}
			})
		})
	}
}

func TestWhatNobodyWaitsForIsNotDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathered(10, time.Hour)
		g.abandon(t, gatherQuiet/2, "a", "b")
		g.expectRuns(t)

		// Who comes then waits as long as any first one, and gets an answer.
		g.expect(t, "c", gatherQuiet+time.Hour)
		g.expectRuns(t, []string{"c"})
	})
}

func TestCallThatNobodyWaitsForIsCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathered(2, time.Hour)
		run, ended := g.run, make(chan error, 2)
		g.run = func(ctx context.Context, keys []string) func(string) (string, error) {
			answer := run(ctx, keys)
			ended <- ctx.Err()
			return answer
		}
		g.abandon(t, time.Minute, "a", "b")
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the call ended with %v", err)
			}
		default:
			t.Error("the call goes on")
		}
		g.expect(t, "c", gatherQuiet+time.Hour)
		g.expectRuns(t, []string{"a", "b"}, []string{"c"})
	})
}

// abandon calls for keys, gives up on all of them after a time, and returns
// when everything that follows from this has happened.
func (g *gathered) abandon(t *testing.T, after time.Duration, keys ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	var group sync.WaitGroup
	for _, key := range keys {
		group.Go(func() {
			if _, err := g.do(ctx, key); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: error %v", key, err)
			}
		})
	}
	group.Wait()
	synctest.Wait()
}

func TestErrorsReachAllAndAreNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		g := newGathered(100, 0)
		run := g.run
		g.run = func(ctx context.Context, keys []string) func(string) (string, error) {
			if answer := run(ctx, keys); len(g.runs) > 1 {
				return answer
			}
			return func(string) (string, error) { return "", broken }
		}
		var group sync.WaitGroup
		for _, key := range keys(0, 100) {
			group.Go(func() {
				if _, err := g.do(t.Context(), key); err != broken {
					t.Errorf("%s: error %v", key, err)
				}
			})
		}
		group.Wait()
		g.expect(t, "later", gatherQuiet)
	})
}
