package server

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Recent remembers enterprises, connectors and people for a moment, since every page of a
// sign-in asks for the same three, and which document answers a code, since a company's
// people come to work at the same time. What another instance changes is seen when the moment
// is over; what is changed through Recent itself is seen at once. Errors are not
// remembered. It is meant for the pages of a sign-in, not for the ones that set it up;
// whether a person still has access is the session's to say, which is never remembered.
type Recent struct {
	Enterprises
	Connectors
	People
	Codes
	life time.Duration
	age  atomic.Int64 // how often all was forgotten

	signed      moment[Signed]
	people      moment[Person]
	enterprises moment[Enterprise]
	connectors  moment[Connector]
	byAppID     moment[Connector]
	active      moment[Connector]
}

// Kept is what [Recent] remembers something of.
type Kept interface {
	Enterprises
	Connectors
	People
	Codes
}

// NewRecent returns a Recent that remembers for life, a few seconds.
func NewRecent(k Kept, life time.Duration) *Recent {
	return &Recent{Enterprises: k, Connectors: k, People: k, Codes: k, life: life}
}

// SignedByCode implements [Codes].
func (r *Recent) SignedByCode(ctx context.Context, codeHash string) (Signed, error) {
	return get(ctx, r, &r.signed, codeHash, r.Codes.SignedByCode)
}

// Person implements [People].
func (r *Recent) Person(ctx context.Context, enterprise, id string) (Person, error) {
	return get(ctx, r, &r.people, enterprise+"\n"+id, func(ctx context.Context, _ string) (Person, error) {
		return r.People.Person(ctx, enterprise, id)
	})
}

// UpsertPerson implements [People].
func (r *Recent) UpsertPerson(ctx context.Context, p Person) (Person, error) {
	age := r.age.Load()
	p, err := r.People.UpsertPerson(ctx, p)
	if err == nil {
		keep(r, &r.people, age, p.EnterpriseID+"\n"+p.ID, p)
	}
	return p, err
}

// Enterprise implements [Enterprises].
func (r *Recent) Enterprise(ctx context.Context, id string) (Enterprise, error) {
	return get(ctx, r, &r.enterprises, id, r.Enterprises.Enterprise)
}

// Connector implements [Connectors].
func (r *Recent) Connector(ctx context.Context, id string) (Connector, error) {
	return get(ctx, r, &r.connectors, id, r.learning(r.Connectors.Connector))
}

// ConnectorByAppID implements [Connectors].
func (r *Recent) ConnectorByAppID(ctx context.Context, appID string) (Connector, error) {
	return get(ctx, r, &r.byAppID, appID, r.learning(r.Connectors.ConnectorByAppID))
}

// ActiveConnector implements [Connectors].
func (r *Recent) ActiveConnector(ctx context.Context, enterprise string) (Connector, error) {
	return get(ctx, r, &r.active, enterprise, r.learning(r.Connectors.ActiveConnector))
}

// learning has every look-up of a connector serve the others too: the page that begins a
// sign-in and the one that ends it ask differently and mean the same one.
func (r *Recent) learning(ask func(context.Context, string) (Connector, error)) func(context.Context, string) (Connector, error) {
	return func(ctx context.Context, key string) (Connector, error) {
		age := r.age.Load()
		c, err := ask(ctx, key)
		if err != nil {
			return c, err
		}
		keep(r, &r.connectors, age, c.ID, c)
		if c.AppID != "" {
			keep(r, &r.byAppID, age, c.AppID, c)
		}
		if c.Active {
			keep(r, &r.active, age, c.EnterpriseID, c)
		}
		return c, nil
	}
}

// Forget drops everything, since something was saved past Recent.
func (r *Recent) Forget() {
	r.age.Add(1)
	r.signed.forget()
	r.people.forget()
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

func get[T any](ctx context.Context, r *Recent, m *moment[T], key string, ask func(context.Context, string) (T, error)) (T, error) {
	age := r.age.Load()
	m.mu.Lock()
	was, ok := m.rows[key]
	m.mu.Unlock()
	if ok && time.Now().Before(was.until) {
		return was.row, nil
	}
	row, err := ask(ctx, key)
	if err == nil {
		keep(r, m, age, key, row)
	}
	return row, err
}

// keep remembers a row that was asked for at that age; if all was forgotten meanwhile, it
// was perhaps read before what was saved then.
func keep[T any](r *Recent, m *moment[T], age int64, key string, row T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.age.Load() != age {
		return
	}
	if m.rows == nil || len(m.rows) >= maxRecent {
		m.rows = map[string]remembered[T]{}
	}
	m.rows[key] = remembered[T]{row, time.Now().Add(r.life)}
}

func (m *moment[T]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = nil
}
