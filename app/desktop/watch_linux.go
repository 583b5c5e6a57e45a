package desktop

import (
	"context"
	"os"

	"github.com/godbus/dbus/v5"
)

const (
	// connected is NetworkManager's NM_STATE_CONNECTED_SITE: more than the local link.
	connected = 60

	// secrets is the name of the password store (Secret Service API 0.2).
	secrets = "org.freedesktop.secrets"
)

// Watch sends events until ctx ends, then closes the channel. It listens on the system
// bus to logind and NetworkManager, and on the session bus, if there is one, to the
// password store; where there is no system bus the channel is closed at once. It never
// polls and starts no service.
func Watch(ctx context.Context) <-chan Event {
	events := make(chan Event)
	go func() {
		defer close(events)
		system, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
		if err != nil {
			return
		}
		defer system.Close()
		machine, err := listen(
			ctx, system,
			from("org.freedesktop.login1", "org.freedesktop.login1.Manager", "PrepareForSleep"),
			from("org.freedesktop.NetworkManager", "org.freedesktop.NetworkManager", "StateChanged"),
		)
		if err != nil {
			return
		}
		store, leave := listenStore(ctx)
		defer leave()
		for {
			var signal *dbus.Signal
			var ok bool
			select {
			case signal, ok = <-machine:
				if !ok {
					return // the bus went away
				}
			case signal, ok = <-store:
				if !ok {
					store = nil
					continue
				}
			case <-ctx.Done():
				return
			}
			event := eventOf(signal)
			if event == "" {
				continue
			}
			select {
			case events <- event:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events
}

// listenStore listens to the password store; without a session bus the channel is nil.
func listenStore(ctx context.Context) (signals <-chan *dbus.Signal, leave func()) {
	leave = func() {}
	if !HasSessionBus(os.Getenv) {
		return nil, leave
	}
	session, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return nil, leave
	}
	signals, err = listen(
		ctx, session,
		from(secrets, "org.freedesktop.Secret.Service", "CollectionChanged"),
		from(secrets, "org.freedesktop.Secret.Service", "CollectionCreated"),
		append(from("org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged"), dbus.WithMatchArg(0, secrets)),
	)
	if err != nil {
		signals = nil
	}
	return signals, func() { _ = session.Close() }
}

// from matches the signals of one name.
func from(sender, iface, member string) []dbus.MatchOption {
	return []dbus.MatchOption{dbus.WithMatchSender(sender), dbus.WithMatchInterface(iface), dbus.WithMatchMember(member)}
}

// listen returns the signals that match; the channel is closed with the connection.
func listen(ctx context.Context, conn *dbus.Conn, matches ...[]dbus.MatchOption) (<-chan *dbus.Signal, error) {
	signals := make(chan *dbus.Signal, 8)
	conn.Signal(signals)
	for _, match := range matches {
		if err := conn.AddMatchSignalContext(ctx, match...); err != nil {
			return nil, err
		}
	}
	return signals, nil
}

// eventOf reads a signal; "" is none that matters.
func eventOf(signal *dbus.Signal) Event {
	if len(signal.Body) == 0 {
		return ""
	}
	switch signal.Name {
	case "org.freedesktop.login1.Manager.PrepareForSleep":
		if start, ok := signal.Body[0].(bool); ok && !start {
			return Resumed
		}
	case "org.freedesktop.NetworkManager.StateChanged":
		if state, ok := signal.Body[0].(uint32); ok && state >= connected {
			return NetworkChanged
		}
	case "org.freedesktop.Secret.Service.CollectionChanged", "org.freedesktop.Secret.Service.CollectionCreated":
		return KeyringChanged
	case "org.freedesktop.DBus.NameOwnerChanged":
		if len(signal.Body) == 3 && signal.Body[0] == secrets && signal.Body[2] != "" {
			return KeyringChanged
		}
	}
	return ""
}
