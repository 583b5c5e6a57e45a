package broker

import (
	"errors"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
)

// revoke ends what a token belongs to (RFC 7009): the family and, for a desktop, its
// session. A token that nobody knows is as good as revoked.
func (b *Broker) revoke(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("enterprise")
	form, client, err := b.readRequest(w, r, id)
	if err == nil && form.Get("token") == "" {
		err = refuse(codeInvalidRequest, "token is missing")
	}
	if err == nil {
		err = b.revokeToken(r, id, client, server.Hash(form.Get("token")))
	}
	if err != nil {
		b.writeError(w, r, id, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (b *Broker) revokeToken(r *http.Request, enterprise string, c server.Client, hash string) error {
	var grant server.Grant
	var family string
	refresh, err := b.cfg.Grants.RefreshToken(r.Context(), enterprise, hash)
	grant, family = refresh.Grant, refresh.Family
	if errors.Is(err, auth.ErrNotFound) {
		var access server.AccessToken
		access, err = b.cfg.Grants.AccessToken(r.Context(), enterprise, hash, b.cfg.Base.Time())
		grant, family = access.Grant, access.Family
	}
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return nil
	case err != nil:
		return err
	case grant.ClientID != c.ID:
		return refuse(codeInvalidGrant, "the token is another client's")
	}
	b.log.InfoContext(r.Context(), "tokens revoked", "enterprise", enterprise, "client", c.ID, "person", grant.PersonID)
	return b.endFamily(r.Context(), grant, family)
}
