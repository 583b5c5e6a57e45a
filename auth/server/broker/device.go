package broker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"lanyard/auth"
	"lanyard/auth/server"
)

// The bounds of a sign-in with a browser on another machine (RFC 8628).
const (
	deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"
	deviceLife      = 10 * time.Minute
	deviceInterval  = 5 * time.Second
	deviceTries     = 5 // wrong numbers
	// deviceLate is how long after its life a code that was approved in time is worth
	// something: the device asks every few seconds, a slowed one once a minute.
	deviceLate = time.Minute
	// noticeLife is how long the person's other desktops are told of the new one.
	noticeLife = 24 * time.Hour

	// userCodeLetters make no words and are not taken for one another (RFC 8628 section
	// 6.1): eight of them have 34 bits.
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// deviceAnswer is what a device shows (RFC 8628 section 3.2). URI is short, since people type
// it; Complete is the enterprise's own page, for links and QR codes.
type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	Expires    int64  `json:"expires_in"`
	Interval   int64  `json:"interval"`
	// Number is ours: the page asks for it, so that nobody approves a device that they
	// do not see.
	Number string `json:"number"`
}

// newDevice is what the person's other desktops are told.
type newDevice struct {
	Name string `json:"name"`
	At   int64  `json:"at"` // seconds since 1970
}

// deviceAuthorization begins a sign-in with a browser on another machine.
func (b *Broker) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("enterprise")
	form, client, err := b.readRequest(w, r, id)
	var answer deviceAnswer
	if err == nil {
		answer, err = b.beginDevice(r, id, client, form)
	}
	if err != nil {
		b.writeError(w, r, id, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (b *Broker) beginDevice(r *http.Request, enterprise string, c server.Client, form url.Values) (deviceAnswer, error) {
	e, err := b.cfg.Enterprises.Enterprise(r.Context(), enterprise)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return deviceAnswer{}, &Error{Code: codeInvalidRequest, Description: "no such issuer", Status: http.StatusNotFound}
	case err != nil:
		return deviceAnswer{}, err
	case !e.Device:
		return deviceAnswer{}, refuse(codeUnauthorizedClient, "this issuer does not offer it")
	case c.ID != server.DesktopClient:
		return deviceAnswer{}, refuse(codeUnauthorizedClient, "this client has no use for it")
	case !b.begun.allow(r, b.cfg.Base.Time()):
		return deviceAnswer{}, &Error{Code: codeUnavailable, Status: http.StatusTooManyRequests}
	}
	scope := grantedScope(form.Get("scope"))
	if !hasScope(scope, "openid") {
		return deviceAnswer{}, refuse(codeInvalidScope, "scope must contain openid")
	}
	challenge, err := readChallenge(form)
	if err != nil {
		return deviceAnswer{}, err
	}
	now := b.cfg.Base.Time()
	code, user, number := auth.RandomToken(), newUserCode(), newNumber()
	err = b.cfg.Devices.SaveDeviceGrant(r.Context(), server.DeviceGrant{
		Hash: server.Hash(code), UserHash: server.Hash(user), EnterpriseID: enterprise, ClientID: c.ID,
		Scope: scope, Challenge: challenge, Nonce: form.Get("nonce"), Number: number,
		Address: callerAddress(r), Device: deviceName(form.Get("device"), r.UserAgent()),
		CreatedAt: now, ExpiresAt: now.Add(deviceLife),
	})
	if err != nil { // a user code that is taken too: once in a hundred million, and the device asks again
		return deviceAnswer{}, err
	}
	b.log.InfoContext(r.Context(), "device sign-in begun", "enterprise", enterprise)
	shown := shownUserCode(user)
	return deviceAnswer{
		DeviceCode: code, UserCode: shown,
		URI: b.cfg.Base.PublicURL + devicePath, Complete: b.cfg.Base.Issuer(enterprise) + devicePath + "?user_code=" + shown,
		Expires: int64(deviceLife / time.Second), Interval: int64(deviceInterval / time.Second), Number: number,
	}, nil
}

// redeemDevice answers a device's poll (RFC 8628 section 3.4).
func (b *Broker) redeemDevice(r *http.Request, enterprise string, c server.Client, form url.Values) (tokens, error) {
	ctx, now := r.Context(), b.cfg.Base.Time()
	g, err := b.cfg.Devices.PollDeviceGrant(ctx, enterprise, server.Hash(form.Get("device_code")), now)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return tokens{}, &Error{Code: codeInvalidGrant, Description: "the device code is unknown", cause: err}
	case err != nil:
		return tokens{}, err
	case g.ClientID != c.ID:
		return tokens{}, refuse(codeInvalidGrant, "the device code is another client's")
	case !verifies(form.Get("code_verifier"), g.Challenge):
		return tokens{}, refuse(codeInvalidGrant, "code_verifier does not fit")
	case !g.UsedAt.IsZero():
		return tokens{}, b.usedDevice(ctx, g)
	case !g.DeniedAt.IsZero():
		return tokens{}, refuse(codeAccessDenied, "")
	case !g.ExpiresAt.After(now) && (g.ApprovedAt.IsZero() || !g.ExpiresAt.Add(deviceLate).After(now)):
		return tokens{}, refuse(codeExpiredToken, "")
	case g.ApprovedAt.IsZero() && now.Sub(g.PolledAt) < deviceInterval-time.Second: // a second for the way
		return tokens{}, refuse(codeSlowDown, "")
	case g.ApprovedAt.IsZero():
		return tokens{}, refuse(codePending, "")
	}
	session, person, err := b.approver(ctx, g)
	if err != nil {
		return tokens{}, err
	}
	given := server.Grant{
		ID: grantOfDevice(g), EnterpriseID: enterprise, ClientID: c.ID, PersonID: g.PersonID, SessionID: g.SessionID,
		Scope: g.Scope, AuthTime: g.AuthTime, Nonce: g.Nonce, CodeExpires: now,
	}
	answer, err := b.issue(r, c, server.HeldGrant{Grant: given, Session: session, Person: person}, g.Device,
		func(ctx context.Context, given server.Grant, session *server.Session) error {
			return b.cfg.Devices.UseDeviceGrant(ctx, g.Hash, given, session)
		})
	if errors.Is(err, auth.ErrConflict) {
		// It was used meanwhile, or who approved it is signed out.
		if _, _, why := b.approver(ctx, g); why != nil {
			return tokens{}, why
		}
		err = b.usedDevice(ctx, g)
	}
	if err != nil {
		return tokens{}, err
	}
	if err := b.cfg.Devices.TellDevices(ctx, enterprise, g.PersonID, given.ID, g.Device, now); err != nil {
		b.log.WarnContext(ctx, "other devices not told", "enterprise", enterprise, "person", g.PersonID, "err", err)
	}
	return answer, nil
}

