package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// This file is how calls are shared. Terraform handles each resource by itself,
// ten or more at a time; the API can list a thousand mirror topics, or stop
// them, in one call. Three things bring the two together:
//
//   - gather makes one call of those that arrive within moments of each other;
//   - collection reads objects by list where several are wanted, and serves
//     near reads from the last list;
//   - memo keeps what planning has looked up.
//
// None of them knows what the calls are about; endpoint_calls.go does. How long a
// gather waits for more callers is in crowd.go.

// recentWindow is how long a list serves reads of what this process has not
// written since. A plan of a thousand resources takes some seconds, and twice
// as long on a busy machine.
const recentWindow = 10 * time.Second

// gather collects calls, each for a key, and carries them out together. A
// caller that gives up fails no other; what nobody waits for any more is not
// done, or cancelled. Those who ask for one key share the answer: it is not to
// be changed.
type gather[R any] struct {
	crowd *crowd
	// patient is for what each does first. It lets those meet again whom a slow
	// moment has split into groups: left alone, each group would go its own
	// round, at as many calls as one for all.
	patient bool
	// run answers for all keys at once; they are sorted, each once.
	run func(ctx context.Context, keys []string) func(key string) (R, error)

	mu   sync.Mutex
	open *gathering[R]
}

type gathering[R any] struct {
	ctx     context.Context // of the first caller, without its end
	cancel  context.CancelFunc
	waiting []string // the keys of those who have not given up
	arrived chan int // how many wait; the latest only
	done    chan struct{}
	answer  func(key string) (R, error)
}

func (g *gather[R]) do(ctx context.Context, key string) (R, error) {
	b := g.join(ctx, key)
	select {
	case <-b.done:
		return b.answer(key)
	case <-ctx.Done():
		g.leave(b, key)
		var none R
		return none, ctx.Err()
	}
}

func (g *gather[R]) join(ctx context.Context, key string) *gathering[R] {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.open
	if b == nil {
		b = &gathering[R]{arrived: make(chan int, 1), done: make(chan struct{})}
		b.ctx, b.cancel = context.WithCancel(context.WithoutCancel(ctx))
		g.open = b
		go g.carryOut(b)
	}
	b.waiting = append(b.waiting, key)
	select {
	case <-b.arrived:
	default:
	}
	b.arrived <- len(b.waiting)
	return b
}

func (g *gather[R]) leave(b *gathering[R], key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(b.waiting, key)
	b.waiting = slices.Delete(b.waiting, i, i+1)
	if len(b.waiting) == 0 {
		g.shut(b)
		b.cancel()
	}
}

// shut makes who comes next begin anew; g.mu is held.
func (g *gather[R]) shut(b *gathering[R]) {
	if g.open == b {
		g.open = nil
	}
}

func (g *gather[R]) carryOut(b *gathering[R]) {
	defer b.cancel()
	g.waitForMore(b)
	g.mu.Lock()
	g.shut(b)
	keys := slices.Compact(slices.Sorted(slices.Values(b.waiting)))
	g.mu.Unlock()
	if len(keys) == 0 {
		return
	}
	b.answer = g.run(b.ctx, keys)
	close(b.done)
}

// waitForMore returns when no further caller is to be expected.
func (g *gather[R]) waitForMore(b *gathering[R]) {
	longest := time.NewTimer(gatherLongest)
	defer longest.Stop()
	quiet := time.NewTimer(gatherQuiet)
	defer quiet.Stop()
	waiting := 0
	for {
		select {
		case waiting = <-b.arrived:
			quiet.Reset(g.crowd.quiet(waiting, g.patient))
		case <-quiet.C:
			g.crowd.waited(waiting, g.patient)
			return
		case <-longest.C:
			return
		case <-b.ctx.Done():
			return
		}
	}
}

// collection reads objects that the API can also list: the mirror topics of one
// link, say.
type collection[T any] struct {
	crowd *crowd
	what  string // for errors
	one   func(ctx context.Context, name string) (*T, error)
	all   func(ctx context.Context) (map[string]T, error)

	reads, looks gather[*T]

	mu         sync.Mutex
	list       map[string]T // without what this process has written since
	askedAt    time.Time    // when the list was asked for
	freshUntil time.Time
	writtenAt  map[string]time.Time
	droppedAt  time.Time
	readAt     time.Time // when something was last read
}

