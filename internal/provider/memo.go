package provider

import (
	"context"
	"sync"
)

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

// keyed is a memo for each key.
type keyed[T any] struct {
	keepErrors bool

	mu    sync.Mutex
	memos map[string]*memo[T]
}

func (k *keyed[T]) get(ctx context.Context, key string, load func() (T, error)) (T, error) {
	k.mu.Lock()
	if k.memos == nil {
		k.memos = map[string]*memo[T]{}
	}
	m := k.memos[key]
	if m == nil {
		m = &memo[T]{keepErrors: k.keepErrors}
		k.memos[key] = m
	}
	k.mu.Unlock()
	return m.get(ctx, load)
}
