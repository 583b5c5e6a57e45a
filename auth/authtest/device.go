package authtest

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"time"

	"lanyard/auth"
)

// The device grant of a [Provider] (RFC 8628), where its Devices is set: nobody signs in
// by it until the test says yes or no.

// deviceCode is one sign-in on another device.
type deviceCode struct {
	grant
	userCode string
	decided  bool
	err      string // why not
	asked    time.Time
}

// DeviceNumber are the two digits of every device sign-in.
const DeviceNumber = "47"

// deviceInterval is the pause between two questions for its tokens, in seconds.
const deviceInterval = 0.05

func (p *Provider) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	form := r.PostForm
	switch {
	case !p.Devices:
		OAuthError(http.StatusBadRequest, "unauthorized_client", "")(w, r)
		return
	case !p.isClient(r):
		OAuthError(http.StatusUnauthorized, "invalid_client", "")(w, r)
		return
	case form.Get("code_challenge_method") != "S256" || len(form.Get("code_challenge")) != 43 ||
		!slices.Contains(strings.Fields(form.Get("scope")), "openid"):
		OAuthError(http.StatusBadRequest, "invalid_request", "")(w, r)
		return
	}
	code, userCode := auth.RandomToken(), "WDJB-"+strings.ToUpper(auth.RandomID()[:4])
	p.devices[code] = &deviceCode{
		userCode: userCode, grant: grant{challenge: form.Get("code_challenge"), scope: form.Get("scope")},
	}
	answer := map[string]any{
		"device_code": code, "user_code": userCode, "expires_in": 600, "interval": deviceInterval,
		"verification_uri": p.Issuer + "/device", "verification_uri_complete": p.Issuer + "/device?user_code=" + userCode,
		"number": DeviceNumber,
	}
	if p.faults.Device != nil {
		p.faults.Device(answer)
	}
	answerJSON(w, http.StatusOK, answer)
}

// Decide is the person's answer on the other device: yes where refused is empty, else the
// error that the next question gets ("access_denied").
func (p *Provider) Decide(userCode, refused string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.devices {
		if d.userCode == userCode {
			d.decided, d.err = true, refused
		}
	}
}

// redeemDevice answers a question for the tokens of a device sign-in (section 3.5). One
// that comes too early is told to slow down.
func (p *Provider) redeemDevice(w http.ResponseWriter, r *http.Request) {
	code := r.PostForm.Get("device_code")
	d := p.devices[code]
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if d == nil || d.challenge != encode(sum[:]) {
		OAuthError(http.StatusBadRequest, "invalid_grant", "no such code: "+code)(w, r)
		return
	}
	early := !d.asked.IsZero() && time.Since(d.asked).Seconds() < deviceInterval/2
	d.asked = time.Now()
	switch {
	case early:
		OAuthError(http.StatusBadRequest, "slow_down", "")(w, r)
	case !d.decided:
		OAuthError(http.StatusBadRequest, "authorization_pending", "")(w, r)
	case d.err != "":
		delete(p.devices, code)
		OAuthError(http.StatusBadRequest, d.err, "")(w, r)
	default:
		delete(p.devices, code)
		p.issue(w, d.grant, "")
	}
}
