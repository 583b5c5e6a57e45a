package desktop

import (
	"context"

	"github.com/godbus/dbus/v5"
)

// connected is NetworkManager's NM_STATE_CONNECTED_SITE: more than the local link.
const connected = 60

// Watch sends events until ctx ends, then closes the channel. It listens on the system
// bus to logind and NetworkManager; where there is no system bus the channel is closed
// at once. It never polls and starts no service.
func Watch(ctx context.Context) <-chan Event {
	events := make(chan Event)
	go func() {
		defer close(events)
		conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
		if err != nil {
			return
		}
		defer conn.Close()
		signals := make(chan *dbus.Signal, 8)
		conn.Signal(signals)
		for _, match := range [][]dbus.MatchOption{
			{
				dbus.WithMatchSender("org.freedesktop.login1"),
				dbus.WithMatchInterface("org.freedesktop.login1.Manager"),
				dbus.WithMatchMember("PrepareForSleep"),
			},
			{
				dbus.WithMatchSender("org.freedesktop.NetworkManager"),
				dbus.WithMatchInterface("org.freedesktop.NetworkManager"),
				dbus.WithMatchMember("StateChanged"),
			},
		} {
			if err := conn.AddMatchSignalContext(ctx, match...); err != nil {
				return
			}
		}
		for {
			select {
			case signal, ok := <-signals:
				if !ok {
					return // the bus went away
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
			case <-ctx.Done():
				return
			}
		}
	}()
	return events
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
	}
	return ""
}
