package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// deviceVisit is one request for the page at which a person approves a device.
type deviceVisit struct {
	enterprise server.Enterprise
	grant      server.DeviceGrant
	user       string // the user code, as it is shown
	marker     string // says when this browser was sent to sign in for it
}

// request is the query by which the page is asked for again.
func (v deviceVisit) request() string {
	return "user_code=" + v.user + "&" + markerParam + "=" + v.marker
}

// devicePage asks for a user code, sends who brings one to sign in anew, and shows which
// device they are about to sign in.
func (b *Broker) devicePage(w http.ResponseWriter, r *http.Request) {
	e, ok := b.deviceEnterprise(w, r)
	if !ok {
		return
	}
	v, wrong, err := b.readDeviceVisit(r, e, r.URL.RawQuery)
	switch {
	case err != nil:
		b.cfg.Fail(w, r, e.ID, err)
		return
	case v.user == "":
		b.askUserCode(w, r, e, wrong)
		return
	}
	session, err := b.cfg.Gate.Session(r, e.ID)
	switch {
	case err != nil && !isSignInRequired(err):
		b.cfg.Fail(w, r, e.ID, err)
	case err == nil && b.freshForDevice(r, v, session):
		b.askDevice(w, r, v, session, "")
	case r.URL.Query().Has("typed"):
		// The form's policy would stop a redirect to the company's page half-way, so that
		// this one is a page's own.
		on := r.URL.Path + "?user_code=" + v.user
		w.Header().Set("Refresh", "0; url="+on)
		lang := b.lang(r, "")
		b.showDevice(w, r, e, b.cfg.Text(lang, "broker.post.title"), map[string]any{"On": on, "Continue": b.cfg.Text(lang, "common.continue")})
	default:
		b.departForDevice(w, r, v)
	}
}

// departForDevice sends the browser to sign in anew. That it was this browser is kept in
// a cookie: an address that somebody else was sent back to is worth nothing.
func (b *Broker) departForDevice(w http.ResponseWriter, r *http.Request, v deviceVisit) {
	since := strconv.FormatInt(b.cfg.Base.Time().UnixMilli(), 10)
	cookie := auth.RandomToken()
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the public address: plain http is for loopback
		Name: b.deviceCookie(), Value: cookie, Path: "/", MaxAge: int(deviceLife / time.Second),
		HttpOnly: true, Secure: b.cfg.Base.Secure(), SameSite: http.SameSiteLaxMode,
	})
	v.marker = since + "." + b.deviceProof(v, since, cookie)
	b.cfg.Gate.Begin(w, r, v.enterprise.ID, r.URL.Path+"?"+v.request(), server.BeginOptions{Fresh: true})
}

func (b *Broker) deviceCookie() string {
	if b.cfg.Base.Secure() {
		return "__Host-lanyard-device"
	}
	return "lanyard-device"
}

func (b *Broker) deviceProof(v deviceVisit, since, cookie string) string {
	return b.cfg.Base.Sealer.Derive(fmt.Sprintf("device sign-in\n%s\n%s\n%s\n%s", v.enterprise.ID, v.grant.Hash, since, cookie))
}

// freshForDevice reports whether the session is the outcome of the trip that this very
// browser was sent on for this device.
func (b *Broker) freshForDevice(r *http.Request, v deviceVisit, s server.Session) bool {
	cookie, err := r.Cookie(b.deviceCookie())
	since, proof, _ := strings.Cut(v.marker, ".")
	if err != nil || !auth.NewSecret(proof).Equal(auth.NewSecret(b.deviceProof(v, since, cookie.Value))) {
		return false
	}
	ms, err := strconv.ParseInt(since, 10, 64)
	return err == nil && !s.AuthTime.Before(time.UnixMilli(ms))
}

// deviceEnterprise is [Broker.enterprise] where it lets people sign in by a device code.
func (b *Broker) deviceEnterprise(w http.ResponseWriter, r *http.Request) (server.Enterprise, bool) {
	e, ok := b.enterprise(w, r)
	if ok && !e.Device {
		b.cfg.Fail(w, r, e.ID, auth.Fail(auth.DeviceNotOffered, nil, nil))
		return e, false
	}
	return e, ok
}

// readDeviceVisit reads the page's query. Without a user code that can be approved, user
// is empty and wrong says why, as a key of words.
func (b *Broker) readDeviceVisit(r *http.Request, e server.Enterprise, raw string) (v deviceVisit, wrong string, err error) {
	v.enterprise = e
	raw, v.marker = cutMarker(raw)
	query, err := url.ParseQuery(raw)
	if err != nil || len(raw) > maxQuery {
		return v, "", pageError("the query cannot be read", err)
	}
	v.grant, v.user, wrong, err = b.typedDevice(r, query.Get("user_code"), func(ctx context.Context, userHash string) (server.DeviceGrant, error) {
		return b.cfg.Devices.DeviceGrantByUser(ctx, e.ID, userHash)
	})
	return v, wrong, err
}

