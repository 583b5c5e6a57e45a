package broker

import (
	"context"
	"errors"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
)

// revoke ends what a token belongs to (RFC 7009): the grant and, for a desktop, its
// session. A token that nobody knows is as good as revoked.
func (b *Broker) revoke(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("enterprise")
	form, client, err := b.readRequest(w, r, id)
	if err == nil && form.Get("token") == "" {
		err = refuse(codeInvalidRequest, "token is missing")
	}
	if err == nil {
		err = b.revokeToken(r.Context(), id, client, form.Get("token"))
	}
	if err != nil {
		b.writeError(w, r, id, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (b *Broker) revokeToken(ctx context.Context, enterprise string, c server.Client, value string) error {
	said, ok := b.cfg.Base.Sealer.ReadToken(server.KindRefresh, enterprise, value)
	if !ok {
		said, ok = b.cfg.Base.Sealer.ReadToken(server.KindAccess, enterprise, value)
		ok = ok && b.cfg.Base.Time().UnixMilli() < said.Expires // else it is invalid, and does nothing (section 2.2)
	}
	if !ok {
		return nil
	}
	g, err := b.cfg.Grants.Grant(ctx, enterprise, said.Grant)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return nil
	case err != nil:
		return err
	case g.ClientID != c.ID:
		return refuse(codeInvalidGrant, "the token is another client's")
	}
	b.log.InfoContext(ctx, "tokens revoked", "enterprise", enterprise, "client", c.ID, "person", g.PersonID)
	return b.endGrant(ctx, g)
}
