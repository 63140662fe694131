package provider

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// shelf is a server with objects that can be read one by one or all at once.
// An object is the number of its version. An answer shows it as it was at some
// moment of the call.
type shelf struct {
	took   time.Duration
	hidden string // the object that lists leave out

	mu      sync.Mutex
	objects map[string]int
	broken  error    // what calls end with
	calls   []string // "one a" or "all"
}

func newShelf(atWork int, took time.Duration, names ...string) (*shelf, *collection[int]) {
	s := &shelf{took: took, objects: map[string]int{}}
	for _, name := range names {
		s.objects[name] = 1
	}
	at := &crowd{}
	for range atWork {
		at.enter()
	}
	return s, newCollection(at, "object", s.one, s.all)
}

func (s *shelf) one(ctx context.Context, name string) (*int, error) {
	objects, err := s.call(ctx, "one "+name)
	if version, ok := objects[name]; ok && err == nil {
		return &version, nil
	}
	return nil, cmp.Or(err, kafkarest.ErrNotFound)
}

func (s *shelf) all(ctx context.Context) (map[string]int, error) {
	objects, err := s.call(ctx, "all")
	delete(objects, s.hidden)
	return objects, err
}

func (s *shelf) call(ctx context.Context, call string) (map[string]int, error) {
	before := rand.N(s.took/2 + 1)
	if err := pauseFor(ctx, before); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.calls = append(s.calls, call)
	objects, broken := maps.Clone(s.objects), s.broken
	s.mu.Unlock()
	return objects, cmp.Or(pauseFor(ctx, s.took-before), broken)
}

// change makes a new version of an object.
func (s *shelf) change(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[name]++
	return s.objects[name]
}

// expectCalls wants these calls since it was last asked.
func (s *shelf) expectCalls(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.calls, want) {
		t.Errorf("calls %q, want %q", s.calls, want)
	}
	s.calls = nil
}

// expectVersion wants a version of an object, or with 0 that it is not found.
func expectVersion(t *testing.T, read func(context.Context, string) (*int, error), name string, want int) {
	t.Helper()
	switch got, err := read(t.Context(), name); {
	case err != nil && (want > 0 || !errors.Is(err, kafkarest.ErrNotFound)):
		t.Errorf("%s: %v, want version %d", name, err, want)
	case err == nil && *got != want:
		t.Errorf("%s: got version %d, want %d", name, *got, want)
	}
}

// together reads several objects at the same time, of version 1.
func together(t *testing.T, read func(context.Context, string) (*int, error), names ...string) {
	t.Helper()
	var group sync.WaitGroup
	for _, name := range names {
		group.Go(func() { expectVersion(t, read, name, 1) })
	}
	group.Wait()
}

func TestSingleReadStaysASingleCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShelf(1, time.Second, "a", "b")
		expectVersion(t, c.recent, "a", 1)
		s.expectCalls(t, "one a")
		time.Sleep(recentWindow) // far from the one before
		expectVersion(t, c.recent, "b", 1)
		s.expectCalls(t, "one b")
	})
}

func TestNearReadsBecomeAListThatServesForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShelf(1, time.Second, "a", "b", "c")
		expectVersion(t, c.recent, "a", 1)
		expectVersion(t, c.recent, "b", 1)
		s.expectCalls(t, "one a", "all")
		s.change("c") // by somebody else
		time.Sleep(recentWindow - 1)
		expectVersion(t, c.recent, "c", 1)
		s.expectCalls(t)
		time.Sleep(time.Nanosecond)
		expectVersion(t, c.recent, "c", 2)
		s.expectCalls(t, "one c")
	})
}

func TestReadsThatComeTogetherAreOneList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		names := keys(0, 500)
		s, c := newShelf(len(names), time.Second, names...)
		together(t, c.recent, names...)
		s.expectCalls(t, "all")
	})
}

// The list of a very large link may take longer to arrive than it is served.
func TestListThatTakesLongServesTheNextReadsToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		names := keys(0, 100)
		s, c := newShelf(10, 2*recentWindow, names...)
		for batch := range slices.Chunk(names, 10) {
			together(t, c.recent, batch...)
		}
		s.expectCalls(t, "all")
	})
}

// writesTold are the ways to tell what was written, where that is "b".
var writesTold = map[string][]string{"that object": {"b"}, "anything": nil}

func TestReadAfterAWriteSeesIt(t *testing.T) {
	t.Parallel()
	for what, names := range writesTold {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, c := newShelf(2, time.Second, "a", "b")
				together(t, c.recent, "a", "b")
				s.expectCalls(t, "all")
				s.change("b")
				c.changed(names...)
				expectVersion(t, c.recent, "b", 2)
			})
		})
	}
}

