package catalog

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"lanyard/auth/server"
	"lanyard/auth/words"
)

// device is one place where a person is signed in.
type device struct {
	Name, From, Seen, Mark string
	Action, EndLabel       string
	last                   time.Time
}

// devices answers GET {issuer}/devices: where the person is signed in, this browser first,
// then what was used last.
func (c *Catalog) devices(w http.ResponseWriter, r *http.Request) {
	e, present, who, ok := c.visited(w, r, path(r.PathValue("id"), "devices"))
	if !ok {
		return
	}
	now := c.cfg.Base.Time()
	sessions, err := c.cfg.Sessions.SessionsOf(r.Context(), e.ID, who.ID, now)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	lang := language(r)
	names := map[string]string{}
	for _, s := range sessions {
		names[s.ID] = server.ShownDevice(lang, s.Device)
	}
	list := make([]device, 0, len(sessions))
	for _, s := range sessions {
		d := device{
			Name: names[s.ID], last: s.LastSeen, Action: path(e.ID, "devices", s.ID, "end"),
			EndLabel: words.T(lang, "catalog.devices.end_label", "device", names[s.ID]),
		}
		if s.ID == present.ID {
			d.Mark, d.last = words.T(lang, "catalog.devices.this"), now
		}
		if from := names[s.Parent]; from != "" {
			d.From = words.T(lang, "catalog.devices.opened_from", "device", from)
		}
		d.Seen = words.T(lang, "catalog.devices.seen", "when", ago(now.Sub(d.last), lang))
		list = append(list, d)
	}
	slices.SortStableFunc(list, func(a, b device) int {
		if (a.Mark != "") != (b.Mark != "") {
			return cmp.Compare(b.Mark, a.Mark)
		}
		return b.last.Compare(a.last)
	})
	c.page(w, r, "devices", server.View{
		Lang: lang, Title: words.T(lang, "catalog.devices.title"), Enterprise: e,
		Body: map[string]any{
			"Devices": list, "Sentence": words.T(lang, "catalog.devices.sentence"), "End": words.T(lang, "catalog.devices.end"),
			"Home": path(e.ID) + "/", "Back": words.T(lang, "catalog.devices.back"),
			"Who": words.T(lang, "catalog.apps.who", "name", called(who)),
		},
	})
}

// ago says how long ago something was, as exactly as anybody wants to know.
func ago(d time.Duration, lang string) string {
	count := func(key string, n int) string { return words.T(lang, "catalog.devices."+key, "count", strconv.Itoa(n)) }
	switch hours := int(d / time.Hour); {
	case d < 2*time.Minute:
		return words.T(lang, "catalog.devices.now")
	case d < time.Hour:
		return count("minutes", int(d/time.Minute))
	case hours < 24:
		return count("hours", hours)
	case hours < 48:
		return words.T(lang, "catalog.devices.yesterday")
	default:
		return count("days", hours/24)
	}
}

// endDevice answers POST {issuer}/devices/{session}/end: it signs one of the person's own
// devices out, with all that was opened from it.
func (c *Catalog) endDevice(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	back := path(id, "devices")
	e, present, who, ok := c.visited(w, r, back)
	if !ok {
		return
	}
	session := r.PathValue("session")
	if session == present.ID {
		c.signOut(w, r)
		return
	}
	now := c.cfg.Base.Time()
	own, err := c.cfg.Sessions.SessionsOf(r.Context(), e.ID, who.ID, now)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if slices.ContainsFunc(own, func(s server.Session) bool { return s.ID == session }) {
		if err := c.cfg.Sessions.EndSession(r.Context(), e.ID, session, now); err != nil {
			c.fail(w, r, err)
			return
		}
		c.log.InfoContext(r.Context(), "device signed out", "enterprise", e.ID, "person", who.ID, "session", session)
	}
	redirect(w, c.cfg.Base.PublicURL+back)
}
