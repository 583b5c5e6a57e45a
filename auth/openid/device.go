package openid

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// deviceGrant is the grant type of RFC 8628 section 3.4.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

const (
	// defaultInterval is how often a provider is asked that does not say (section 3.2).
	defaultInterval = 5 * time.Second
	// leastInterval is how often a provider may want to be asked at most.
	leastInterval = 50 * time.Millisecond
	// mostInterval bounds the pauses that grow by trouble.
	mostInterval = time.Minute
	// defaultDeviceLife is how long a code is asked for whose life the provider left out.
	defaultDeviceLife = 10 * time.Minute
	// maxUserCode bounds what a person is asked to type.
	maxUserCode = 64
)

// slowDown is by how much a pause grows when the provider wants it (section 3.5).
var slowDown = 5 * time.Second

// Device is a sign-in that is finished on another device (RFC 8628), of which the person
// has to know UserCode and URL.
type Device struct {
	UserCode string
	// URL is where the code is typed, Complete the same address with the code in it, empty
	// where the provider gives none.
	URL, Complete string
	// Number are two digits that the person reads here and types there, so that a code
	// which somebody sent them signs nobody else in. A provider other than ours gives none.
	Number  string
	Expires time.Time

	code     auth.Secret
	verifier auth.Secret
	interval time.Duration
}

// deviceAnswer is the answer of section 3.2, with what our own server adds.
type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URL        string `json:"verification_uri"`
	OldURL     string `json:"verification_url"` // of a draft, and of Google
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  any    `json:"expires_in"`
	Interval   any    `json:"interval"`
	Number     string `json:"number"`
}

// AskDevice asks for a code to sign in with on another device, bound to this program by
// PKCE. name is what the page there calls this computer; only a Lanyard server is told,
// so pass nothing to others.
//
// It returns the fault DeviceNotOffered where the provider offers none of this, or not to
// this client, and else those of a token request.
func (p *Provider) AskDevice(ctx context.Context, name string) (*Device, error) {
	if p.DeviceEndpoint == "" {
		return nil, auth.Fail(auth.DeviceNotOffered, nil, nil)
	}
	request, challenge := CodeRequest()
	form := url.Values{
		"scope": {strings.Join(p.scopes, " ")}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	if name != "" {
		form.Set("device", name)
	}
	a, err := p.post(ctx, p.DeviceEndpoint, form)
	if err != nil {
		return nil, unreachable(ctx, "ask for a device code", p.DeviceEndpoint, err)
	}
	if code := a.errorCode(); code == "unauthorized_client" || code == "unsupported_grant_type" || a.status == http.StatusNotFound {
		return nil, auth.Fail(auth.DeviceNotOffered, nil, fmt.Errorf("ask for a device code: answered %d %s", a.status, code))
	}
	var said deviceAnswer
	if err := a.decode(&said); err != nil {
		return nil, a.fault("device", err)
	}
	if said.URL == "" {
		said.URL = said.OldURL
	}
	if said.DeviceCode == "" || said.UserCode == "" || len(said.UserCode) > maxUserCode || !opens(said.URL) {
		return nil, auth.Fail(auth.AnswerNotData, auth.Args{"stage": "device"},
			errors.New("ask for a device code: no code, or no address to type it at"))
	}
	d := &Device{
		UserCode: said.UserCode, URL: said.URL, Number: said.Number,
		Expires: p.now().Add(defaultDeviceLife), interval: defaultInterval,
		code: auth.NewSecret(said.DeviceCode), verifier: request.Verifier,
	}
	if opens(said.Complete) {
		d.Complete = said.Complete
	}
	if life := seconds(said.ExpiresIn); life > 0 {
		d.Expires = p.now().Add(life)
	}
	if interval := seconds(said.Interval); interval > 0 {
		d.interval = min(max(interval, leastInterval), mostInterval)
	}
	return d, nil
}

// AwaitDevice asks for the tokens of d until the person is through on the other device,
// at the pace that the provider wants, and checks them as [Provider.Redeem] does; there is
// no nonce in this flow. A provider that cannot be reached is asked again, ever more
// seldom.
//
// It returns the faults SignInDenied where the person or the provider said no,
// SignInTimeout where the code has expired, SignInCanceled where ctx was canceled, and
// else those of Redeem.
func (p *Provider) AwaitDevice(ctx context.Context, d *Device) (Result, error) {
	pause := d.interval
	form := url.Values{
		"grant_type": {deviceGrant}, "device_code": {d.code.Reveal()}, "code_verifier": {d.verifier.Reveal()},
	}
	// Who was through in the code's last moment is asked for once more, after its end.
	for last := false; !last; {
		wait := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			wait.Stop()
			return Result{}, canceledWaiting(ctx)
		case <-wait.C:
		}
		last = !p.now().Before(d.Expires)
		a, err := p.post(ctx, p.TokenEndpoint, form)
		switch {
		case ctx.Err() != nil:
			return Result{}, canceledWaiting(ctx)
		case err != nil, a.status >= http.StatusInternalServerError, a.status == http.StatusTooManyRequests:
			pause = min(2*pause, mostInterval)
			continue
		}
		switch code := a.errorCode(); {
		case a.status == http.StatusOK:
			return p.deviceResult(ctx, a)
		case code == "authorization_pending":
		case code == "slow_down":
			pause = min(pause+slowDown, mostInterval)
		case code == "expired_token":
			last = true
		case code == "access_denied":
			return Result{}, auth.Fail(auth.SignInDenied, nil, errors.New("wait for the other device: the provider let nobody in"))
		default:
			return Result{}, p.tokenFault(ctx, "redeem device code", auth.SignInStale, a.refusal(p.TokenEndpoint))
		}
	}
	return Result{}, auth.Fail(auth.SignInTimeout, nil, errors.New("wait for the other device: the code has expired"))
}

