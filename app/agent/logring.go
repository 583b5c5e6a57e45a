package agent

import (
	"bytes"
	"io"
	"log/slog"
	"slices"
	"sync"
)

// ringSize is how many records a Ring keeps.
const ringSize = 1000

// Ring keeps the last thousand log records in memory, for diagnostics. Use it with
// [LogHandler].
type Ring struct {
	mu    sync.Mutex
	lines [][]byte
	next  int // where the oldest line is, once the ring is full
}

// Write keeps one record.
func (r *Ring) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) < ringSize {
		r.lines = append(r.lines, bytes.Clone(line))
		return len(line), nil
	}
	r.lines[r.next] = append(r.lines[r.next][:0], line...)
	r.next = (r.next + 1) % ringSize
	return len(line), nil
}

// Lines returns the kept records as lines of JSON, oldest first.
func (r *Ring) Lines() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out bytes.Buffer
	for i := range r.lines {
		out.Write(r.lines[(r.next+i)%len(r.lines)])
	}
	return out.Bytes()
}

// logFields are the attributes that may reach a log. What is not named here is
// written as "[dropped]": a field is allowed once somebody has thought about it.
var logFields = []string{
	slog.TimeKey, slog.LevelKey, slog.MessageKey,
	"access", "again_at", "app", "args", "attempt", "cached", "check", "code_hash", "count", "dur", "enterprise",
	"err", "event", "expires_at", "expiry", "failures", "fault", "file", "found", "host", "id", "issuer", "kind",
	"memory_only", "method", "offline", "origin", "path", "phase", "pid", "port", "profile", "provider",
	"reference", "refresh", "rev", "stage", "status", "step", "uid", "url_host", "version", "via",
}

// LogHandler returns the one handler that a desktop program logs through: JSON lines
// to every writer, with fields of an allow-list only.
func LogHandler(level slog.Leveler, to ...io.Writer) slog.Handler {
	return slog.NewJSONHandler(writers(to), &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if !slices.Contains(logFields, a.Key) {
				a.Value = slog.StringValue("[dropped]")
			}
			return a
		},
	})
}

// writers writes to each, whatever another one says: a full disk must not empty the ring.
type writers []io.Writer

func (w writers) Write(line []byte) (int, error) {
	for _, to := range w {
		_, _ = to.Write(line)
	}
	return len(line), nil
}
