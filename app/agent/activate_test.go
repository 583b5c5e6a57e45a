package agent_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"lanyard/app/agent"
	"lanyard/app/local"
	"lanyard/auth"
)

const appID = "AK20211008GIMUUL"

// offers and activate are the company's side of activation.
func (c *company) offers(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if c.program == "" || r.URL.Query().Get("app_id") != appID {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write([]byte("{}"))
}

func (c *company) activate(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		AppID     string `json:"app_id"`
		Code      string `json:"code"`
		Challenge string `json:"code_challenge"`
	}
	err := json.NewDecoder(r.Body).Decode(&asked)
	c.mu.Lock()
	c.codes = append(c.codes, asked.Code)
	good := err == nil && asked.AppID == appID && asked.Code == c.program && r.Header.Get("Content-Type") == "application/json"
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if !good {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"provider_failed"}`))
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"code": c.GiveCode(asked.Challenge, asked.Challenge), "enterprise": c.code})
}

// activating is a desk that knows two companies' servers; the second takes codes.
func activating(t *testing.T) (d *desk, other, c *company) {
	t.Helper()
	other, c = newCompany(t, "other"), newCompany(t, "acme")
	c.program = "canary-program-code"
	d = newDesk(t, func(cfg *agent.Config) { cfg.Directories = []string{other.origin, c.origin} })
	return d, other, c
}

func (d *desk) activate(code string) {
	d.t.Helper()
	if _, err := d.Activate(d.t.Context(), local.ActivateRequest{AppID: appID, Code: code}); err != nil {
		d.t.Fatal(err)
	}
}

// The code of a company's own program signs in without a browser, after the company was
// confirmed like any other, and goes to no server but the company's.
func TestActivate(t *testing.T) {
	d, other, c := activating(t)
	d.activate("canary-program-code")
	att := d.step(local.StepConfirm)
	if att.Enterprise.ID != "id-acme" || att.Host != strings.TrimPrefix(c.Issuer, "http://") {
		t.Errorf("attempt %+v", att)
	}
	if n := c.Count("/token"); n != 0 {
		t.Errorf("%d codes were redeemed before the company was confirmed", n)
	}
	if err := d.Confirm(t.Context(), att.ID, local.Confirmation{Host: att.Host}); err != nil {
		t.Fatal(err)
	}
	d.step(local.StepDone)
	p := d.phase(local.SignedIn)
	if p.Identity.Name != "张三" || p.AppsAll != 2 {
		t.Errorf("profile %+v", p)
	}
	if form := c.Last("/token"); form.Has("redirect_uri") || form.Get("code_verifier") == "" {
		t.Errorf("redeemed with %v", form)
	}
	if len(d.tabs()) != 0 || len(other.codes) != 0 {
		t.Errorf("tabs %v; codes at the other company: %v", d.tabs(), other.codes)
	}
	// It is an enrolled company from now on: nobody is asked again.
	d.activate("canary-program-code")
	d.step(local.StepDone)
}

// No program exchanges the person, nor makes its company the current one, unasked.
func TestActivateReplacesNobody(t *testing.T) {
	d, other, c := activating(t)
	d.signIn(other, local.SignInRequest{})
	current := d.until("a current profile", func(s local.State) bool { return s.Current != "" }).Current
	d.signIn(c, local.SignInRequest{})
	if err := d.Select(t.Context(), current); err != nil {
		t.Fatal(err)
	}
	d.activate("canary-program-code") // the same person again
	d.step(local.StepDone)
	if s, err := d.State(t.Context()); err != nil || s.Current != current {
		t.Errorf("the current profile is %q, %v; want %q", s.Current, err, current)
	}
	revoked := c.Count("/revoke")
	c.User = clone(c.User)
	c.User["sub"], c.User["name"] = "u-2", "李四"
	d.activate("canary-program-code")
	att := d.step(local.StepFailed)
	isFault(t, att.Problem, auth.SignInOtherPerson)
	if c.Count("/revoke") != revoked+1 {
		t.Error("the other person's tokens were not given back")
	}
	s, err := d.State(t.Context())
	if err != nil || len(s.Profiles) != 2 {
		t.Errorf("profiles %+v, %v", s.Profiles, err)
	}
}

func TestActivateFails(t *testing.T) {
	d, other, c := activating(t)
	for _, req := range []local.ActivateRequest{
		{}, {AppID: appID}, {Code: "c"}, {AppID: "acme", Code: "c"}, {AppID: appID + "/../x", Code: "c"}, {AppID: appID, Code: strings.Repeat("c", 5000)},
	} {
		_, err := d.Activate(t.Context(), req)
		isFault(t, err, auth.BadInput)
	}
	d.activate("a browser's code")
	isFault(t, d.step(local.StepFailed).Problem, auth.ProviderFailed)

	c.mu.Lock()
	c.program = ""
	c.mu.Unlock()
	sent := len(c.codes)
	d.activate("canary-program-code")
	isFault(t, d.step(local.StepFailed).Problem, auth.CodeUnknown)
	if len(c.codes) != sent || len(other.codes) != 0 {
		t.Error("the code was sent to a server that does not take it")
	}
	nobody := newDesk(t)
	nobody.activate("canary-program-code")
	isFault(t, nobody.step(local.StepFailed).Problem, auth.DirectoryNone)
}

// One attempt at a time, whatever its kind.
func TestActivateWhileSigningIn(t *testing.T) {
	d, _, c := activating(t)
	if _, err := d.SignIn(t.Context(), local.SignInRequest{Code: "acme", Directory: c.origin}); err != nil {
		t.Fatal(err)
	}
	_, err := d.Activate(t.Context(), local.ActivateRequest{AppID: appID, Code: "c"})
	isFault(t, err, auth.SignInBusy)
}