// answerDevice takes the answer of the page that askDevice shows.
func (b *Broker) answerDevice(w http.ResponseWriter, r *http.Request) {
	if _, ok := b.deviceEnterprise(w, r); !ok {
		return
	}
	e, form, ok := b.ownForm(w, r)
	if !ok {
		return
	}
	session, err := b.cfg.Gate.Session(r, e.ID)
	if isSignInRequired(err) || err == nil && !b.ownToken(form, "device", e.ID, session.ID, form.Get("request")) {
		err = auth.Fail(auth.SignInStale, nil, err)
	}
	if err != nil {
		b.cfg.Fail(w, r, e.ID, err)
		return
	}
	v, wrong, err := b.readDeviceVisit(r, e, form.Get("request"))
	switch {
	case err != nil:
		b.cfg.Fail(w, r, e.ID, err)
	case v.user == "":
		b.askUserCode(w, r, e, wrong)
	case !b.freshForDevice(r, v, session):
		b.cfg.Fail(w, r, e.ID, auth.Fail(auth.SignInStale, nil, nil))
	default:
		b.settleDevice(w, r, v, session, form)
	}
}

// settleDevice approves or denies, or counts a wrong number.
func (b *Broker) settleDevice(w http.ResponseWriter, r *http.Request, v deviceVisit, s server.Session, form url.Values) {
	ctx, now, lang := r.Context(), b.cfg.Base.Time(), b.lang(r, "")
	number := strings.TrimSpace(form.Get("number"))
	var err error
	title, text := "broker.device.denied", b.cfg.Text(lang, "broker.device.denied_more")
	switch {
	case form.Get("answer") != "yes":
		err = b.cfg.Devices.SettleDeviceGrant(ctx, v.enterprise.ID, v.grant.Hash, "", "", time.Time{}, now)
	case !auth.NewSecret(number).Equal(auth.NewSecret(v.grant.Number)):
		var tries int
		tries, err = b.cfg.Devices.TryDeviceGrant(ctx, v.enterprise.ID, v.grant.Hash, deviceTries, now)
		if err == nil && tries < deviceTries {
			b.askDevice(w, r, v, s, b.cfg.Text(lang, "broker.device.wrong", "left", strconv.Itoa(deviceTries-tries)))
			return
		}
		text = b.cfg.Text(lang, "broker.device.tries")
	default:
		err = b.cfg.Devices.SettleDeviceGrant(ctx, v.enterprise.ID, v.grant.Hash, s.PersonID, s.ID, s.AuthTime, now)
		if err == nil {
			var person server.Person
			person, err = b.cfg.People.Person(ctx, v.enterprise.ID, s.PersonID)
			title, text = "broker.device.done", b.cfg.Text(lang, "broker.device.done_more", "name", personName(person))
		}
	}
	switch {
	case errors.Is(err, auth.ErrConflict), errors.Is(err, auth.ErrNotFound): // answered or expired meanwhile
		b.askUserCode(w, r, v.enterprise, "broker.device.unknown")
	case err != nil:
		b.cfg.Fail(w, r, v.enterprise.ID, err)
	default:
		b.log.InfoContext(ctx, "device sign-in answered", "enterprise", v.enterprise.ID, "person", s.PersonID, "approved", title == "broker.device.done")
		b.showDevice(w, r, v.enterprise, b.cfg.Text(lang, title), map[string]any{"Sentence": text})
	}
}

// askUserCode shows the page that takes a typed code.
func (b *Broker) askUserCode(w http.ResponseWriter, r *http.Request, e server.Enterprise, wrong string) {
	lang := b.lang(r, "")
	if wrong != "" {
		wrong = b.cfg.Text(lang, wrong)
	}
	b.showDevice(w, r, e, b.cfg.Text(lang, "broker.device.title"), map[string]any{
		"Sentence": b.cfg.Text(lang, "broker.device.type"), "Wrong": wrong,
		"Code": b.cfg.Text(lang, "broker.device.code"), "Continue": b.cfg.Text(lang, "common.continue"),
		"Action": r.URL.Path,
	})
}

// askDevice shows which device the person is about to sign in. The form is bound to the
// session and to the device.
func (b *Broker) askDevice(w http.ResponseWriter, r *http.Request, v deviceVisit, s server.Session, wrong string) {
	person, err := b.cfg.People.Person(r.Context(), v.enterprise.ID, s.PersonID)
	if err != nil {
		b.cfg.Fail(w, r, v.enterprise.ID, err)
		return
	}
	lang := b.lang(r, "")
	b.showDevice(w, r, v.enterprise, b.cfg.Text(lang, "broker.device.confirm", "name", personName(person)), map[string]any{
		"NameLabel": b.cfg.Text(lang, "broker.device.name"), "Name": server.ShownDevice(lang, v.grant.Device),
		"AddressLabel": b.cfg.Text(lang, "broker.device.address"), "Address": v.grant.Address,
		"Warning": b.cfg.Text(lang, "broker.device.warning"), "Wrong": wrong,
		"Number": b.cfg.Text(lang, "broker.device.number"),
		"Yes":    b.cfg.Text(lang, "broker.device.yes"), "No": b.cfg.Text(lang, "broker.device.no"),
		"Action": r.URL.Path, "Request": v.request(),
		"Token": b.formToken("device", v.enterprise.ID, s.ID, v.request()),
	})
}

func (b *Broker) showDevice(w http.ResponseWriter, r *http.Request, e server.Enterprise, title string, body map[string]any) {
	b.show(w, r, e.ID, "device", server.View{Lang: b.lang(r, ""), Title: title, Enterprise: e, Body: body})
}
