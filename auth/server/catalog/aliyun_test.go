package catalog_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// aliyun is Alibaba Cloud as it documents itself (wire-protocols.md, section 4), less kind
// than the real one: whatever it does not know it refuses. It has one account with one
// OIDC provider, that trusts the console's client of Acme, and one role.
type aliyun struct {
	*httptest.Server
	w *world

	mu     sync.Mutex
	nonces map[string]bool
	keys   map[string][2]string // access key id → secret, security token
	roles  map[string]string    // access key id → role session
	tokens map[string]time.Time // sign-in tokens that count, until when
	whose  map[string]string    // sign-in token → role session
	asked  []string             // actions, in order
	denies string               // the error that STS answers with
}

const (
	aliyunProvider = "acs:ram::1234567890123456:oidc-provider/lanyard"
	aliyunRole     = "acs:ram::1234567890123456:role/"
)

func newAliyun(w *world) *aliyun {
	a := &aliyun{
		w: w, nonces: map[string]bool{}, keys: map[string][2]string{}, roles: map[string]string{},
		tokens: map[string]time.Time{}, whose: map[string]string{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", a.sts)
	mux.HandleFunc("GET /federation", a.federation)
	mux.HandleFunc("GET /console", func(rw http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(rw, "console of %s", r.URL.Query().Get("as"))
	})
	a.Server = httptest.NewServer(mux)
	w.T.Cleanup(a.Close)
	return a
}

// app is the console in the catalogue of Acme, as the preset for the console by OIDC
// would save it.
func (a *aliyun) app() server.App {
	return server.App{
		ID: "aliyun", EnterpriseID: acme, ClientID: "console", Title: auth.Text{"en": "Alibaba Cloud", "zh": "阿里云"},
		Launch: raw(map[string]any{
			"kind": "steps", "url": a.URL + "/federation",
			"params": [][2]string{{"Action", "Login"}, {"LoginUrl", "https://login.acme.com/"}, {"Destination", a.URL + "/console"}, {"SigninToken", "{signin_token}"}},
			"vars":   map[string]string{"provider": aliyunProvider, "account": "1234567890123456"},
			"steps": []map[string]any{
				{
					"id": "sts", "method": "POST", "url": a.URL + "/",
					"form": map[string]string{
						"Action": "AssumeRoleWithOIDC", "Version": "2015-04-01", "Format": "JSON", "Timestamp": "{now_utc}", "SignatureNonce": "{nonce}",
						"OIDCProviderArn": "{provider}", "RoleArn": "acs:ram::{account}:role/{assigned.role}", "OIDCToken": "{id_token}",
						"RoleSessionName": "{employee_no}", "DurationSeconds": "3600",
					},
					"fail":    map[string]any{"code": []string{"Code"}, "text": []string{"Message"}},
					"set":     map[string]string{"ak": "Credentials.AccessKeyId", "sk": "Credentials.AccessKeySecret", "st": "Credentials.SecurityToken"},
					"require": []string{"ak", "sk", "st"},
				},
				{
					"id": "sign-in", "method": "GET", "url": a.URL + "/federation",
					"query": map[string]string{"Action": "GetSigninToken", "AccessKeyId": "{ak}", "AccessKeySecret": "{sk}", "SecurityToken": "{st}", "TicketType": "mini"},
					"fail":  map[string]any{"code": []string{"Code", "code"}, "text": []string{"Message", "message"}},
					"set":   map[string]string{"signin_token": "SigninToken"}, "require": []string{"signin_token"},
				},
			},
		}),
	}
}

// params refuses a request that does not have exactly these parameters, each once.
func params(v url.Values, names ...string) string {
	for name, values := range v {
		if !slices.Contains(names, name) || len(values) != 1 || values[0] == "" {
			return "InvalidParameter." + name
		}
	}
	for _, name := range names {
		if v.Get(name) == "" {
			return "MissingParameter." + name
		}
	}
	return ""
}

var sessionName = regexp.MustCompile(`^[a-zA-Z0-9.@_-]{2,64}$`)

func (a *aliyun) sts(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = r.ParseForm()
	v := r.PostForm
	bad := params(v, "Action", "Version", "Format", "Timestamp", "SignatureNonce", "OIDCProviderArn", "RoleArn", "OIDCToken", "RoleSessionName", "DurationSeconds")
	at, err := time.Parse("2006-01-02T15:04:05Z", v.Get("Timestamp"))
	_, tokenErr := a.w.minter.subject(v.Get("OIDCToken"), a.w.issuer(acme), "console")
	switch {
	case bad != "":
	case r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded":
		bad = "InvalidRequest"
	case v.Get("Action") != "AssumeRoleWithOIDC" || v.Get("Version") != "2015-04-01" || v.Get("Format") != "JSON":
		bad = "InvalidAction.NotFound"
	case err != nil || a.w.Now().Sub(at).Abs() > 15*time.Minute:
		bad = "InvalidTimeStamp.Expired"
	case a.nonces[v.Get("SignatureNonce")]:
		bad = "SignatureNonceUsed"
	case v.Get("OIDCProviderArn") != aliyunProvider:
		bad = "EntityNotExist.OIDCProvider"
	case v.Get("RoleArn") != aliyunRole+"reader":
		bad = "EntityNotExist.Role"
	case !sessionName.MatchString(v.Get("RoleSessionName")):
		bad = "InvalidParameter.RoleSessionName"
	case v.Get("DurationSeconds") != "3600":
		bad = "InvalidParameter.DurationSeconds"
	case tokenErr != nil:
		bad = "AuthenticationFail.OIDCToken.Invalid"
	case a.denies != "":
		bad = a.denies
	}
	a.nonces[v.Get("SignatureNonce")] = true
	a.asked = append(a.asked, "AssumeRoleWithOIDC")
	if bad != "" {
		refuseAliyun(w, bad, "The token "+v.Get("OIDCToken")+" was refused.")
		return
	}
	id, secret, token := "STS."+auth.RandomID()[:24], auth.RandomToken(), auth.RandomToken()
	a.keys[id], a.roles[id] = [2]string{secret, token}, v.Get("RoleSessionName")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"RequestId": auth.RandomID(), "AssumedRoleUser": map[string]string{"Arn": aliyunRole + "reader"},
		"Credentials": map[string]string{"AccessKeyId": id, "AccessKeySecret": secret, "SecurityToken": token, "Expiration": a.w.Now().Add(time.Hour).Format(time.RFC3339)},
	})
}

