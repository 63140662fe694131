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

// simulation is how Terraform works on many mirror topics of one link, in
// simulated time: so many of them at once, on a machine that needs core for each
// before and after the provider's part, one after the other; with a server that
// takes latency for each call, and delay until what it was asked for is done.
type simulation struct {
	topics, parallelism  int
	core, latency, delay time.Duration

	crowd   crowd
	pace    pace
	machine chan struct{} // holds one who uses it
	random  *rand.Rand

	mu     sync.Mutex
	calls  int
	doneAt map[string]time.Time
}

func (s *simulation) String() string {
	return fmt.Sprintf("parallelism %d, core %s, latency %s, delay %s", s.parallelism, s.core, s.latency, s.delay)
}

// run takes all mirror topics through the provider's part, and counts the calls.
func (s *simulation) run(provider func(name string)) (calls int) {
	s.machine, s.random, s.doneAt = make(chan struct{}, 1), rand.New(rand.NewPCG(1, 2)), map[string]time.Time{}
	slots := make(chan struct{}, s.parallelism)
	var all sync.WaitGroup
	for i := range s.topics {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s.outside()
			leave := s.crowd.enter()
			provider(fmt.Sprint(i))
			leave()
			s.outside()
		})
	}
	all.Wait()
	return s.calls
}

// outside is Terraform's own work, a slice of time for each in turn.
func (s *simulation) outside() {
	for range int(float64(s.core/time.Millisecond) * (0.5 + s.random.Float64())) {
		s.machine <- struct{}{}
		time.Sleep(time.Millisecond)
		<-s.machine
	}
}

func (s *simulation) call(asked ...string) {
	time.Sleep(s.latency + time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	for _, name := range asked {
		s.doneAt[name] = time.Now().Add(s.delay)
	}
}

func (s *simulation) done(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !time.Now().Before(s.doneAt[name])
}

// creations are one call for each, and looks until it is done.
func (s *simulation) creations(t *testing.T) (calls int) {
	looks := gather[bool]{crowd: &s.crowd, patient: true, run: func(_ context.Context, names []string) func(string) (bool, error) {
		s.call()
		return s.answers(names)
	}}
	return s.run(func(name string) {
		s.call(name)
		if err := s.pace.poll(t.Context(), func() (bool, error) { return looks.do(t.Context(), name) }); err != nil {
			t.Error(err)
		}
	})
}

// stops are promotions: who is no longer pending is looked for once more.
func (s *simulation) stops(t *testing.T) (calls int) {
	s.pace.shortest = pollShortest
	asks := gather[bool]{crowd: &s.crowd, patient: true, run: func(_ context.Context, names []string) func(string) (bool, error) {
		s.call(names...)
		return s.answers(names)
	}}
	pending := gather[bool]{crowd: &s.crowd, run: func(_ context.Context, names []string) func(string) (bool, error) {
		s.call()
		for _, name := range names {
			if len(names) > 1 && s.done(name) {
				s.call()
				break
			}
		}
		return s.answers(names)
	}}
	return s.run(func(name string) {
		_, err := asks.do(t.Context(), name)
		if err == nil {
			err = s.pace.poll(t.Context(), func() (bool, error) { return pending.do(t.Context(), name) })
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// answers is what the server says of them now.
func (s *simulation) answers(names []string) func(string) (bool, error) {
	answers := map[string]bool{}
	for _, name := range names {
		answers[name] = s.done(name)
	}
	return func(name string) (bool, error) { return answers[name], nil }
}

// expect simulates, and wants so many calls at most.
func (s simulation) expect(t *testing.T, what string, simulate func(*simulation, *testing.T) int, most int) {
	t.Helper()
	calls, took := 0, time.Duration(0)
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		calls = simulate(&s, t)
		took = time.Since(started)
	})
	if calls > most {
		t.Errorf("%s: %s took %d calls and %s, want at most %d calls", &s, what, calls, took, most)
	}
}

// However busy the machine, and however slow the server.
func TestCallsGrowWithTheTopicsPerParallelism(t *testing.T) {
	t.Parallel()
	const topics = 1000
	for _, parallelism := range []int{10, 50} {
		for _, core := range []time.Duration{3, 10, 20, 40} {
			for _, latency := range []time.Duration{0, 50} {
				for _, delay := range []time.Duration{0, 150, 1000} {
					s := simulation{topics: topics, parallelism: parallelism, core: core * time.Millisecond, latency: latency * time.Millisecond, delay: delay * time.Millisecond}
					most := topics + topics*3/2/parallelism + 15
					if s.delay >= time.Second { // and slots are out of step
						most += topics / parallelism
					}
					s.expect(t, "creating", (*simulation).creations, most)
					s.expect(t, "stopping", (*simulation).stops, topics*4/parallelism+20)
				}
			}
		}
	}
}
