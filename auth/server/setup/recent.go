package setup

import (
	"container/list"
	"sync"
)

// recent keeps the values that were asked for last, at most some number of them.
type recent[V any] struct {
	most int

	mu    sync.Mutex
	byKey map[string]*list.Element
	order *list.List // of entry[V], asked for last in front
}

type entry[V any] struct {
	key   string
	value V
}

func newRecent[V any](most int) *recent[V] {
	return &recent[V]{most: most, byKey: map[string]*list.Element{}, order: list.New()}
}

// get returns a kept value.
func (r *recent[V]) get(key string) (value V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.byKey[key]
	if !ok {
		return value, false
	}
	r.order.MoveToFront(e)
	return e.Value.(entry[V]).value, true
}

// put keeps a value and forgets the one that was not asked for longest.
func (r *recent[V]) put(key string, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.byKey[key]; ok {
		e.Value = entry[V]{key, value}
		r.order.MoveToFront(e)
		return
	}
	r.byKey[key] = r.order.PushFront(entry[V]{key, value})
	if r.order.Len() > r.most {
		oldest := r.order.Remove(r.order.Back()).(entry[V])
		delete(r.byKey, oldest.key)
	}
}
