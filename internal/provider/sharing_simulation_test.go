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

// work is what Terraform does with many mirror topics of one link: with so many
// of them at once, on a machine that needs core for each before and after the
// provider's part; with a server that takes latency for each call, and delay
// until what it was asked for is done.
type work struct {
	topics, parallelism  int
	core, latency, delay time.Duration
}

// simulation does it in simulated time.
type simulation struct {
	work

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
	s.mu.Lock()
	slices := int(float64(s.core/time.Millisecond) * (0.5 + s.random.Float64()))
	s.mu.Unlock()
	for range slices {
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
func (s *simulation) expect(t *testing.T, what string, most int, simulate func(*testing.T) int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		if calls := simulate(t); calls > most {
			t.Errorf("%s: %s took %d calls and %s, want at most %d calls", s, what, calls, time.Since(started), most)
		}
	})
}

// However busy the machine, and however slow the server.
func TestCallsGrowWithTheTopicsPerParallelism(t *testing.T) {
	t.Parallel()
	const topics = 1000
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for _, parallelism := range []int{10, 50} {
		for _, core := range []int{3, 10, 20, 40} {
			for _, latency := range []int{0, 50} {
				for _, delay := range []int{0, 150, 1000} {
					work := work{topics, parallelism, ms(core), ms(latency), ms(delay)}
					creation, stop := &simulation{work: work}, &simulation{work: work}
					most := topics + topics*3/2/parallelism + 15
					if delay >= 1000 { // and slots are out of step
						most += topics / parallelism
					}
					creation.expect(t, "creating", most, creation.creations)
					stop.expect(t, "stopping", topics*4/parallelism+20, stop.stops)
				}
			}
		}
	}
}