func refuseAliyun(w http.ResponseWriter, code, message string) {
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"Code": code, "Message": message, "RequestId": auth.RandomID()})
}

func (a *aliyun) federation(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := r.URL.Query()
	a.asked = append(a.asked, v.Get("Action"))
	switch v.Get("Action") {
	case "GetSigninToken":
		id := v.Get("AccessKeyId")
		bad := params(v, "Action", "AccessKeyId", "AccessKeySecret", "SecurityToken", "TicketType")
		if key, there := a.keys[id]; bad == "" && (!there || key != [2]string{v.Get("AccessKeySecret"), v.Get("SecurityToken")} || v.Get("TicketType") != "mini") {
			bad = "NoPermission"
		}
		if bad != "" {
			refuseAliyun(w, bad, "no")
			return
		}
		token := auth.RandomToken()
		a.tokens[token], a.whose[token] = a.w.Now().Add(30*time.Second), a.roles[id]
		_ = json.NewEncoder(w).Encode(map[string]string{"RequestId": auth.RandomID(), "SigninToken": token})
	case "Login":
		token := v.Get("SigninToken")
		until, there := a.tokens[token]
		delete(a.tokens, token)
		if params(v, "Action", "LoginUrl", "Destination", "SigninToken") != "" || !there || a.w.Now().After(until) ||
			!strings.HasPrefix(v.Get("Destination"), a.URL+"/console") {
			http.Redirect(w, r, v.Get("LoginUrl"), http.StatusFound)
			return
		}
		http.Redirect(w, r, v.Get("Destination")+"?as="+url.QueryEscape(a.whose[token]), http.StatusFound)
	default:
		refuseAliyun(w, "InvalidAction.NotFound", "no")
	}
}
