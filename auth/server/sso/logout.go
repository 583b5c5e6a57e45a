package sso

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// ownLogout is where a connector's provider says that a session there has ended (OpenID
// Connect Back-Channel Logout 1.0): the address that its admin registers beside the
// callback.
const ownLogout = "/c/{connector}/logout"

// upstreamLogout ends here what has ended upstream. With a sid that is the browsers'
// sessions that stand on it, with what was launched from them; a desktop keeps its own, as
// tokens for offline access do (section 2.7), and is asked about by its own proof. Without
// a sid all that the person has here ends, desktops included.
//
// It is answered to the provider and never to a person (section 2.8).
func (s *SSO) upstreamLogout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	id := r.PathValue("connector")
	err := s.endUpstream(r.Context(), id, r.PostFormValue("logout_token"))
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if err == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	fault, args := auth.FaultOf(err)
	status, code := http.StatusBadRequest, "invalid_request"
	if fault != auth.TokenInvalid && fault != auth.FlowStale && !errors.Is(err, auth.ErrConflict) {
		status, code = http.StatusServiceUnavailable, "temporarily_unavailable" // it may send it again
	}
	s.log.InfoContext(r.Context(), "upstream logout refused", "connector", id, "fault", string(fault), "check", args["check"], "err", err)
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code}) // the provider is gone when this fails
}

// endUpstream ends what a logout token names.
func (s *SSO) endUpstream(ctx context.Context, id, raw string) error {
	row, err := s.cfg.Connectors.Connector(ctx, id)
	if errors.Is(err, auth.ErrNotFound) {
		return stale(err)
	}
	if err != nil {
		return err
	}
	c, err := s.load(row)
	if err != nil {
		return err
	}
	if c.doc.Kind != connector.KindOIDC || raw == "" {
		return stale(errors.New("connector has no logout tokens, or none came"))
	}
	p, err := s.providers.of(ctx, c)
	if err != nil {
		return err
	}
	logout, err := p.VerifyLogout(ctx, raw)
	if err != nil {
		return err
	}
	ends := server.Logout{Hash: server.Hash(c.ID + " " + logout.ID), Expires: logout.Expiry}
	if logout.SessionID != "" {
		ends.UpstreamSID = upstreamSID(c.ID, logout.SessionID)
	} else {
		ends.PersonKey = personKey(c.EnterpriseID, c.ID, p.Issuer, logout.Subject)
	}
	if err := s.cfg.Logouts.EndUpstream(ctx, c.EnterpriseID, ends, s.cfg.Base.Time()); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "upstream session ended", "enterprise", c.EnterpriseID, "connector", c.ID, "everything", logout.SessionID == "")
	return nil
}

// upstreamSID is how a session remembers the upstream's own: by the hash, for whoever
// reads the database must not learn what ends a session there.
func upstreamSID(connector, sid string) string {
	if sid == "" {
		return ""
	}
	return server.Hash("upstream session\n" + connector + "\n" + sid)
}
