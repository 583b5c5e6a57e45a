package server

import (
	"context"
	"sync"
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
	return r.signed.get(ctx, codeHash, r.life, r.Codes.SignedByCode)
}

// Person implements [People].
func (r *Recent) Person(ctx context.Context, enterprise, id string) (Person, error) {
	return r.people.get(ctx, enterprise+"\n"+id, r.life, func(ctx context.Context, _ string) (Person, error) {
		return r.People.Person(ctx, enterprise, id)
	})
}

// UpsertPerson implements [People].
func (r *Recent) UpsertPerson(ctx context.Context, p Person) (Person, error) {
	p, err := r.People.UpsertPerson(ctx, p)
	if err == nil {
		r.people.put(p.EnterpriseID+"\n"+p.ID, p, r.life)
	}
	return p, err
}

// Enterprise implements [Enterprises].
func (r *Recent) Enterprise(ctx context.Context, id string) (Enterprise, error) {
	return r.enterprises.get(ctx, id, r.life, r.Enterprises.Enterprise)
}

// Connector implements [Connectors].
func (r *Recent) Connector(ctx context.Context, id string) (Connector, error) {
	return r.connectors.get(ctx, id, r.life, r.learning(r.Connectors.Connector))
}

// ConnectorByAppID implements [Connectors].
func (r *Recent) ConnectorByAppID(ctx context.Context, appID string) (Connector, error) {
	return r.byAppID.get(ctx, appID, r.life, r.learning(r.Connectors.ConnectorByAppID))
}

// ActiveConnector implements [Connectors].
func (r *Recent) ActiveConnector(ctx context.Context, enterprise string) (Connector, error) {
	return r.active.get(ctx, enterprise, r.life, r.learning(r.Connectors.ActiveConnector))
}

// learning has every look-up of a connector serve the others too: the page that begins a
// sign-in and the one that ends it ask differently and mean the same one.
func (r *Recent) learning(ask func(context.Context, string) (Connector, error)) func(context.Context, string) (Connector, error) {
	return func(ctx context.Context, key string) (Connector, error) {
		c, err := ask(ctx, key)
		if err != nil {
			return c, err
		}
		r.connectors.put(c.ID, c, r.life)
		if c.AppID != "" {
			r.byAppID.put(c.AppID, c, r.life)
		}
		if c.Active {
			r.active.put(c.EnterpriseID, c, r.life)
		}
		return c, nil
	}
}

// Forget drops everything, since something was saved past Recent.
func (r *Recent) Forget() {
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
	age  int // how often all was forgotten
}

type remembered[T any] struct {
	row   T
	until time.Time
}

func (m *moment[T]) get(ctx context.Context, key string, life time.Duration, ask func(context.Context, string) (T, error)) (T, error) {
	m.mu.Lock()
	r, ok := m.rows[key]
	age := m.age
	m.mu.Unlock()
	if ok && time.Now().Before(r.until) {
		return r.row, nil
	}
	row, err := ask(ctx, key)
	if err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.age == age { // else it was perhaps read before the change that all was forgotten for
			m.keep(key, row, life)
		}
	}
	return row, err
}

func (m *moment[T]) put(key string, row T, life time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(key, row, life)
}

func (m *moment[T]) keep(key string, row T, life time.Duration) {
	if m.rows == nil || len(m.rows) >= maxRecent {
		m.rows = map[string]remembered[T]{}
	}
	m.rows[key] = remembered[T]{row, time.Now().Add(life)}
}

func (m *moment[T]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = nil
	m.age++
}