func TestReadAfterAWriteSeesItAlthoughAListWasOnItsWay(t *testing.T) {
	t.Parallel()
	for what, names := range writesTold {
		for when, wait := range map[string]time.Duration{"before the list has arrived": 0, "after it has": 2 * gatherBriefly} {
			t.Run(what+" "+when, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s, c := newShelf(2, time.Second, "a", "b")
					go together(t, c.recent, "a", "b")
					time.Sleep(time.Second - 1) // the list was made, and is on its way
					s.change("b")
					c.changed(names...)
					time.Sleep(wait)
					expectVersion(t, c.recent, "b", 2)
					expectVersion(t, c.recent, "b", 2)
				})
			})
		}
	}
}

// What was not written is served from the list that was on its way all the same.
func TestWriteForgetsNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShelf(2, time.Second, "a", "b")
		var group sync.WaitGroup
		group.Go(func() { together(t, c.recent, "a", "b") })
		time.Sleep(time.Second - 1)
		s.change("b")
		c.changed("b")
		group.Wait()
		expectVersion(t, c.recent, "a", 1)
		s.expectCalls(t, "all")
		expectVersion(t, c.recent, "b", 2)
		s.expectCalls(t, "one b")
	})
}

func TestListThatArrivesLateReplacesNoNewerOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := newShelf(1, 0)
		older := time.Now()
		time.Sleep(time.Second)
		c.keep(map[string]int{"a": 2}, time.Now())
		c.keep(map[string]int{"a": 1}, older)
		expectVersion(t, c.recent, "a", 2)
	})
}

func TestThatAnObjectIsGoneIsMadeSureOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShelf(2, time.Second, "a", "b")
		s.hidden = "b"
		together(t, c.recent, "a", "b")
		s.expectCalls(t, "all", "one b")
		var group sync.WaitGroup
		for _, name := range []string{"x", "y"} {
			group.Go(func() { expectVersion(t, c.recent, name, 0) })
		}
		group.Wait()
		slices.Sort(s.calls)
		s.expectCalls(t, "all", "one x", "one y")
	})
}

func TestNowAsksAlways(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShelf(2, time.Second, "a", "b")
		together(t, c.recent, "a", "b") // keeps a list
		s.expectCalls(t, "all")
		together(t, c.now, "a", "b")
		s.expectCalls(t, "all")
		s.change("b")
		expectVersion(t, c.now, "b", 2)
		s.expectCalls(t, "one b")

		// Not even of a call that was on its way when it came.
		var group sync.WaitGroup
		group.Go(func() { together(t, c.now, "a") })
		time.Sleep(gatherQuiet + time.Second - 1)
		want := s.change("b")
		group.Go(func() { expectVersion(t, c.now, "b", want) })
		group.Wait()
		s.expectCalls(t, "one a", "one b")
	})
}

func TestErrorsOfReadsAreNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShelf(2, time.Second, "a", "b")
		s.broken = errors.New("broken")
		var group sync.WaitGroup
		for _, name := range []string{"a", "b"} {
			group.Go(func() {
				if _, err := c.recent(t.Context(), name); err != s.broken {
					t.Errorf("%s: error %v", name, err)
				}
			})
		}
		group.Wait()
		s.broken = nil
		together(t, c.recent, "a", "b")
		s.expectCalls(t, "all", "all")
	})
}

// Readers and writers of everything at once. A read shows all that this process
// had written before it, and what others wrote at the latest when a list may no
// longer be served; now shows what was there when it was called.
func TestReadsAmidWritesAreNeverTooOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		names := keys(0, 30)
		s, c := newShelf(0, 200*time.Millisecond, names...)
		var mu sync.Mutex
		told, changedAt := map[string]int{}, map[string][]time.Time{} // of version i+2
		write := func(name string, tell bool) {
			mu.Lock()
			version := s.change(name)
			changedAt[name] = append(changedAt[name], time.Now())
			mu.Unlock()
			if !tell {
				return
			}
			time.Sleep(rand.N(s.took))
			c.changed([][]string{{name}, nil}[rand.IntN(2)]...)
			mu.Lock()
			defer mu.Unlock()
			told[name] = max(told[name], version)
		}
		// oldest is the version that had to be seen at some time.
		oldest := func(name string, at time.Time) int {
			n, _ := slices.BinarySearchFunc(changedAt[name], at, time.Time.Compare)
			return 1 + n
		}
		read := func(name string, find func(context.Context, string) (*int, error), age time.Duration) {
			mu.Lock()
			want := max(told[name], oldest(name, time.Now().Add(-age)))
			mu.Unlock()
			if got, err := find(t.Context(), name); err != nil || *got < want {
				t.Errorf("%s: got version %v, %v, want at least %d", name, got, err, want)
			}
		}
		var group sync.WaitGroup
		for range 300 {
			group.Go(func() {
				for range 40 {
					time.Sleep(rand.N(3 * recentWindow))
					leave := c.crowd.enter()
					switch name := names[rand.IntN(len(names))]; rand.IntN(6) {
					case 0:
						write(name, true)
					case 1:
						write(name, false)
					case 2:
						read(name, c.now, 0)
					default:
						read(name, c.recent, recentWindow+s.took)
					}
					leave()
				}
			})
		}
		group.Wait()
	})
}
