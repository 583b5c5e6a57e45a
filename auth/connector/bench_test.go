package connector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// still answers at once from memory: what is left is the engine's own cost.
type still struct{}

// known is how much a vendor tells of a person, whoever asks: WeCom's user/get and
// Feishu's user_info have two to four kilobytes.
var known = `{"code":0,"msg":"success","user_name":"张三","union_id":"ZhangSan","avatar":"http://demo.com/avatar/zhangsan","departments":[` +
	strings.TrimSuffix(strings.Repeat(`{"id":2,"name":"研发中心","path":["极致","技术","研发中心"],"leader":false,"order":10,"custom":{"编号":"R-0042","楼层":"7"}},`, 20), ",") +
	`],"extattr":{"attrs":[` + strings.TrimSuffix(strings.Repeat(`{"type":0,"name":"工位","text":{"value":"7F-118"}},`, 12), ",") + `]}}`

func (still) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600,"refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA"}`
	if strings.HasSuffix(r.URL.Path, "userInfo") {
		body = known
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader([]byte(body))), Request: r,
	}, nil
}

func threeSteps(b testing.TB) *connector.Connector {
	return loaded(b, "https://sso.acme.com", connector.Connector{Steps: []connector.Step{
		{
			ID: "token", Method: "POST", URL: "{base}/accessToken",
			Form: texts{"client_id": "{client_id}", "client_secret": "{client_secret}", "grant_type": "authorization_code", "code": "{code}"},
			Fail: connector.Fail{Code: []string{"error"}}, Set: paths{"access_token": {"access_token"}, "refresh_token": {"refresh_token"}, "expires_in": {"expires_in"}},
			Require: []string{"access_token"},
		},
		{
			ID: "user", Method: "GET", URL: "{base}/userInfo", Query: texts{"access_token": "{access_token}"},
			Set: paths{"sub": {"union_id"}, "name": {"user_name", "nickname"}, "avatar": {"avatar"}}, Require: []string{"sub"},
		},
	}})
}

// One sign-in, authorize address to identity, without the vendor and the network: the
// callback is read, both calls are made, and the answers decoded, one of four kilobytes.
// To reach: 300 µs.
func BenchmarkSignIn(b *testing.B) {
	c := threeSteps(b)
	engine := &connector.Engine{HTTP: &http.Client{Transport: still{}}}
	run, code := secrets(nil), auth.NewSecret("0123456789abcdef")
	run.Unseen = true // as a real sign-in is
	callback := url.Values{"code": {code.Reveal()}, "state": {auth.RandomState()}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.AuthorizeURL(c, run); err != nil {
			b.Fatal(err)
		}
		if back := c.ReadCallback(callback); back.Err() != nil {
			b.Fatal(back.Err())
		}
		if _, err := engine.Exchange(context.Background(), c, run, code); err != nil {
			b.Fatal(err)
		}
	}
}

// The floor beside it: the same two calls by hand, and their answers decoded.
func BenchmarkSignInFloor(b *testing.B) {
	client := &http.Client{Transport: still{}}
	b.ReportAllocs()
	for b.Loop() {
		for _, path := range []string{"/accessToken", "/userInfo"} {
			req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://sso.acme.com"+path, nil)
			if err != nil {
				b.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			var answer map[string]any
			err = json.NewDecoder(resp.Body).Decode(&answer)
			resp.Body.Close()
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// Filling and checking one connector. To reach: 500 µs, so that 1,000 enterprises load
// in half a second.
func BenchmarkLoad(b *testing.B) {
	p := preset()
	p.Vars["base"] = "https://api.acme.com"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := connector.Load(p, nil); err != nil {
			b.Fatal(err)
		}
	}
}