func canceledWaiting(ctx context.Context) error {
	return auth.Fail(auth.SignInCanceled, nil, fmt.Errorf("wait for the other device: %w", context.Cause(ctx)))
}

// deviceResult checks the tokens that came.
func (p *Provider) deviceResult(ctx context.Context, a *answer) (Result, error) {
	var fields map[string]any
	if err := a.decode(&fields); err != nil {
		return Result{}, a.fault("token", err)
	}
	text := func(name string) string { value, _ := fields[name].(string); return value }
	token := &oauth2.Token{
		AccessToken: text("access_token"), TokenType: text("token_type"), RefreshToken: text("refresh_token"),
	}
	if token.AccessToken == "" {
		return Result{}, a.fault("token", errNotData)
	}
	token.ExpiresIn = int64(seconds(fields["expires_in"]) / time.Second)
	set, err := p.tokenSet(token.WithExtra(fields))
	if err != nil {
		return Result{}, err
	}
	return p.whose(ctx, set, "")
}

// post sends a form, with who the client is.
func (p *Provider) post(ctx context.Context, address string, form url.Values) (*answer, error) {
	basic := p.authenticate(form)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic != "" {
		req.Header.Set("Authorization", basic)
	}
	return p.do(req)
}

// errorCode returns the OAuth error of an answer, "" where it is none.
func (a *answer) errorCode() string {
	var said struct {
		Error string `json:"error"`
	}
	if a.status == http.StatusOK || !decodeJSON(a.body, &said) {
		return ""
	}
	return errorCode(said.Error)
}

// refusal is an answer as x/oauth2 would report it, with nothing of its body but the code.
func (a *answer) refusal(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	return &oauth2.RetrieveError{
		Response:  &http.Response{StatusCode: a.status, Request: &http.Request{URL: u}},
		ErrorCode: a.errorCode(),
	}
}

// opens reports whether an address may be given to a person to open: https, or on this
// machine.
func opens(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.User == nil && (connector.Policy{Loopback: true}).CheckURL(u) == nil
}

// seconds reads a span, which some providers write as a text; 0 is none. Nothing lasts
// longer than ten years.
func seconds(v any) time.Duration {
	n, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil || !(n > 0) {
		return 0
	}
	return time.Duration(min(n, 10*365*24*3600) * float64(time.Second))
}
