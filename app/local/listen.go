package local

import "net"

// ownListener hands on the connections of this user alone.
type ownListener struct{ net.Listener }

// Accept closes whatever another user opened and waits for the next.
func (l ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if checkPeer(conn) == nil {
			return conn, nil
		}
		_ = conn.Close()
	}
}
