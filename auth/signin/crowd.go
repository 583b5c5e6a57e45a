package signin

import (
	"context"
	"net"
	"slices"
	"sync"
)

// maxConns is how many connections are served at once.
const maxConns = 64

// crowd bounds the connections of all sockets together. A newcomer pushes out the
// oldest one, so that junk which only holds connections open can never keep the real
// callback waiting; connections that proved to be the right browser's are spared.
type crowd struct {
	most int

	mu    sync.Mutex
	conns []*member // oldest first
}

// limited is a socket whose connections count in a crowd.
type limited struct {
	net.Listener
	crowd *crowd
}

// Accept waits for the next connection.
func (l *limited) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.crowd.join(conn), nil
}

// member is a connection of a crowd.
type member struct {
	net.Conn
	crowd *crowd
	spare bool // guarded by crowd.mu
}

func (c *crowd) join(conn net.Conn) *member {
	m := &member{Conn: conn, crowd: c}
	c.mu.Lock()
	c.conns = append(c.conns, m)
	var out *member
	if len(c.conns) > c.most {
		out = c.conns[max(0, slices.IndexFunc(c.conns, func(m *member) bool { return !m.spare }))]
	}
	c.mu.Unlock()
	if out != nil {
		_ = out.Close()
	}
	return m
}

// Close closes the connection and takes it out of its crowd.
func (m *member) Close() error {
	m.crowd.mu.Lock()
	m.crowd.conns = slices.DeleteFunc(m.crowd.conns, func(o *member) bool { return o == m })
	m.crowd.mu.Unlock()
	return m.Conn.Close()
}

type connKey struct{}

// rememberConn lets a handler find its connection.
func rememberConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// spare keeps a request's connection from being pushed out.
func spare(ctx context.Context) {
	if m, ok := ctx.Value(connKey{}).(*member); ok {
		m.crowd.mu.Lock()
		m.spare = true
		m.crowd.mu.Unlock()
	}
}
