package server

import (
	"context"
	"sync"
	"time"
)

// Recent remembers enterprises and connectors for a moment, since every page of a
// sign-in asks for the same two. What another instance changes is seen when the moment
// is over; what is changed through Recent itself is seen at once. Errors are not
// remembered. It is meant for the pages of a sign-in, not for the ones that set it up.
type Recent struct {
	Enterprises
	Connectors
	life time.Duration

	enterprises moment[Enterprise]
	connectors  moment[Connector]
	byAppID     moment[Connector]
	active      moment[Connector]
}

// NewRecent returns a Recent that remembers for life, a few seconds.
func NewRecent(e Enterprises, c Connectors, life time.Duration) *Recent {
	return &Recent{Enterprises: e, Connectors: c, life: life}
}

// Enterprise implements [Enterprises].
func (r *Recent) Enterprise(ctx context.Context, id string) (Enterprise, error) {
	return r.enterprises.get(ctx, id, r.life, r.Enterprises.Enterprise)
}

// SaveEnterprise implements [Enterprises].
func (r *Recent) SaveEnterprise(ctx context.Context, e Enterprise) error {
	defer r.forget()
	return r.Enterprises.SaveEnterprise(ctx, e)
}

// Connector implements [Connectors].
func (r *Recent) Connector(ctx context.Context, id string) (Connector, error) {
	return r.connectors.get(ctx, id, r.life, r.Connectors.Connector)
}

// ConnectorByAppID implements [Connectors].
func (r *Recent) ConnectorByAppID(ctx context.Context, appID string) (Connector, error) {
	return r.byAppID.get(ctx, appID, r.life, r.Connectors.ConnectorByAppID)
}

// ActiveConnector implements [Connectors].
func (r *Recent) ActiveConnector(ctx context.Context, enterprise string) (Connector, error) {
	return r.active.get(ctx, enterprise, r.life, r.Connectors.ActiveConnector)
}

// SaveConnector implements [Connectors].
func (r *Recent) SaveConnector(ctx context.Context, c Connector, with ...Draft) error {
	defer r.forget()
	return r.Connectors.SaveConnector(ctx, c, with...)
}

func (r *Recent) forget() {
	r.enterprises.forget()
	r.connectors.forget()
	r.byAppID.forget()
	r.active.forget()
}

// maxRecent bounds what a moment holds; past it all is forgotten and asked anew.
const maxRecent = 4096

// moment is one remembered look-up by key.
type moment[T any] struct {
	mu   sync.Mutex
	rows map[string]remembered[T]
}

type remembered[T any] struct {
	row   T
	until time.Time
}

func (m *moment[T]) get(ctx context.Context, key string, life time.Duration, ask func(context.Context, string) (T, error)) (T, error) {
	now := time.Now()
	m.mu.Lock()
	r, ok := m.rows[key]
	m.mu.Unlock()
	if ok && now.Before(r.until) {
		return r.row, nil
	}
	row, err := ask(ctx, key)
	if err != nil {
		return row, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil || len(m.rows) >= maxRecent {
		m.rows = map[string]remembered[T]{}
	}
	m.rows[key] = remembered[T]{row, now.Add(life)}
	return row, nil
}

func (m *moment[T]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = nil
}
