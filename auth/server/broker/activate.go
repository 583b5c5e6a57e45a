package broker

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"lanyard/auth"
	"lanyard/auth/server"
)

// activation is what an agent sends to have a program's code turned into one of ours.
type activation struct {
	AppID     string      `json:"app_id"`
	Code      auth.Secret `json:"code"`
	Challenge string      `json:"code_challenge"` // PKCE S256
}

// activated is the answer: a code for the desktop client of the enterprise with this
// code, to be redeemed without a redirect address. The challenge is its nonce too.
type activated struct {
	Code       string `json:"code"`
	Enterprise string `json:"enterprise"`
	Expires    int64  `json:"expires_in"`
}

// offersActivation tells an agent that knows several servers which one an APPID belongs
// to, before it sends a code to any.
func (b *Broker) offersActivation(w http.ResponseWriter, r *http.Request) {
	now := b.cfg.Base.Time()
	if b.refusedHere.reached(r, now) {
		b.writeError(w, r, "", errTooOften())
		return
	}
	offered, err := b.cfg.Activator.Activates(r.Context(), r.URL.Query().Get("app_id"))
	switch {
	case err != nil:
		b.writeError(w, r, "", err)
	case !offered:
		b.refusedHere.allow(r, now)
		b.writeError(w, r, "", &Error{Code: codeInvalidRequest, Description: "unknown app_id", Status: http.StatusNotFound})
	default:
		writeJSON(w, http.StatusOK, struct{}{})
	}
}

// activate takes the authorization code of an enterprise's own program. The code that it
// gives is worth something only with the verifier of whoever asked.
func (b *Broker) activate(w http.ResponseWriter, r *http.Request) {
	answer, err := b.activated(w, r)
	if err != nil {
		b.writeError(w, r, "", err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (b *Broker) activated(w http.ResponseWriter, r *http.Request) (activated, error) {
	// A page of another site cannot send this type without being asked who it is.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return activated{}, refuse(codeInvalidRequest, "send application/json")
	}
	var asked activation
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm)).Decode(&asked); err != nil {
		return activated{}, &Error{Code: codeInvalidRequest, Description: "the body cannot be read"}
	}
	if asked.AppID == "" || asked.Code.IsZero() || len(asked.Challenge) != 43 || strings.Trim(asked.Challenge, unreserved) != "" {
		return activated{}, refuse(codeInvalidRequest, "app_id, code and code_challenge are needed")
	}
	now := b.cfg.Base.Time()
	if b.refusedHere.reached(r, now) || b.refusedFor.full(asked.AppID, now) {
		return activated{}, errTooOften()
	}
	session, err := b.cfg.Activator.Activate(r.Context(), asked.AppID, r.UserAgent(), asked.Code)
	if err != nil {
		b.refusedHere.allow(r, now)
		if !errors.Is(err, auth.ErrNotFound) { // of those that exist alone
			b.refusedFor.count(asked.AppID, now)
		}
		return activated{}, activationError(err)
	}
	e, err := b.cfg.Enterprises.Enterprise(r.Context(), session.EnterpriseID)
	if err != nil {
		return activated{}, err
	}
	life := b.cfg.Base.Lifetimes.Flow // the person may have to confirm the enterprise first
	now = b.cfg.Base.Time()
	g := server.Grant{
		ID: server.NewID(now), EnterpriseID: e.ID, ClientID: server.DesktopClient, PersonID: session.PersonID, SessionID: session.ID,
		Scope: "openid profile email offline_access", AuthTime: session.AuthTime,
		Challenge: asked.Challenge, Nonce: asked.Challenge, CodeExpires: now.Add(life),
	}
	if err := b.cfg.Grants.SaveGrant(r.Context(), g); err != nil {
		return activated{}, err
	}
	b.log.InfoContext(r.Context(), "program activated", "enterprise", e.ID, "person", session.PersonID)
	return activated{Code: b.code(g), Enterprise: e.Code, Expires: int64(life.Seconds())}, nil
}

// errTooOften is for whoever tries codes, and spares the company's sign-in from them.
func errTooOften() *Error {
	return &Error{Code: codeUnavailable, Status: http.StatusTooManyRequests}
}

// activationError is what the agent reads: the fault's name stands in the description,
// so that the person reads the same words as after a sign-in.
func activationError(err error) error {
	fault, _ := auth.FaultOf(err)
	e := &Error{Code: codeInvalidGrant, Description: string(fault), cause: err}
	switch {
	case fault == auth.Internal:
		return err
	case errors.Is(err, auth.ErrOffline):
		e.Code, e.Status = codeUnavailable, http.StatusServiceUnavailable
	case errors.Is(err, auth.ErrNotFound):
		e.Code, e.Status = codeInvalidRequest, http.StatusNotFound
	}
	return e
}
