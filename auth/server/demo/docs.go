package demo

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard/auth"
)

// DocsAppID is how the documents app calls the company in its addresses, as WPS does.
const DocsAppID = "AK20211008GIMUUL"

// docs is an app in the shape of WPS: it knows the company by an APPID and signs its
// people in by the three interfaces of the document "SSO 登录".
type docs struct {
	cfg      AppConfig
	sessions memory[visitor]
}

// NewDocs returns the app in the shape of WPS. Its link by APPID, which the company's
// workbench opens, is /oauth/v1/auth?app_id=…&cb=…, and /oauth/v1/code is where the
// company's sign-in sends the browser back to: cfg.Issuer's three interfaces.
func NewDocs(cfg AppConfig) http.Handler {
	d := &docs{cfg: cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.home)
	mux.HandleFunc("GET /oauth/v1/auth", d.auth)
	mux.HandleFunc("GET /oauth/v1/code", d.code)
	mux.HandleFunc("POST /logout", d.logout)
	return http.NewCrossOriginProtection().Handler(mux)
}

// DocsLink is the link by APPID of the documents app at base, WPS's third way in.
func DocsLink(base string) string {
	return base + "/oauth/v1/auth?" + url.Values{"app_id": {DocsAppID}, "cb": {base + "/"}}.Encode()
}

// DocsCallback is the callback that the company registers for it.
func DocsCallback(base string) string { return base + "/oauth/v1/code?app_id=" + DocsAppID }

func (d *docs) home(w http.ResponseWriter, r *http.Request) {
	if who, ok := d.sessions.get(cookie(r, "docs")); ok {
		showApp(w, r, d.cfg, "docs", who)
		return
	}
	d.left(w, r)
}

func (d *docs) left(w http.ResponseWriter, r *http.Request) {
	showLeft(w, r, "docs", DocsLink(d.cfg.BaseURL))
}

// known refuses what is not the company's APPID, or leads away from here in the end.
func (d *docs) known(w http.ResponseWriter, r *http.Request, q url.Values) bool {
	if q.Get("app_id") == DocsAppID && (q.Get("cb") == "" || strings.HasPrefix(q.Get("cb"), d.cfg.BaseURL+"/")) {
		return true
	}
	d.refused(w, r, http.StatusBadRequest, "demo.docs.unknown")
	return false
}

func (d *docs) refused(w http.ResponseWriter, r *http.Request, status int, problem string) {
	showProblem(w, r, status, "docs", problem, DocsLink(d.cfg.BaseURL))
}

// auth sends the browser to the company's authorize page. Where it goes in the end
// stands in the callback's own query, as WPS does it.
func (d *docs) auth(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !d.known(w, r, q) {
		return
	}
	back := DocsCallback(d.cfg.BaseURL) + "&cb=" + url.QueryEscape(q.Get("cb"))
	state := auth.RandomToken()
	setCookie(w, d.cfg.BaseURL, "docs-flow", state, int(flowLife.Seconds()))
	http.Redirect(w, r, d.cfg.Issuer+"/three/authorize?"+url.Values{ //nolint:gosec // the company's address
		"client_id": {d.cfg.ClientID}, "response_type": {"code"}, "redirect_uri": {back}, "state": {state},
	}.Encode(), http.StatusFound)
}

// code is where the browser comes back with a code: for a token, and whose it is.
func (d *docs) code(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !d.known(w, r, q) {
		return
	}
	state := cookie(r, "docs-flow")
	setCookie(w, d.cfg.BaseURL, "docs-flow", "", -1)
	if state == "" || q.Get("state") != state || q.Get("code") == "" {
		d.refused(w, r, http.StatusBadRequest, "demo.app.not_back")
		return
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	var who struct {
		ID   string `json:"union_id"`
		Name string `json:"user_name"`
	}
	err := fetch(r, http.MethodPost, d.cfg.Issuer+"/three/accessToken", "", url.Values{
		"client_id": {d.cfg.ClientID}, "client_secret": {d.cfg.ClientSecret},
		"grant_type": {"authorization_code"}, "code": {q.Get("code")},
	}, &token)
	if err == nil {
		err = fetch(r, http.MethodGet, d.cfg.Issuer+"/three/userInfo?access_token="+url.QueryEscape(token.AccessToken), "", nil, &who)
	}
	if err != nil || who.ID == "" {
		d.refused(w, r, http.StatusBadGateway, "demo.app.no_answer")
		return
	}
	session := d.sessions.put(visitor{ID: who.ID, Name: who.Name, Facts: []fact{{"demo.docs.app_id", DocsAppID}}}, sessionLife)
	setCookie(w, d.cfg.BaseURL, "docs", session, 0)
	to := q.Get("cb")
	if to == "" {
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // here: known has looked
}

func (d *docs) logout(w http.ResponseWriter, r *http.Request) {
	d.sessions.take(cookie(r, "docs"))
	d.left(w, r)
}
