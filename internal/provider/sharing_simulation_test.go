package provider

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// simulation is a Terraform with so many slots whose machine needs core for
// each step of a resource outside of the provider, one after another, and a
// server that needs latency for each call and delay to stop a mirror topic.
type simulation struct {
	topics, parallelism  int
	core, latency, delay time.Duration
}

func (s simulation) destroy(t *testing.T) (calls int, took time.Duration) {
	started := time.Now()
	var mu sync.Mutex
	machine := make(chan struct{}, 1)
	rng := rand.New(rand.NewPCG(1, 2))
	stopsAt := map[string]time.Time{}
	call := func() {
		mu.Lock()
		calls++
		mu.Unlock()
		time.Sleep(s.latency + time.Millisecond)
	}
	work := func() {
		machine <- struct{}{}
		time.Sleep(time.Duration(float64(s.core) * (0.5 + rng.Float64())))
		<-machine
	}
	stopped := func(name string) bool {
		mu.Lock()
		defer mu.Unlock()
		at, ok := stopsAt[name]
		return ok && !time.Now().Before(at)
	}
	var cr crowd
	asks := gather[bool]{crowd: &cr, patient: true, run: func(_ context.Context, names []string) func(string) (bool, error) {
		call()
		mu.Lock()
		for _, n := range names {
			stopsAt[n] = time.Now().Add(s.delay)
		}
		mu.Unlock()
		return func(string) (bool, error) { return true, nil }
	}}
	pending := gather[bool]{crowd: &cr, run: func(_ context.Context, names []string) func(string) (bool, error) {
		call()
		state := map[string]bool{}
		others := 0
		for _, n := range names {
			state[n] = stopped(n)
			if state[n] {
				others++
			}
		}
		if len(names) > 1 && others > 0 {
			call()
		}
		return func(n string) (bool, error) { return state[n], nil }
	}}
	slots := make(chan struct{}, s.parallelism)
	var all sync.WaitGroup
	for i := range s.topics {
		name := fmt.Sprint(i)
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			work()
			func() {
				defer cr.enter()()
				_, _ = asks.do(t.Context(), name)
				_ = pollLater(t.Context(), func() (bool, error) { return pending.do(t.Context(), name) })
			}()
			work()
		})
	}
	all.Wait()
	return calls, time.Since(started)
}

func TestSimulate(t *testing.T) {
	for _, p := range []int{10, 50, 100} {
		for _, core := range []int{1, 3, 5, 10, 20, 40, 80} {
			for _, latency := range []int{0, 50} {
				for _, delay := range []int{0, 150, 1000} {
					synctest.Test(t, func(t *testing.T) {
						s := simulation{1000, p, time.Duration(core) * time.Millisecond, time.Duration(latency) * time.Millisecond, time.Duration(delay) * time.Millisecond}
						calls, took := s.destroy(t)
						flag := ""
						if calls > 4*1000/p+20 {
							flag = "  <<<<"
						}
						fmt.Printf("P=%d core=%d latency=%d delay=%d: %d calls (%d) %s%s\n", p, core, latency, delay, calls, 4*1000/p+20, took.Round(time.Millisecond), flag)
					})
				}
			}
		}
	}
}