// usedDevice refuses a device code that was used before, and ends what it gave: one of
// the two uses was a thief's.
func (b *Broker) usedDevice(ctx context.Context, g server.DeviceGrant) error {
	b.log.WarnContext(ctx, "device code used again", "enterprise", g.EnterpriseID, "client", g.ClientID, "person", g.PersonID)
	given := server.Grant{ID: grantOfDevice(g), EnterpriseID: g.EnterpriseID, ClientID: g.ClientID}
	if err := b.endGrant(ctx, given); err != nil {
		return err
	}
	return refuse(codeInvalidGrant, "the device code was used before")
}

// grantOfDevice names the grant that a device code gives.
func grantOfDevice(g server.DeviceGrant) string { return server.Hash("device grant " + g.Hash)[:32] }

// approver returns who has approved a device and the session they did it in, which must
// stand still.
func (b *Broker) approver(ctx context.Context, g server.DeviceGrant) (server.Session, server.Person, error) {
	session, err := b.cfg.Sessions.Session(ctx, g.EnterpriseID, g.SessionID, b.cfg.Base.Time())
	if errors.Is(err, auth.ErrNotFound) {
		err = b.fallen(ctx, server.Grant{EnterpriseID: g.EnterpriseID, PersonID: g.PersonID})
	}
	if err != nil {
		return session, server.Person{}, err
	}
	person, err := b.cfg.People.Person(ctx, g.EnterpriseID, g.PersonID)
	return session, person, err
}

// noticeOf returns what the desktop of that session is told of the person's newest device.
func (b *Broker) noticeOf(s server.Session) *newDevice {
	if s.NewDevice == "" || b.cfg.Base.Time().Sub(s.NewDeviceAt) > noticeLife {
		return nil
	}
	return &newDevice{Name: s.NewDevice, At: s.NewDeviceAt.Unix()}
}

func newUserCode() string {
	var code strings.Builder
	for range userCodeLength {
		code.WriteByte(userCodeLetters[below(len(userCodeLetters))])
	}
	return code.String()
}

func newNumber() string { return fmt.Sprintf("%02d", below(100)) }

// below returns a random number from 0 to n-1.
func below(n int) int {
	v, _ := rand.Int(rand.Reader, big.NewInt(int64(n))) // crypto/rand never fails
	return int(v.Int64())
}

// shownUserCode is a user code as people read it.
func shownUserCode(code string) string {
	return code[:userCodeLength/2] + "-" + code[userCodeLength/2:]
}

// readUserCode is a user code as a person typed it: in small letters, full width, with
// whatever stands between. Anything that cannot be one is "".
func readUserCode(typed string) string {
	var code strings.Builder
	for _, c := range typed {
		if c >= '！' && c <= '～' {
			c -= '！' - '!'
		}
		c = unicode.ToUpper(c)
		switch {
		case strings.ContainsRune(userCodeLetters, c):
			code.WriteRune(c)
		case unicode.IsLetter(c), unicode.IsDigit(c), code.Len() > userCodeLength:
			return ""
		}
	}
	if code.Len() != userCodeLength {
		return ""
	}
	return code.String()
}

// deviceName is the device as its program names it, made fit to be shown: it decides
// nothing and may be a lie, which is why the page shows the address and asks for the number.
func deviceName(named, userAgent string) string {
	const most = 60
	named = strings.TrimSpace(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) || c == unicode.ReplacementChar { // nor what turns the direction of text
			return -1
		}
		return c
	}, strings.ToValidUTF8(named, "")))
	if runes := []rune(named); len(runes) > most {
		named = string(runes[:most-1]) + "…"
	}
	if named == "" {
		return server.DeviceName("Lanyard", userAgent)
	}
	return named
}
