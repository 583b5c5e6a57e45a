package agent_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
)

// company is a directory, an OpenID provider and a workbench: everything that an
// agent meets on the network. Its launch links behave as a server's do, but for the
// session that they lead to.
type company struct {
	*authtest.Provider
	origin string
	code   string

	mu       sync.Mutex
	doc      directory.Document
	down     bool // the directory answers nothing of use
	key      directory.SigningKey
	keys     []byte
	launches map[string]*launchRequest
	program  string   // the code of its own program; "": it takes none
	codes    []string // that came to be activated
}

// launchRequest is one launch link of the company.
type launchRequest struct {
	App   string `json:"app"`
	Port  int    `json:"port"`
	Nonce string `json:"nonce"`
}

const (
	launchKey = "canary-launch-key"
	challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

func newCompany(t testing.TB, code string) *company {
	t.Helper()
	c := &company{Provider: authtest.NewProvider(t, authtest.Faults{}), code: code, launches: map[string]*launchRequest{}}
	root, err := directory.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	if c.key, err = directory.NewSigningKey(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/keys.jws", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jose")
		_, _ = w.Write(c.keys)
	})
	mux.HandleFunc("GET /v1/enterprises/{file}", c.enterprise)
	mux.HandleFunc("GET /oauth/v1/activate", c.offers)
	mux.HandleFunc("POST /oauth/v1/activate", c.activate)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c.origin = server.URL

	now := time.Now().Unix()
	c.keys, err = directory.SignKeys(directory.KeyList{
		Origin: c.origin, Version: now, IssuedAt: now, ExpiresAt: now + 86400,
		Keys: []directory.PublicKey{c.key.PublicKey},
	}, root)
	if err != nil {
		t.Fatal(err)
	}
	c.doc = directory.Document{
		Schema: directory.DocumentSchema, Origin: c.origin, Version: now, IssuedAt: now, ExpiresAt: now + 86400,
		Enterprise: auth.Enterprise{
			ID: "id-" + code, Code: code, Name: auth.Text{"en": "Acme " + code, "zh": "极致"},
			Help: auth.Help{Name: "Help Desk", Phone: "4242"},
		},
		Codes: []string{code}, Workbench: true,
		Connector: connector.Connector{
			Schema: connector.Schema, ID: "sso", Kind: connector.KindOIDC,
			OIDC: &connector.OIDC{Issuer: c.Issuer, ClientID: authtest.ClientID},
		},
	}
	c.fault(func(*authtest.Faults) {})
	return c
}

// change changes the company's document and gives it a new version.
func (c *company) change(f func(*directory.Document)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doc.Version++
	f(&c.doc)
}

func (c *company) setDown(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
}

func (c *company) enterprise(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		http.Error(w, "maintenance", http.StatusServiceUnavailable)
		return
	}
	if r.PathValue("file") != directory.Hash(c.code)+".jws" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	raw, err := directory.SignDocument(c.doc, c.key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jose")
	_, _ = w.Write(raw)
}

// fault sets the provider's faults; the workbench stays unless f takes it away.
func (c *company) fault(f func(*authtest.Faults)) {
	faults := authtest.Faults{Answer: map[string]http.HandlerFunc{
		"/v1/apps":     c.apps,
		"/v1/launches": c.launch,
		"/v1/sign-out": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	}}
	for i := range 4 {
		token := fmt.Sprintf("/launch/l%d", i)
		faults.Answer[token] = c.link
		faults.Answer[token+"/proof"] = c.proof
	}
	for _, app := range []string{"notes", "handbook"} {
		faults.Answer["/a/"+app] = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "access link of "+app) }
	}
	f(&faults)
	c.Set(faults)
}

func (c *company) appList() []auth.App {
	return []auth.App{
		{ID: "handbook", Title: auth.Text{"en": "Handbook", "zh": "手册"}, URL: c.Issuer + "/a/handbook"},
		{ID: "notes", Title: auth.Text{"en": "Notes", "zh": "笔记"}, URL: c.Issuer + "/a/notes"},
	}
}

func (c *company) apps(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Header.Get("If-None-Match") == `"1"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"1"`)
	_ = json.NewEncoder(w).Encode(map[string]any{"apps": c.appList()})
}

func (c *company) launch(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var l launchRequest
	if err := json.NewDecoder(r.Body).Decode(&l); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	id := fmt.Sprintf("l%d", len(c.launches))
	c.launches[id] = &l
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": id, "url": c.Issuer + "/launch/" + id, "key": launchKey, "expires_at": time.Now().Add(time.Minute),
	})
}

func (c *company) launched(id string) launchRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.launches[id]; l != nil {
		return *l
	}
	return launchRequest{}
}

// link is what the browser opens: by way of the agent, or a page that asks.
func (c *company) link(w http.ResponseWriter, r *http.Request) {
	l := c.launched(strings.TrimPrefix(r.URL.Path, "/launch/"))
	if l.Port == 0 {
		fmt.Fprint(w, "continue to "+l.App)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("http://127.0.0.1:%d/launch/%s?challenge=%s", l.Port, l.Nonce, challenge), http.StatusSeeOther)
}

func (c *company) proof(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/launch/"), "/proof")
	mac := hmac.New(sha256.New, []byte(launchKey))
	mac.Write([]byte(id + "." + challenge))
	if r.URL.Query().Get("proof") != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
		http.Error(w, "wrong proof", http.StatusForbidden)
		return
	}
	fmt.Fprint(w, "signed in at "+c.launched(id).App)
}
