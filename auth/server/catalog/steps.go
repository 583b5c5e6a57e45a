package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// opening returns the steps of a launch, checked and ready to run.
func opening(l server.LaunchSpec, app string) (*connector.Opening, error) {
	return connector.LoadOpening(l.Opening(app))
}

// steps runs an app's steps for a person and returns the address that they end in.
func (c *Catalog) steps(r *http.Request, app server.App, l server.LaunchSpec, s server.Session, who visitor) (string, error) {
	if c.cfg.Engine == nil || c.cfg.Minter == nil {
		return "", misconfigured(app, errors.New("this server runs no steps"))
	}
	o, err := opening(l, app.ID)
	if err != nil {
		return "", misconfigured(app, err)
	}
	run := connector.Run{Vars: c.facts(who), Secrets: map[string]auth.Secret{}}
	if err := c.unseal(app, l.Secrets, run.Secrets); err != nil {
		return "", misconfigured(app, err)
	}
	if l.Names("id_token") {
		token, err := c.cfg.Minter.IDToken(r.Context(), s, client(app))
		if errors.Is(err, auth.ErrNotFound) {
			return "", misconfigured(app, err)
		}
		if err != nil {
			return "", err
		}
		run.Secrets["id_token"] = token
	}
	address, _, err := c.cfg.Engine.Open(r.Context(), o, run)
	return address, err
}

// facts are what steps may say of a person: our own words for them first, so that no
// claim passes for one of these.
func (c *Catalog) facts(who visitor) map[string]string {
	facts := map[string]string{}
	for name, value := range who.Authoritative {
		facts[name] = value
	}
	for _, ours := range []string{"id_token", "login_hint", "nonce", "now_utc"} {
		delete(facts, ours)
	}
	for name, value := range who.assigned {
		facts["assigned."+name] = value
	}
	facts["issuer"] = c.cfg.Base.Issuer(who.EnterpriseID)
	facts["sub"], facts["name"], facts["email"] = who.ID, who.Name, hint(who.Person)
	facts["login_hint"] = facts["email"]
	return facts
}

// unseal adds an app's secrets of these names.
func (c *Catalog) unseal(app server.App, names []string, secrets map[string]auth.Secret) error {
	if len(app.Sealed) == 0 {
		return nil
	}
	plain, err := c.cfg.Base.Sealer.Open(app.Sealed, "app "+app.ID)
	if err != nil {
		return fmt.Errorf("open secrets: %w", err)
	}
	var values map[string]string
	if err := json.Unmarshal(plain, &values); err != nil {
		return errors.New("read secrets: not what was sealed") // the cause may quote them
	}
	for _, name := range names {
		secrets[name] = auth.NewSecret(values[name])
	}
	return nil
}

// client is the OpenID client of an app.
func client(app server.App) string {
	if app.ClientID != "" {
		return app.ClientID
	}
	return app.ID
}

// misconfigured says that an app cannot be opened as it is set up.
func misconfigured(app server.App, cause error) error {
	return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": app.ID}, cause)
}
