package catalog

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// native answers a launch of a program on the device: with a code that the program itself
// redeems, bound to the challenge that the agent brought. Nothing of it is a link, and no
// browser has to do with it.
func (c *Catalog) native(w http.ResponseWriter, r *http.Request, app server.App, token server.AccessToken, challenge string) {
	l, err := ParseLaunch(app.Launch, c.cfg.AllowHTTP)
	if err != nil {
		c.refuseAPI(w, r, misconfigured(app, err))
		return
	}
	s, err := c.cfg.Sessions.Session(r.Context(), token.EnterpriseID, token.SessionID, c.cfg.Base.Time())
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.Fail(auth.SignInRequired, nil, err)
	}
	if err == nil {
		err = c.due(r, s)
	}
	if err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	answer := map[string]string{"native": l.Native.ID}
	o := c.newOpening()
	o.EnterpriseID, o.AppID, o.PersonID, o.SessionID = app.EnterpriseID, app.ID, token.PersonID, s.ID
	answer["id"] = o.ID
	if l.Native.Client != "" {
		if err := c.code(r, app, l.Native.Client, s, challenge, answer); err != nil {
			c.opened(r.Context(), o, server.OpeningFailed)
			c.refuseAPI(w, r, err)
			return
		}
	}
	c.opened(r.Context(), o, server.OpeningLinked)
	body, err := json.Marshal(answer)
	if err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, body)
}

// code adds what the program redeems, and how.
func (c *Catalog) code(r *http.Request, app server.App, client string, s server.Session, challenge string, answer map[string]string) error {
	if c.cfg.Minter == nil {
		return misconfigured(app, errors.New("this server makes no codes"))
	}
	code, err := c.cfg.Minter.NativeCode(r.Context(), s, client, challenge)
	if errors.Is(err, auth.ErrNotFound) {
		return misconfigured(app, err)
	}
	if err != nil {
		return err
	}
	answer["code"] = code.Code.Reveal()
	answer["client_id"] = code.ClientID
	answer["redirect_uri"] = code.RedirectURI
	answer["issuer"] = c.cfg.Base.Issuer(s.EnterpriseID)
	answer["expires_at"] = code.ExpiresAt.Format(time.RFC3339)
	return nil
}
