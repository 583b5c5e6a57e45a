package saml

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	crewjam "github.com/crewjam/saml"

	"lanyard/auth"
	"lanyard/auth/server"
)

// Open implements server.Opener: it posts a response that nobody asked for to the
// app's first assertion consumer service (profiles, section 4.1.5).
func (p *Provider) Open(w http.ResponseWriter, r *http.Request, app server.App, s server.Session) error {
	sp, err := specOf(app)
	if err != nil {
		return err
	}
	return p.post(w, r, answer{app: app, sp: sp, session: s, acs: sp.ACS[0]}, sp.RelayState)
}

// specOf returns what an app says of its service provider.
func specOf(app server.App) (server.SAML, error) {
	var spec server.LaunchSpec
	if err := json.Unmarshal(app.Launch, &spec); err != nil {
		return server.SAML{}, misconfigured(app, fmt.Errorf("read launch: %w", err))
	}
	if spec.SAML == nil || spec.SAML.EntityID == "" || len(spec.SAML.ACS) == 0 {
		return server.SAML{}, misconfigured(app, errors.New("no entity ID or no assertion consumer service"))
	}
	return *spec.SAML, nil
}

func misconfigured(app server.App, cause error) error {
	return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": app.ID}, cause)
}

// post answers with the page that carries an assertion to the service provider.
// An error has not been answered.
func (p *Provider) post(w http.ResponseWriter, r *http.Request, a answer, relayState string) error {
	ctx := r.Context()
	person, err := p.cfg.People.Person(ctx, a.app.EnterpriseID, a.session.PersonID)
	if err != nil {
		return err
	}
	values, err := p.admit(ctx, person, a.app, p.lang(r))
	if err != nil {
		return err
	}
	if _, err := p.origin(a.acs); err != nil {
		return misconfigured(a.app, err)
	}
	keys, err := p.keys.of(ctx, a.app.EnterpriseID)
	if err != nil {
		return err
	}
	message, err := p.message(a, person, values, keys[0])
	if errors.Is(err, errOther) {
		p.opened(ctx, a.app, a.session, server.OpeningAnother)
		return err
	}
	if err != nil {
		p.opened(ctx, a.app, a.session, server.OpeningFailed)
		return p.named(err, a.app, r)
	}
	if err := p.once(ctx, a); err != nil {
		return err
	}
	p.opened(ctx, a.app, a.session, server.OpeningPosted)
	p.log.InfoContext(ctx, "SAML response posted", "enterprise", a.app.EnterpriseID, "app", a.app.ID, "person", person.ID)
	return p.send(w, r, a, message, relayState)
}

// admit returns what the person's assignment to the app carries, or the fault that says
// that the app is not theirs.
func (p *Provider) admit(ctx context.Context, person server.Person, app server.App, lang string) (map[string]string, error) {
	if p.cfg.Audiences == nil {
		return nil, nil
	}
	admission, err := p.cfg.Audiences.Admission(ctx, person, app.ID)
	if err != nil {
		return nil, err
	}
	if !admission.Allowed {
		return nil, auth.Fail(auth.AppNotYours, auth.Args{"app": app.Title.In(lang)}, nil)
	}
	return admission.Values, nil
}

// named puts the app's name into a fault about its values; any other error of making an
// assertion is the app's settings' fault.
func (p *Provider) named(err error, app server.App, r *http.Request) error {
	var e *auth.Error
	if !errors.As(err, &e) {
		return misconfigured(app, err)
	}
	if e.Fault != auth.AppValueMissing {
		return err
	}
	return auth.Fail(e.Fault, auth.Args{"app": app.Title.In(p.lang(r)), "field": e.Args["field"]}, err)
}

// message makes and signs a response with an assertion about the person.
func (p *Provider) message(a answer, person server.Person, values map[string]string, key *signingKey) ([]byte, error) {
	now := p.cfg.Base.Time()
	assertion, err := p.assertion(a, factsOf(person, values), now)
	if err != nil {
		return nil, err
	}
	return p.response(a, assertion, crewjam.StatusCode{Value: crewjam.StatusSuccess}, key, now)
}

// field is one input of the form.
type field struct{ Name, Value string }

// submit sends the form of post.html; its button is for browsers without scripts.
const submit template.JS = "document.forms[0].submit();"

// send answers with the form that posts a message (bindings, section 3.5.4).
func (p *Provider) send(w http.ResponseWriter, r *http.Request, a answer, message []byte, relayState string) error {
	origin, err := p.origin(a.acs)
	if err != nil {
		return misconfigured(a.app, err)
	}
	e, err := p.cfg.Enterprises.Enterprise(r.Context(), a.app.EnterpriseID)
	if err != nil {
		return err
	}
	fields := []field{{"SAMLResponse", base64.StdEncoding.EncodeToString(message)}}
	if relayState != "" {
		fields = append(fields, field{"RelayState", relayState})
	}
	// A browser holds what the service provider redirects to against the page's policy as
	// well, and a sign-in often ends at another site of it: signin.aliyun.com goes on to
	// home.console.aliyun.com. So the form may end wherever there is https.
	origin += " https:"
	lang := p.lang(r)
	return p.pages.Write(w, http.StatusOK, "post", server.View{
		Lang: lang, Title: p.cfg.Text(lang, "saml.post.title", "app", a.app.Title.In(lang)), Enterprise: e,
		FormTo: origin, Script: submit,
		Body: map[string]any{"Action": a.acs, "Fields": fields, "Continue": p.cfg.Text(lang, "common.continue")},
	})
}

// origin returns scheme and host of an address that assertions may be posted to.
func (p *Provider) origin(address string) (string, error) {
	if !isAddress(address) {
		return "", fmt.Errorf("assertion consumer service %q is not an address", address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	if u.Scheme != "https" && !p.plainAllowed(u.Hostname()) {
		return "", fmt.Errorf("assertion consumer service %q is not https", address)
	}
	return u.Scheme + "://" + u.Host, nil
}

// isAddress reports whether text is an absolute http or https address whose origin may
// stand in a header.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= 2048 && (u.Scheme == "https" || u.Scheme == "http") &&
		u.Host != "" && u.User == nil && u.Fragment == "" &&
		!strings.ContainsFunc(u.Host, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`;,'"`, c) })
}

func (p *Provider) plainAllowed(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() || host == "localhost" {
		return true
	}
	return slices.Contains(p.cfg.AllowHTTP, host)
}
