package demo

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// NewHandbook returns the app to copy from: signing in by OpenID Connect with the
// standard library alone, in two handlers. Whoever comes without a session is sent to
// the provider and, if the company's session there lives, is back at once.
//
// It needs no id_token, hence no keys and no signatures: it asks the provider itself
// who the access token belongs to (OpenID Connect Core section 5.3).
func NewHandbook(cfg AppConfig) http.Handler {
	var people sync.Map // session → visitor
	mux := http.NewServeMux()

	// The only page. Nobody yet? Then to the provider, with a state and a verifier that
	// only this browser has (RFC 6749 section 10.12, RFC 7636).
	page := func(w http.ResponseWriter, r *http.Request) {
		if who, ok := people.Load(cookie(r, "handbook")); ok {
			showApp(w, r, cfg, "handbook", who.(visitor))
			return
		}
		state, verifier := rand.Text(), rand.Text()+rand.Text()
		setCookie(w, cfg.BaseURL, "handbook-flow", state+"."+verifier, 600)
		challenge := sha256.Sum256([]byte(verifier))
		http.Redirect(w, r, cfg.Issuer+"/authorize?"+url.Values{
			"response_type": {"code"}, "client_id": {cfg.ClientID}, "scope": {"openid profile"},
			"redirect_uri": {cfg.BaseURL + "/callback"}, "state": {state},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
		}.Encode(), http.StatusFound)
	}
	mux.HandleFunc("GET /{$}", page)
	mux.HandleFunc("GET /login", page)

	// Back with a code. Is it the browser that left? Then trade the code for an access
	// token, and ask whose it is.
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		state, verifier, _ := strings.Cut(cookie(r, "handbook-flow"), ".")
		setCookie(w, cfg.BaseURL, "handbook-flow", "", -1)
		if state == "" || r.FormValue("state") != state || r.FormValue("code") == "" {
			showProblem(w, r, http.StatusBadRequest, "handbook", "demo.app.not_back", "/login")
			return
		}
		var token struct {
			AccessToken string `json:"access_token"`
		}
		var who struct{ Sub, Name string }
		err := fetch(r, http.MethodPost, cfg.Issuer+"/token", "", url.Values{
			"grant_type": {"authorization_code"}, "code": {r.FormValue("code")}, "code_verifier": {verifier},
			"redirect_uri": {cfg.BaseURL + "/callback"}, "client_id": {cfg.ClientID}, "client_secret": {cfg.ClientSecret},
		}, &token)
		if err == nil {
			err = fetch(r, http.MethodGet, cfg.Issuer+"/userinfo", token.AccessToken, nil, &who)
		}
		if err != nil || who.Sub == "" {
			showProblem(w, r, http.StatusBadGateway, "handbook", "demo.app.no_answer", "/login")
			return
		}
		session := rand.Text()
		people.Store(session, visitor{ID: who.Sub, Name: who.Name})
		setCookie(w, cfg.BaseURL, "handbook", session, 0)
		http.Redirect(w, r, "/", http.StatusSeeOther) // no code stays in the history
	})

	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		people.Delete(cookie(r, "handbook"))
		showLeft(w, r, "handbook", "/login")
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

// fetch makes one request of the sign-in and reads its JSON answer.
func fetch(r *http.Request, method, address, bearer string, form url.Values, into any) error {
	req, err := http.NewRequestWithContext(r.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	return json.NewDecoder(http.MaxBytesReader(nil, res.Body, 1<<20)).Decode(into)
}
