package workbench_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/workbench"
)

const canary = "canary-token"

// serve answers every request by handler, after checking what all have in common.
func serve(t *testing.T, handler http.HandlerFunc) *workbench.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+canary {
			t.Errorf("Authorization %q", got)
		}
		handler(w, r)
	}))
	t.Cleanup(srv.Close)
	return &workbench.Client{
		HTTP:   &http.Client{Timeout: 5 * time.Second},
		Issuer: srv.URL + "/e/1",
		Token:  func(context.Context) (auth.Secret, error) { return auth.NewSecret(canary), nil },
	}
}

func answer(status int, mediaType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestApps(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.String() != "/e/1/v1/apps" {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
		w.Header().Set("ETag", `"v2"`)
		if r.Header.Get("If-None-Match") == `"v2"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		io.WriteString(w, `{"apps":[{"id":"notes","title":{"en":"Notes","zh":"笔记"},"url":"https://acme.com/a/notes","later":1}]}`)
	})
	apps, etag, same, err := c.Apps(t.Context(), `"v1"`)
	if err != nil || same || etag != `"v2"` || len(apps) != 1 || apps[0].ID != "notes" || apps[0].Title.In("zh") != "笔记" {
		t.Fatalf("got %v %q %v %v", apps, etag, same, err)
	}
	apps, etag, same, err = c.Apps(t.Context(), etag)
	if err != nil || !same || etag != `"v2"` || apps != nil {
		t.Errorf("again: got %v %q %v %v", apps, etag, same, err)
	}
}

func TestIcon(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n" + "rest"
	sha := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
	for name, tt := range map[string]struct {
		ask, body string
		status    int
		want      auth.Fault
	}{
		"right":         {sha(png), png, 200, ""},
		"upper case":    {strings.ToUpper(sha(png)), png, 200, ""},
		"other picture": {sha("x"), png, 200, auth.AnswerNotData},
		"svg":           {sha("<svg/>"), "<svg/>", 200, auth.AnswerNotData},
		"page":          {sha("<html>"), "<html>", 200, auth.AnswerNotData},
		"too large":     {sha(png), png + strings.Repeat("x", 256<<10), 200, auth.AnswerNotData},
		"not a hash":    {"../apps", png, 200, auth.BadInput},
		"short hash":    {"abcd", png, 200, auth.BadInput},
		"unauthorized":  {sha(png), "", 401, auth.SignInRequired},
		"gone":          {sha(png), "", 404, auth.EnterpriseMisconfig},
		"server down":   {sha(png), "", 503, auth.ProviderUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if want := "/e/1/v1/icons/" + strings.ToLower(tt.ask); r.URL.Path != want {
					t.Errorf("asked %s, want %s", r.URL.Path, want)
				}
				answer(tt.status, "image/png", tt.body)(w, r)
			})
			data, mediaType, err := c.Icon(t.Context(), tt.ask)
			if tt.want == "" {
				if err != nil || string(data) != tt.body || mediaType != "image/png" {
					t.Errorf("got %d bytes, %s, %v", len(data), mediaType, err)
				}
				return
			}
			if fault, _ := auth.FaultOf(err); fault != tt.want || data != nil {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestLaunch(t *testing.T) {
	const good = `{"id":"l1","url":"%s/launch/secret-link","key":"secret-key","expires_at":"2030-01-02T03:04:05Z"}`
	for name, tt := range map[string]struct {
		status    int
		mediaType string
		body      string
		want      auth.Fault
	}{
		"made":            {201, "application/json", good, ""},
		"leads elsewhere": {201, "application/json", `{"id":"l1","url":"https://evil.com/e/1/launch/x","key":"k"}`, auth.AnswerNotData},
		"look-alike":      {201, "application/json", `{"id":"l1","url":"%s.evil.com/launch/x","key":"k"}`, auth.AnswerNotData},
		"script":          {201, "application/json", `{"id":"l1","url":"javascript:alert(1)","key":"k"}`, auth.AnswerNotData},
		"no key":          {201, "application/json", `{"id":"l1","url":"%s/launch/x"}`, auth.AnswerNotData},
		"portal":          {201, "text/html", good, auth.AnswerNotData},
		"broken":          {201, "application/json", `{"id":`, auth.AnswerNotData},
		"endless":         {201, "application/json", strings.Repeat(" ", 2<<20), auth.AnswerNotData},
		"only 200":        {200, "application/json", good, auth.ProviderFailed},
		"no such app":     {404, "application/json", `{}`, auth.AppUnknown},
		"token ended":     {401, "application/json", `{"error":"invalid_token"}`, auth.SignInRequired},
		"not for you":     {403, "application/json", `{}`, auth.NotPermitted},
		"not yours":       {403, "application/json", `{"error":"app_not_yours"}`, auth.AppNotYours},
		"proof is due":    {403, "application/json", `{"error":"sign_in_required"}`, auth.SignInRequired},
		"a page says so":  {403, "text/html", `{"error":"sign_in_required"}`, auth.NotPermitted},
		"busy":            {429, "application/json", `{}`, auth.ProviderUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			var issuer string
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				var got map[string]any
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.Method != http.MethodPost ||
					r.URL.Path != "/e/1/v1/launches" || r.Header.Get("Content-Type") != "application/json" ||
					fmt.Sprint(got) != "map[app:notes nonce:n port:4711]" {
					t.Errorf("asked %s %s %v (%v)", r.Method, r.URL, got, err)
				}
				answer(tt.status, tt.mediaType, strings.ReplaceAll(tt.body, "%s", issuer))(w, r)
			})
			issuer = c.Issuer
			link, err := c.Launch(t.Context(), "notes", 4711, "n")
			if tt.want == "" {
				if err != nil || link.ID != "l1" || link.URL.Reveal() != issuer+"/launch/secret-link" ||
					link.Key.Reveal() != "secret-key" || link.ExpiresAt.Year() != 2030 {
					t.Errorf("got %+v, %v", link, err)
				}
				return
			}
			if fault, _ := auth.FaultOf(err); fault != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("error shows a secret: %v", err)
			}
		})
	}
}

func TestLaunchNative(t *testing.T) {
	const good = `{"id":"l1","issuer":"%s","client_id":"chat","code":"secret-code","redirect_uri":"https://acme.com/native","expires_at":"2030-01-02T03:04:05Z"}`
	for name, tt := range map[string]struct {
		status int
		body   string
		want   auth.Fault
	}{
		"made":           {201, good, ""},
		"another issuer": {201, strings.ReplaceAll(good, "%s", "https://evil.com"), auth.AnswerNotData},
		"no code":        {201, strings.ReplaceAll(good, "secret-code", ""), auth.AnswerNotData},
		"a link":         {201, `{"id":"l1","url":"%s/launch/x","key":"k"}`, auth.AnswerNotData},
		"not yours":      {403, `{"error":"app_not_yours"}`, auth.AppNotYours},
		"proof is due":   {403, `{"error":"sign_in_required"}`, auth.SignInRequired},
		"no such app":    {404, `{"error":"app_unknown"}`, auth.AppUnknown},
		"server down":    {503, `{}`, auth.ProviderUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			var issuer string
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				var got map[string]any
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil || fmt.Sprint(got) != "map[app:chat challenge:c]" {
					t.Errorf("asked %v (%v)", got, err)
				}
				answer(tt.status, "application/json", strings.ReplaceAll(tt.body, "%s", issuer))(w, r)
			})
			issuer = c.Issuer
			ticket, err := c.LaunchNative(t.Context(), "chat", "c")
			if tt.want == "" {
				if err != nil || ticket.ID != "l1" || ticket.ClientID != "chat" || ticket.Code.Reveal() != "secret-code" || ticket.RedirectURI == "" {
					t.Errorf("got %+v, %v", ticket, err)
				}
				return
			}
			if fault, _ := auth.FaultOf(err); fault != tt.want || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAsked(t *testing.T) {
	for status, want := range map[int]auth.Fault{
		204: "", 200: "", 404: auth.AppUnknown, 401: auth.SignInRequired, 503: auth.ProviderUnreachable,
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.URL.EscapedPath() != "/e/1/v1/openings/l1%2F..%2Fx/asked" {
				t.Errorf("asked %s %s", r.Method, r.URL.EscapedPath())
			}
			w.WriteHeader(status)
		})
		err := c.Asked(t.Context(), "l1/../x")
		if fault, _ := auth.FaultOf(err); (err != nil || want != "") && fault != want {
			t.Errorf("%d: got %v, want %v", status, err, want)
		}
	}
}

// TestNamedRefusals are the faults that the server names, at each of its addresses.
func TestNamedRefusals(t *testing.T) {
	for body, want := range map[string]auth.Fault{
		`{"error":"app_not_yours"}`:    auth.AppNotYours,
		`{"error":"sign_in_required"}`: auth.SignInRequired,
		`{"error":"internal"}`:         auth.NotPermitted,
		`no data`:                      auth.NotPermitted,
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(403, "application/json", body)(w, r) })
		_, _, _, apps := c.Apps(t.Context(), "")
		_, icon, iconErr := c.Icon(t.Context(), strings.Repeat("ab", 32))
		for what, err := range map[string]error{"apps": apps, "icon " + icon: iconErr, "opening": c.Asked(t.Context(), "l1")} {
			if fault, _ := auth.FaultOf(err); fault != want {
				t.Errorf("%s of %s: got %v, want %v", what, body, err, want)
			}
		}
	}
}

func TestServerThatCannotBeReached(t *testing.T) {
	c := serve(t, nil)
	c.Issuer = "http://127.0.0.1:1/e/1"
	_, _, _, err := c.Apps(t.Context(), "")
	if fault, args := auth.FaultOf(err); fault != auth.ProviderUnreachable || args["host"] != "127.0.0.1:1" {
		t.Errorf("got %v (%v), want ProviderUnreachable", err, args)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, _, err := c.Apps(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got %v", err)
	}
	c.Token = func(context.Context) (auth.Secret, error) { return auth.Secret{}, auth.SignInRequired }
	if _, err := c.Launch(t.Context(), "a", 0, ""); !errors.Is(err, auth.ErrSignInRequired) {
		t.Errorf("no token: got %v", err)
	}
}
