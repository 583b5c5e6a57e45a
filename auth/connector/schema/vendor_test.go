package schema_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// The seed's own demo values, letter by letter.
const (
	clientID     = "c1ebe466-1cdc-4bd3-ab69-77c3561b9dee"
	clientSecret = "d8346ea2-6017-43ed-ad68-19c0f971738b"
	accessToken  = "2YotnFZFEjr1zCsicMWpAA"
	refreshToken = "tGzv3JOkF0XG5Qx2TlKWIA"
)

// vendor is a company SSO of the seed's three interfaces, stricter than kind: it minds
// the method, the place and the exact set of parameters, and takes a code once.
type vendor struct {
	*httptest.Server
	method string
	codes  map[string]bool
	// token and user replace an interface's answer.
	token, user http.HandlerFunc
}

func newVendor(t *testing.T, method string) *vendor {
	v := &vendor{method: method, codes: map[string]bool{"code-1": true}}
	mux := http.NewServeMux()
	mux.HandleFunc("/accessToken", func(w http.ResponseWriter, r *http.Request) {
		if v.token != nil {
			v.token(w, r)
			return
		}
		v.accessToken(w, r)
	})
	mux.HandleFunc("/userInfo", func(w http.ResponseWriter, r *http.Request) {
		if v.user != nil {
			v.user(w, r)
			return
		}
		v.userInfo(w, r)
	})
	v.Server = httptest.NewServer(mux)
	t.Cleanup(v.Close)
	return v
}

func (v *vendor) accessToken(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, text string) {
		answer(w, status, map[string]any{"code": code, "msg": text})
	}
	params := r.URL.Query()
	if v.method == http.MethodPost {
		if r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			refuse(http.StatusBadRequest, "40001", "send a form")
			return
		}
		if err := r.ParseForm(); err != nil {
			refuse(http.StatusBadRequest, "40002", "form")
			return
		}
		params = r.PostForm
	}
	code := params.Get("code")
	secret := params.Get("client_secret")
	params.Set("code", "?")
	params.Set("client_secret", "?")
	want := url.Values{"client_id": {clientID}, "client_secret": {"?"}, "grant_type": {"authorization_code"}, "code": {"?"}}
	switch {
	case r.Method != v.method:
		refuse(http.StatusMethodNotAllowed, "405", "method")
	case params.Encode() != want.Encode():
		refuse(http.StatusBadRequest, "40003", "parameters "+params.Encode())
	case secret != clientSecret:
		refuse(http.StatusUnauthorized, "invalid_client", "wrong secret "+secret)
	case !v.codes[code]:
		refuse(http.StatusBadRequest, "60008", "code "+code+" is invalid or expired")
	default:
		delete(v.codes, code)
		w.Header().Set("Cache-Control", "no-store")
		answer(w, http.StatusOK, map[string]any{
			"access_token": accessToken, "token_type": "example", "expires_in": 3600,
			"refresh_token": refreshToken, "example_parameter": "example_value",
		})
	}
}

func (v *vendor) userInfo(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.RawQuery != "access_token="+accessToken {
		answer(w, http.StatusUnauthorized, map[string]any{"reason": "token"})
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"user_name": "张三", "union_id": "ZhangSan", "avatar": "http://demo.com/avatar/zhangsan",
	})
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
