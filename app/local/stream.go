package local

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"lanyard/auth"
)

// The names of server-sent events (HTML standard, section 9.2).
const (
	eventState  = "state"
	eventWindow = "window"
)

// eventTimeout is how long a listener may take to accept an event before it is
// given up: it must not hold up the agent.
const eventTimeout = 10 * time.Second

// maxEvent bounds one line of the stream: a State with hundreds of logos fits.
const maxEvent = 8 << 20

// events streams the present State and each new one until the caller leaves or the
// server ends, of which atEnd tells.
func (s *Server) events(w http.ResponseWriter, r *http.Request, atEnd func(func()) (stop func() bool)) {
	stream, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer atEnd(cancel)()

	out, started, window := http.NewResponseController(w), false, false
	defer func() {
		if window {
			s.windows.Add(-1)
		}
	}()
	err := s.Service.Events(stream, func(e Event) error {
		frame, err := e.frame()
		if err != nil {
			return err
		}
		if !started {
			started = true
			if window = r.URL.RawQuery == asWindow; window { // it misses no wish from now on
				s.windows.Add(1)
			}
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Cache-Control", "no-store")
		}
		_ = out.SetWriteDeadline(time.Now().Add(eventTimeout))
		if _, err := w.Write(frame); err != nil {
			return err
		}
		return out.Flush()
	})
	if err != nil && !started && stream.Err() == nil {
		s.fail(w, r, statusOf(err), err)
	}
}

// frame writes the event as it goes over the wire.
func (e Event) frame() ([]byte, error) {
	name, value := eventWindow, any(windowBody{Name: e.Window})
	if e.State != nil {
		name, value = eventState, e.State.listed()
	}
	data, err := json.Marshal(value) // on one line, as a data field must be
	if err != nil {
		return nil, fmt.Errorf("encode %s event: %w", name, err)
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, data), nil
}

// readEvents calls each with every event of the stream until it ends. Events of
// other names, comments and other fields are a newer agent's and ignored.
func readEvents(stream io.Reader, each func(Event) error) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 4<<10), maxEvent)
	var name string
	for lines.Scan() {
		field, value, _ := bytes.Cut(lines.Bytes(), []byte(": "))
		switch string(field) {
		case "event":
			name = string(value)
		case "data":
			e, err := decodeEvent(name, value)
			if err != nil {
				return err
			}
			if e == (Event{}) {
				continue
			}
			if err := each(e); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

func decodeEvent(name string, data []byte) (e Event, err error) {
	switch name {
	case eventState:
		err = json.Unmarshal(data, &e.State)
	case eventWindow:
		var body windowBody
		err = json.Unmarshal(data, &body)
		e.Window = body.Name
	}
	if err != nil {
		return Event{}, auth.Fail(auth.Internal, nil, fmt.Errorf("decode %s event: %w", name, err))
	}
	return e, nil
}

// diagnostics streams the zip. Once a part is sent an error can only be told by
// breaking off, which the caller sees as an unexpected end.
func (s *Server) diagnostics(w http.ResponseWriter, r *http.Request) {
	out := &firstWrite{w: w, before: func() { w.Header().Set("Content-Type", "application/zip") }}
	err := s.Service.Diagnostics(r.Context(), out)
	switch {
	case err == nil:
	case out.before != nil:
		s.fail(w, r, statusOf(err), err)
	default:
		s.logger().InfoContext(r.Context(), "diagnostics broken off", "err", err)
		panic(http.ErrAbortHandler)
	}
}

// firstWrite calls before ahead of the first write.
type firstWrite struct {
	w      io.Writer
	before func()
}

func (f *firstWrite) Write(p []byte) (int, error) {
	if f.before != nil {
		f.before()
		f.before = nil
	}
	return f.w.Write(p)
}
