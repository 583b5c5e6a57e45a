package broker

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"lanyard/auth"
	"lanyard/auth/server"
)

// devicePath is the one address at which every enterprise's user codes are typed: an
// enterprise's own page is too long for that.
const devicePath = "/device"

// findDevice asks for a user code and goes on to the page of the enterprise whose code it
// is, which asks for everything else. Whoever has no code that waits for an answer learns
// nothing of who is here.
func (b *Broker) findDevice(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxQuery {
		b.cfg.Fail(w, r, "", pageError("the query cannot be read", err))
		return
	}
	grant, user, wrong, err := b.typedDevice(r, query.Get("user_code"), b.cfg.Devices.DeviceGrantAnywhere)
	switch {
	case err != nil:
		b.cfg.Fail(w, r, "", err)
	case user == "":
		b.askUserCode(w, r, server.Enterprise{}, wrong)
	default:
		on := "/e/" + grant.EnterpriseID + devicePath + "?user_code=" + user
		if query.Has("typed") {
			on += "&typed=1"
		}
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, on, http.StatusSeeOther) //nolint:gosec // a path here, of what the database says
	}
}

// typedDevice returns the grant of a user code that nobody has answered yet, and the code
// as it is shown. Without one, user is empty and wrong says why, as a key of words; where
// nothing was typed there is nothing wrong. Who guesses may do so ten times a minute.
func (b *Broker) typedDevice(r *http.Request, typed string, find func(ctx context.Context, userHash string) (server.DeviceGrant, error)) (g server.DeviceGrant, user, wrong string, err error) {
	if typed == "" {
		return g, "", "", nil
	}
	now := b.cfg.Base.Time()
	if b.guessed.reached(r, now) {
		return g, "", "broker.device.busy", nil
	}
	code := readUserCode(typed)
	g, err = find(r.Context(), server.Hash(code))
	if err == nil && (!g.ApprovedAt.IsZero() || !g.DeniedAt.IsZero() || !g.ExpiresAt.After(now)) {
		err = auth.ErrNotFound
	}
	if errors.Is(err, auth.ErrNotFound) {
		b.guessed.allow(r, now)
		return server.DeviceGrant{}, "", "broker.device.unknown", nil
	}
	if err != nil {
		return server.DeviceGrant{}, "", "", err
	}
	return g, shownUserCode(code), "", nil
}