func newCollection[T any](crowd *crowd, what string, one func(context.Context, string) (*T, error), all func(context.Context) (map[string]T, error)) *collection[T] {
	c := &collection[T]{crowd: crowd, what: what, one: one, all: all, writtenAt: map[string]time.Time{}}
	c.reads.crowd, c.looks.crowd = crowd, crowd
	c.looks.patient = true
	c.reads.run = func(ctx context.Context, names []string) func(string) (*T, error) {
		return c.fetch(ctx, names, c.othersWereRead())
	}
	c.looks.run = func(ctx context.Context, names []string) func(string) (*T, error) {
		return c.fetch(ctx, names, false)
	}
	return c
}

// recent returns an object as it was listed at most recentWindow ago, and after
// everything that this process has written. That it is gone is made sure of.
func (c *collection[T]) recent(ctx context.Context, name string) (*T, error) {
	c.mu.Lock()
	object, listed := c.list[name]
	fresh := c.list != nil && time.Now().Before(c.freshUntil)
	c.mu.Unlock()
	gather := &c.reads
	switch {
	case fresh && listed:
		return &object, nil
	case fresh:
		gather = &c.looks
	}
	found, err := gather.do(ctx, name)
	var notListed *notListedError
	if errors.As(err, &notListed) {
		return c.one(ctx, name)
	}
	return found, err
}

// now returns an object as it is after the call has begun.
func (c *collection[T]) now(ctx context.Context, name string) (*T, error) {
	return c.looks.do(ctx, name)
}

// changed is to be called after each write: what was read before of the named
// objects, or of all where none is named, is forgotten, and what is being read
// of them is not kept.
func (c *collection[T]) changed(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if len(names) == 0 {
		c.list, c.droppedAt = nil, now
	}
	for _, name := range names {
		delete(c.list, name)
		c.writtenAt[name] = now
	}
}

// keep stores a list that was asked for at some time, without what was written
// while it was on its way. It is fresh from now on: one that takes longer than
// recentWindow to arrive would serve nobody else.
func (c *collection[T]) keep(list map[string]T, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !asked.After(c.droppedAt) || asked.Before(c.askedAt) {
		return
	}
	c.list, c.askedAt, c.freshUntil = maps.Clone(list), asked, time.Now().Add(recentWindow)
	for name, at := range c.writtenAt {
		if !asked.After(at) {
			delete(c.list, name)
		}
	}
}

// othersWereRead reports whether reads follow each other closely, as those of a
// plan do, so that a list will serve the next ones too.
func (c *collection[T]) othersWereRead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	near := time.Since(c.readAt) < recentWindow
	c.readAt = time.Now()
	return near
}

// fetch reads one object by itself, and several by list.
func (c *collection[T]) fetch(ctx context.Context, names []string, more bool) func(string) (*T, error) {
	if len(names) == 1 && !more {
		object, err := c.one(ctx, names[0])
		return func(string) (*T, error) { return object, err }
	}
	asked := time.Now()
	list, err := c.all(ctx)
	if err == nil {
		c.keep(list, asked)
	}
	return func(name string) (*T, error) {
		if err != nil {
			return nil, err
		}
		if object, ok := list[name]; ok {
			return &object, nil
		}
		return nil, &notListedError{c.what, name}
	}
}

// notListedError says that a list does not have an object.
type notListedError struct{ what, name string }

func (e *notListedError) Error() string {
	return fmt.Sprintf("the server lists no %s %q", e.what, e.name)
}
func (e *notListedError) Unwrap() error { return kafkarest.ErrNotFound }

// memo keeps the first value that load returns without an error. Callers that
// come meanwhile wait for it, each as long as its own context lasts. The zero
// value is ready for use.
type memo[T any] struct {
	keepErrors bool // except those of a caller that gave up

	once  sync.Once
	turn  chan struct{} // holds one token: who has it may load
	done  bool
	value T
	err   error
}

func (m *memo[T]) get(ctx context.Context, load func() (T, error)) (T, error) {
	m.once.Do(func() { m.turn = make(chan struct{}, 1) })
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	if !m.done {
		m.value, m.err = load()
		m.done = m.err == nil || m.keepErrors && ctx.Err() == nil
	}
	return m.value, m.err
}

// keyed makes one value for each key.
type keyed[T any] struct {
	make func(key string) *T

	mu    sync.Mutex
	byKey map[string]*T
}

func (k *keyed[T]) of(key string) *T {
	k.mu.Lock()
	defer k.mu.Unlock()
	v := k.byKey[key]
	if v == nil {
		if k.byKey == nil {
			k.byKey = map[string]*T{}
		}
		v = k.make(key)
		k.byKey[key] = v
	}
	return v
}
