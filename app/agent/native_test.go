package agent_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lanyard/app/agent"
	"lanyard/app/launch"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

// chat is a company with an app that is a program, which the catalogue names so.
func chat(t *testing.T, native string) *company {
	t.Helper()
	c := newCompany(t, "acme")
	c.fault(func(f *authtest.Faults) { c.serveChat(f, native) })
	return c
}

func (c *company) serveChat(f *authtest.Faults, native string) {
	f.Answer["/v1/apps"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"apps": []auth.App{
			{ID: "chat", Title: auth.Text{"en": "Chat"}, URL: c.Issuer + "/a/chat", Native: native},
		}})
	}
	f.Answer["/v1/launches"] = func(w http.ResponseWriter, r *http.Request) {
		var wish struct{ App, Challenge string }
		if json.NewDecoder(r.Body).Decode(&wish) != nil || len(wish.Challenge) != 43 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":"n1","issuer":%q,"client_id":"chat","code":"native-code %s","redirect_uri":"https://acme.example/native","expires_at":%q}`,
			c.Issuer, wish.Challenge, time.Now().Add(time.Minute).Format(time.RFC3339))
	}
}

// started is a program that a desk was to start.
type started struct {
	launch.Program
	line string
	env  map[string]string
}

// nativeDesk has a list of one program and one scheme.
func nativeDesk(t *testing.T) (*desk, *[]started) {
	var all []started
	return newDesk(t, func(cfg *agent.Config) {
		cfg.Native = []launch.Program{{ID: "chat", Path: "/opt/chat", Args: []string{"--sso"}}, {ID: "meet", Scheme: "acmemeet"}}
		cfg.Start = func(_ context.Context, p launch.Program, line []byte, env map[string]string) error {
			all = append(all, started{p, string(line), env})
			return nil
		}
	}), &all
}

// TestNative starts the program of the device's list with a ticket of its own, which no
// argument, variable, log or State ever has.
func TestNative(t *testing.T) {
	c := chat(t, "chat")
	d, all := nativeDesk(t)
	d.signIn(c, local.SignInRequest{})
	answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "chat", Env: local.Env{"DISPLAY": ":7"}})
	if err != nil || answer.Via != "native" || answer.URL != "" || len(*all) != 1 || len(d.tabs()) != 0 {
		t.Fatalf("launch = %+v, %v; started %v, tabs %v", answer, err, *all, d.tabs())
	}
	got := (*all)[0]
	if got.Path != "/opt/chat" || len(got.Args) != 1 || got.env["DISPLAY"] != ":7" || strings.Count(got.line, "\n") != 1 {
		t.Errorf("started %+v", got)
	}
	var ticket map[string]string
	if err := json.Unmarshal([]byte(got.line), &ticket); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(ticket["code_verifier"]))
	if ticket["issuer"] != c.Issuer || ticket["client_id"] != "chat" || ticket["redirect_uri"] != "https://acme.example/native" ||
		ticket["code"] != "native-code "+base64.RawURLEncoding.EncodeToString(sum[:]) || len(ticket) != 5 {
		t.Errorf("ticket %v", ticket)
	}
	if log := string(d.ring.Lines()); strings.Contains(log, "native-code") || strings.Contains(log, ticket["code_verifier"]) {
		t.Error("the ticket is in the log")
	}
	d.until("a question after it", func(s local.State) bool { return s.Profile("").Opened != nil })
}

// TestNativeScheme opens a scheme with nothing secret.
func TestNativeScheme(t *testing.T) {
	c := chat(t, "meet")
	d, all := nativeDesk(t)
	d.signIn(c, local.SignInRequest{})
	answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "chat"})
	if err != nil || answer.Via != "native" || len(*all) != 1 || (*all)[0].Scheme != "acmemeet" || (*all)[0].line != "" {
		t.Errorf("launch = %+v, %v; started %+v", answer, err, *all)
	}
}

// TestNativeNotListed starts nothing that the device's list does not name, whatever a
// catalogue says.
func TestNativeNotListed(t *testing.T) {
	for _, native := range []string{
		"other", "Chat", "chat ", "chat --evil", "/opt/chat", "../chat", "chat\x00", "acmemeet", "acmemeet://x", "https://evil.example", "sh -c id",
	} {
		c := chat(t, native)
		d, all := nativeDesk(t)
		d.signIn(c, local.SignInRequest{})
		_, err := d.Launch(t.Context(), local.LaunchRequest{App: "chat"})
		isFault(t, err, auth.NativeMissing)
		if _, args := auth.FaultOf(err); args["app"] != "Chat" || args["help"] == "" {
			t.Errorf("%q: told %v", native, args)
		}
		if len(*all) != 0 || len(d.tabs()) != 0 {
			t.Errorf("%q: started %v, opened %v", native, *all, d.tabs())
		}
	}
}

// TestNativeWithoutServer starts the program all the same, without a ticket.
func TestNativeWithoutServer(t *testing.T) {
	c := chat(t, "chat")
	d, all := nativeDesk(t)
	d.signIn(c, local.SignInRequest{})
	c.fault(func(f *authtest.Faults) { c.serveChat(f, "chat"); f.Answer["/v1/launches"] = authtest.Status(503) })
	if answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "chat"}); err != nil || answer.Via != "native" || len(*all) != 1 || (*all)[0].line != "" {
		t.Errorf("launch = %+v, %v; started %+v", answer, err, *all)
	}
	c.fault(func(f *authtest.Faults) {
		c.serveChat(f, "chat")
		f.Answer["/v1/launches"] = authtest.OAuthError(403, "app_not_yours", "")
	})
	_, err := d.Launch(t.Context(), local.LaunchRequest{App: "chat"})
	isFault(t, err, auth.AppNotYours)
	if len(*all) != 1 {
		t.Errorf("an app that is not the person's was started: %+v", *all)
	}
}

// TestNativeProofDue: where the company wants the person at its page again, the click ends
// there and starts nothing yet.
func TestNativeProofDue(t *testing.T) {
	c := chat(t, "chat")
	d, all := nativeDesk(t)
	d.signIn(c, local.SignInRequest{})
	c.fault(func(f *authtest.Faults) {
		c.serveChat(f, "chat")
		f.Answer["/v1/launches"] = authtest.OAuthError(403, "sign_in_required", "")
	})
	if answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "chat"}); err != nil || answer.Attempt == "" || len(*all) != 0 {
		t.Errorf("launch = %+v, %v; started %+v", answer, err, *all)
	}
	if page := d.step(local.StepWaiting).URL; !strings.HasPrefix(page, c.Issuer) {
		t.Errorf("waits at %s", page)
	}
}

// TestNativeAfterSignIn ends a click while signed out in the program, too.
func TestNativeAfterSignIn(t *testing.T) {
	c := chat(t, "chat")
	d, all := nativeDesk(t)
	d.signIn(c, local.SignInRequest{})
	if err := d.SignOut(t.Context(), local.SignOutRequest{}); err != nil {
		t.Fatal(err)
	}
	if answer, err := d.Launch(t.Context(), local.LaunchRequest{App: "chat"}); err != nil || answer.Attempt == "" {
		t.Fatalf("launch = %+v, %v", answer, err)
	}
	page := authtest.NewVisitor(t).Visit(t, d.step(local.StepWaiting).URL)
	d.step(local.StepDone)
	if len(*all) != 1 || !strings.Contains((*all)[0].line, "native-code") || page.Header.Get("Refresh") != "" {
		t.Errorf("started %+v; the page goes on to %q", *all, page.Header.Get("Refresh"))
	}
}
