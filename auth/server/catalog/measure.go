package catalog

import (
	"context"
	"fmt"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/server"
)

// newOpening begins the record of an opening that no launch link has begun.
func (c *Catalog) newOpening() server.Opening {
	return server.Opening{ID: auth.RandomID(), At: c.cfg.Base.Time()}
}

// openingOf begins the record of a launch link's opening.
func openingOf(l server.Launch) server.Opening {
	return server.Opening{ID: l.ID, EnterpriseID: l.EnterpriseID, AppID: l.AppID, PersonID: l.PersonID, At: l.CreatedAt}
}

// opened writes down what became of an opening. Nobody waits for it in vain: where that
// does not work, the app opens all the same.
func (c *Catalog) opened(ctx context.Context, o server.Opening, outcome string) {
	o.Outcome = outcome
	o.Took = max(0, c.cfg.Base.Time().Sub(o.At))
	if err := c.cfg.Openings.RecordOpening(ctx, o); err != nil {
		c.log.WarnContext(ctx, "opening not recorded", "enterprise", o.EnterpriseID, "app", o.AppID, "launch", o.ID, "err", err)
	}
}

// old writes down that a launch link was worth nothing any more: once for each link,
// however often somebody tries it.
func (c *Catalog) old(ctx context.Context, l server.Launch) {
	o := openingOf(l)
	o.ID = "old-" + l.ID
	c.opened(ctx, o, server.OpeningOld)
}

// unopened writes down why an app did not open, for the admin, and tells the person.
func (c *Catalog) unopened(w http.ResponseWriter, r *http.Request, o server.Opening, err error) {
	c.fail(w, c.noted(r, o, err), err)
}

// noted writes down why an app did not open, for the admin, and returns the request with
// the number under which that is found.
func (c *Catalog) noted(r *http.Request, o server.Opening, err error) *http.Request {
	c.opened(context.WithoutCancel(r.Context()), o, server.OpeningFailed)
	return r.WithContext(server.WithReference(r.Context(), c.recorded(r, o, err)))
}

// recorded writes a line about an opening into the sign-in log and returns its reference.
func (c *Catalog) recorded(r *http.Request, o server.Opening, err error) string {
	ctx := context.WithoutCancel(r.Context())
	reference := auth.NewTrace()
	fault, _ := auth.FaultOf(err)
	line := server.SignIn{
		Reference: reference, EnterpriseID: o.EnterpriseID, PersonID: o.PersonID, AppID: o.AppID,
		Stage: "open", Fault: fault, Detail: server.Detail(err), At: c.cfg.Base.Time(),
	}
	if err := c.cfg.SignIns.RecordSignIn(ctx, line); err != nil {
		c.log.WarnContext(ctx, "failed opening not recorded", "reference", reference, "err", err)
	}
	return reference
}

// asked answers POST {issuer}/v1/openings/{opening}/asked: the person says that the app
// asked them to sign in.
func (c *Catalog) asked(w http.ResponseWriter, r *http.Request) {
	token, ok := c.cfg.Bearer.Bearer(w, r, r.PathValue("id"), server.AudienceAPI)
	if !ok {
		return
	}
	if err := c.complain(r, token.EnterpriseID, token.PersonID); err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// complain writes down that the path's opening, one of the person's own, ended in a
// question for a password.
func (c *Catalog) complain(r *http.Request, enterprise, person string) error {
	o, err := c.cfg.Openings.Opening(r.Context(), enterprise, r.PathValue("opening"))
	if err == nil && o.PersonID != person {
		err = fmt.Errorf("opening of another person: %w", auth.ErrNotFound)
	}
	if err == nil {
		err = c.cfg.Openings.MarkOpening(r.Context(), enterprise, o.ID, server.OpeningAsked, c.cfg.Base.Time())
	}
	if err != nil {
		return err
	}
	c.log.InfoContext(r.Context(), "app asked to sign in", "enterprise", enterprise, "app", o.AppID, "person", person, "launch", o.ID)
	return nil
}
