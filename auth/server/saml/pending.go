package saml

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"lanyard/auth"
)

// comeBack sends the browser to a page of ours below the enterprise's saml path, with what
// was verified sealed into the address: a POST from another site has no cookie of ours, the
// GET that follows it has.
func (p *Provider) comeBack(w http.ResponseWriter, enterprise, page string, verified any) error {
	plain, err := json.Marshal(verified)
	if err != nil {
		return err
	}
	sealed := p.cfg.Base.Sealer.Seal(plain, sealContext(enterprise, page))
	seeOther(w, "/e/"+enterprise+"/saml/"+page+"?request="+base64.RawURLEncoding.EncodeToString(sealed))
	return nil
}

// sealContext keeps what is sealed to its enterprise and page.
func sealContext(enterprise, page string) string { return "saml " + page + " " + enterprise }

// reopen reads what comeBack has sealed. Anything else is the fault SignInStale.
func (p *Provider) reopen(enterprise, page, sealed string, into any) error {
	plain, err := base64.RawURLEncoding.DecodeString(sealed)
	if err == nil {
		plain, err = p.cfg.Base.Sealer.Open(plain, sealContext(enterprise, page))
	}
	if err == nil {
		err = json.Unmarshal(plain, into)
	}
	if err != nil {
		return auth.Fail(auth.SignInStale, nil, err)
	}
	return nil
}

// registered returns the app that a request was from by its settings of now.
func (p *Provider) registered(ctx context.Context, enterprise, id, entity string) (sender, error) {
	app, err := p.cfg.Catalogue.App(ctx, enterprise, id)
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.Fail(auth.AppUnknown, nil, err)
	}
	if err != nil {
		return sender{}, err
	}
	sp, err := specOf(app)
	if err != nil {
		return sender{}, err
	}
	if sp.EntityID != entity {
		return sender{}, errChanged
	}
	return sender{app, sp}, nil
}

var errChanged = auth.Fail(auth.SignInStale, nil, errors.New("the app's settings have changed"))

// seeOther sends the browser on and leaves no trace of the address it was at.
func seeOther(w http.ResponseWriter, address string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}
