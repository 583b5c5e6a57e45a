package sso

import (
	"errors"
	"net/http"
	"net/url"

	"lanyard/auth"
	"lanyard/auth/server"
)

// linkPath is the seed's link by APPID, for use as an app's home page.
const linkPath = "/oauth/v1/auth"

// link signs the browser in by the company's connector and sends it on to cb, with
// nothing of ours in hand: the app there starts its own sign-in and the SSO session
// answers. What is signed in for, and where it goes on to, comes back from the flow and
// is checked again, never from the callback's query.
func (s *SSO) link(w http.ResponseWriter, r *http.Request) {
	a := attempt{stage: stageAuthorize}
	c, address, err := s.linked(r, &a)
	if err != nil {
		a.reference = auth.NewTrace()
		s.failed(w, r, &a, err)
		return
	}
	session, err := s.Session(r, c.EnterpriseID)
	due := false
	if err == nil {
		due, err = s.Due(r.Context(), session)
	}
	switch {
	case errors.Is(err, auth.ErrSignInRequired), due:
		again := url.Values{"app_id": {c.AppID}, "cb": {address}}
		s.Begin(w, r, c.EnterpriseID, linkPath+"?"+again.Encode(), server.BeginOptions{})
	case err != nil:
		a.reference = auth.NewTrace()
		s.failed(w, r, &a, err)
	default:
		seeOther(w, address)
	}
}

// linked returns the connector of a link's APPID and the address that the link may go
// on to.
func (s *SSO) linked(r *http.Request, a *attempt) (c loaded, address string, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(query["app_id"]) != 1 || len(query["cb"]) != 1 {
		return c, "", auth.Fail(auth.RequestInvalid, auth.Args{"reason": "the link needs one app_id and one cb"}, err)
	}
	row, err := s.cfg.Connectors.ConnectorByAppID(r.Context(), query.Get("app_id"))
	if errors.Is(err, auth.ErrNotFound) {
		return c, "", auth.Fail(auth.RequestInvalid, auth.Args{"reason": "its app_id is unknown"}, err)
	}
	if err != nil {
		return c, "", err
	}
	if a.enterprise, err = s.cfg.Enterprises.Enterprise(r.Context(), row.EnterpriseID); err != nil {
		return c, "", noEnterprise(err)
	}
	a.connector = row.ID
	if c, err = s.load(row); err != nil {
		return c, "", err
	}
	address, allowed := c.doc.Target(query.Get("cb"))
	if !allowed {
		// The address itself is nobody's to show: whoever made the link chose it.
		return c, "", auth.Fail(auth.RequestInvalid, auth.Args{"reason": "its cb is not among the addresses set up for this app_id"}, nil)
	}
	return c, address, nil
}
