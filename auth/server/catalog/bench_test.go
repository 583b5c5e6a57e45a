//go:build unix

package catalog_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// measure runs do and reports the processor time that this process has used for each.
func measure(b *testing.B, do func(i int)) {
	cpu := func() time.Duration {
		var u syscall.Rusage
		must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := cpu()
	i := 0
	for b.Loop() {
		do(i)
		i++
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(i)/1000, "cpu-ms/op")
}

// serve is one request without a network.
func (w *world) serve(b *testing.B, method, target string, want int, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	w.Mux.ServeHTTP(answer, r)
	if answer.Code != want {
		b.Fatalf("%s %s: status %d: %s", method, target, answer.Code, answer.Body)
	}
	return answer
}

// busy fills the catalogue with as many apps as a large company has, the notes with a
// list of 20,000 accounts, and returns somebody on it.
func (w *world) busy(b *testing.B) account {
	for i := range 200 {
		must(b, w.Store.SaveApp(b.Context(), server.App{ID: fmt.Sprintf("app%03d", i), EnterpriseID: acme, Title: auth.Text{"en": fmt.Sprint("Tool ", i), "zh": fmt.Sprint("工具 ", i)}, Launch: raw(map[string]string{"kind": "link", "url": w.app.URL})}))
	}
	a := server.Audience{EnterpriseID: acme, AppID: "notes", Members: []server.Member{{Account: "张三"}}}
	for i := range 20_000 {
		a.Members = append(a.Members, server.Member{Account: fmt.Sprint("u", i)})
	}
	must(b, w.Store.SaveAudience(b.Context(), a))
	return w.signedIn(acme, "张三")
}

// BenchmarkMint is the server's part of a click: a launch link is to cost 0.3 ms of
// processor time at most, whoever may open the app. The floor is the one row that it
// writes.
func BenchmarkMint(b *testing.B) {
	body := `{"app":"notes","port":4711,"nonce":"` + strings.Repeat("n", 32) + `"}`
	b.Run("everyone", func(b *testing.B) {
		w := newWorld(b)
		token := "Bearer " + w.signedIn(acme, "张三").token
		measure(b, func(int) {
			w.serve(b, http.MethodPost, "/e/"+acme+"/v1/launches", http.StatusCreated, body, "Authorization", token)
		})
	})
	b.Run("list=20000", func(b *testing.B) {
		w := newWorld(b)
		token := "Bearer " + w.busy(b).token
		measure(b, func(int) {
			w.serve(b, http.MethodPost, "/e/"+acme+"/v1/launches", http.StatusCreated, body, "Authorization", token)
		})
	})
	b.Run("floor", func(b *testing.B) {
		w := newWorld(b)
		l := server.Launch{EnterpriseID: acme, AppID: "notes", CreatedAt: w.Now(), ExpiresAt: w.Now().Add(time.Minute)}
		measure(b, func(i int) {
			l.ID, l.Hash = auth.RandomID(), server.Hash(fmt.Sprint(i))
			must(b, w.Store.SaveLaunch(b.Context(), l))
		})
	})
}

// BenchmarkAccessLink is an opening of an app in a browser that is signed in, with the
// record of it; steps have what they cost here beside it, the vendor's part taken out of
// the floor.
func BenchmarkAccessLink(b *testing.B) {
	w := newWorld(b)
	zhang := w.busy(b)
	browser := w.browser()
	browser.signIn(zhang)
	cookie := browser.cookie()
	b.Run("oidc", func(b *testing.B) {
		measure(b, func(int) {
			w.serve(b, http.MethodGet, "/e/"+acme+"/a/notes", http.StatusSeeOther, "", "Cookie", cookie)
		})
	})
	vendor := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write([]byte(`{"ticket":"0123456789abcdef"}`))
	}))
	defer vendor.Close()
	step := map[string]any{"method": "GET", "url": vendor.URL, "query": map[string]string{"who": "{sub}"}, "set": map[string]string{"ticket": "ticket"}}
	must(b, w.Store.SaveApp(b.Context(), server.App{ID: "wiki", EnterpriseID: acme, Launch: raw(map[string]any{
		"kind": "steps", "url": w.app.URL, "params": [][2]string{{"t", "{ticket}"}}, "steps": []any{step, step},
	})}))
	b.Run("steps=2", func(b *testing.B) {
		measure(b, func(int) {
			w.serve(b, http.MethodGet, "/e/"+acme+"/a/wiki", http.StatusSeeOther, "", "Cookie", cookie)
		})
	})
	b.Run("floor of 2 steps", func(b *testing.B) {
		client := vendor.Client()
		measure(b, func(int) {
			for range 2 {
				answer, err := client.Get(vendor.URL)
				must(b, err)
				var got map[string]string
				must(b, json.NewDecoder(answer.Body).Decode(&got))
				must(b, answer.Body.Close())
			}
		})
	})
}

// BenchmarkMyApps is the page and the desktop's list of 200 apps.
func BenchmarkMyApps(b *testing.B) {
	w := newWorld(b)
	zhang := w.busy(b)
	browser := w.browser()
	browser.signIn(zhang)
	cookie := browser.cookie()
	b.Run("page", func(b *testing.B) {
		measure(b, func(int) { w.serve(b, http.MethodGet, "/e/"+acme+"/", http.StatusOK, "", "Cookie", cookie) })
	})
	b.Run("list", func(b *testing.B) {
		measure(b, func(int) {
			w.serve(b, http.MethodGet, "/e/"+acme+"/v1/apps", http.StatusOK, "", "Authorization", "Bearer "+zhang.token)
		})
	})
}
