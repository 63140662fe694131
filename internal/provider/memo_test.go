package provider

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestMemoLoadsOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memo[int]
		var loads atomic.Int32
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() {
				got, err := m.get(t.Context(), func() (int, error) {
					loads.Add(1)
					time.Sleep(time.Second)
					return 42, nil
				})
				if got != 42 || err != nil {
					t.Errorf("got %d, %v", got, err)
				}
			})
		}
		group.Wait()
		if n := loads.Load(); n != 1 {
			t.Errorf("loaded %d times", n)
		}
	})
}

func TestMemoWaitsNoLongerThanItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memo[int]
		go func() {
			_, _ = m.get(context.WithoutCancel(t.Context()), func() (int, error) { time.Sleep(time.Minute); return 1, nil })
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		_, err := m.get(ctx, func() (int, error) { t.Error("loaded twice"); return 2, nil })
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != time.Second {
			t.Errorf("error %v after %s", err, time.Since(started))
		}
		// Whoever waits on gets the value.
		if got, err := m.get(t.Context(), func() (int, error) { t.Error("loaded twice"); return 2, nil }); got != 1 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
	})
}

func TestMemoKeepsErrorsOnlyWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, keep := range []bool{false, true} {
		m := memo[int]{keepErrors: keep}
		loads := 0
		load := func() (int, error) {
			if loads++; loads == 1 {
				return 0, broken
			}
			return 1, nil
		}
		if _, err := m.get(t.Context(), load); err != broken {
			t.Errorf("error %v", err)
		}
		got, err := m.get(t.Context(), load)
		if keep && (err != broken || loads != 1) || !keep && (err != nil || got != 1 || loads != 2) {
			t.Errorf("keeping %t: got %d, %v after %d loads", keep, got, err, loads)
		}
	}
}

// A caller that gave up says nothing of the server.
func TestMemoKeepsNoErrorOfACallerThatGaveUp(t *testing.T) {
	t.Parallel()
	m := memo[int]{keepErrors: true}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := m.get(ctx, func() (int, error) { cancel(); return 0, ctx.Err() }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got, err := m.get(t.Context(), func() (int, error) { return 1, nil }); got != 1 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}

func TestKeyedMakesOneForEachKey(t *testing.T) {
	t.Parallel()
	var made atomic.Int32
	k := keyed[memo[string]]{make: func(string) *memo[string] { made.Add(1); return &memo[string]{} }}
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			key := []string{"a", "b", "c"}[i%3]
			if got, err := k.of(key).get(t.Context(), func() (string, error) { return "of " + key, nil }); got != "of "+key || err != nil {
				t.Errorf("%s: got %q, %v", key, got, err)
			}
		})
	}
	group.Wait()
	if n := made.Load(); n != 3 {
		t.Errorf("made %d", n)
	}
}
