package broker

import (
	"context"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
)

// admitted reports whether the person of a session may open what the client of a request
// is for, or has answered: the person learns why not and whom to ask, but where nobody is
// to be shown a page (prompt=none) the client does.
func (b *Broker) admitted(w http.ResponseWriter, r *http.Request, q *request, s server.Session) bool {
	if b.cfg.Audiences == nil || q.client.ID == server.DesktopClient {
		return true
	}
	allowed, err := b.allows(r.Context(), s, q.client.ID)
	switch {
	case err != nil:
		b.answerError(w, r, q, err)
	case allowed:
		return true
	case q.asks(promptNone):
		b.answerError(w, r, q, refuse(codeAccessDenied, "the person may not open this application"))
	default:
		b.cfg.Fail(w, r, q.enterprise.ID, auth.Fail(auth.AppNotYours, auth.Args{"app": q.client.Name}, nil))
	}
	return false
}

func (b *Broker) allows(ctx context.Context, s server.Session, client string) (bool, error) {
	person, err := b.cfg.People.Person(ctx, s.EnterpriseID, s.PersonID)
	if err != nil {
		return false, err
	}
	admission, err := b.cfg.Audiences.ClientAdmission(ctx, person, client)
	return admission.Allowed, err
}

// back says that a client has come for a person.
func (b *Broker) back(ctx context.Context, g server.Grant) {
	if b.cfg.Back != nil && g.ClientID != server.DesktopClient {
		b.cfg.Back(ctx, g.EnterpriseID, g.PersonID, g.ClientID)
	}
}
