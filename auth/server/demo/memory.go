package demo

import (
	"maps"
	"sync"
	"time"

	"lanyard/auth"
)

// memory keeps values under random names until their time is up: codes, sessions,
// sign-ins under way. They are gone when the program ends, which is right for a demo.
type memory[T any] struct {
	mu    sync.Mutex
	items map[string]item[T]
}

type item[T any] struct {
	value T
	until time.Time
}

// put keeps value for that long and returns its name.
func (m *memory[T]) put(value T, life time.Duration) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(m.items, func(_ string, i item[T]) bool { return now.After(i.until) })
	if m.items == nil {
		m.items = map[string]item[T]{}
	}
	name := auth.RandomToken()
	m.items[name] = item[T]{value, now.Add(life)}
	return name
}

// get returns the value of a name.
func (m *memory[T]) get(name string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.items[name]
	return i.value, ok && time.Now().Before(i.until)
}

// take returns the value of a name, once.
func (m *memory[T]) take(name string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.items[name]
	delete(m.items, name)
	return i.value, ok && time.Now().Before(i.until)
}

// first keeps a name that comes from outside and reports whether it was not there yet.
func (m *memory[T]) first(name string, life time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(m.items, func(_ string, i item[T]) bool { return now.After(i.until) })
	if _, there := m.items[name]; there {
		return false
	}
	if m.items == nil {
		m.items = map[string]item[T]{}
	}
	m.items[name] = item[T]{until: now.Add(life)}
	return true
}

// clear forgets everything.
func (m *memory[T]) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.items)
}
