package setup

import (
	"container/list"
	"sync"
)

// recent keeps the values that were asked for last, as many as weigh no more than most.
type recent[K comparable, V any] struct {
	most   int
	weight func(V) int

	mu    sync.Mutex
	sum   int // of the weights of those kept
	byKey map[K]*list.Element
	order *list.List // of *entry[K, V], asked for last in front
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](most int, weight func(V) int) *recent[K, V] {
	return &recent[K, V]{most: most, weight: weight, byKey: map[K]*list.Element{}, order: list.New()}
}

// get returns a kept value.
func (r *recent[K, V]) get(key K) (value V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.byKey[key]
	if !ok {
		return value, false
	}
	r.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true
}

// put keeps a value and forgets those that were not asked for longest.
func (r *recent[K, V]) put(key K, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.byKey[key]; ok {
		r.drop(e)
	}
	r.byKey[key] = r.order.PushFront(&entry[K, V]{key, value})
	r.sum += r.weight(value)
	for r.sum > r.most {
		r.drop(r.order.Back())
	}
}

// drop forgets a value; r.mu is held.
func (r *recent[K, V]) drop(e *list.Element) {
	old := r.order.Remove(e).(*entry[K, V])
	delete(r.byKey, old.key)
	r.sum -= r.weight(old.value)
}
