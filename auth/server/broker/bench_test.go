//go:build unix

package broker_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// serve is one request without a network.
func (w *world) serve(b *testing.B, method, target, cookie string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	answer := httptest.NewRecorder()
	w.Mux.ServeHTTP(answer, r)
	if answer.Code >= http.StatusBadRequest {
		b.Fatalf("%s: status %d: %s", method, answer.Code, answer.Body)
	}
	return answer
}

// BenchmarkSignIn is the desktop's sign-in at the broker, on SQLite: authorize, the
// page's answer, token. What the whole may cost is 1 ms of processor time.
func BenchmarkSignIn(b *testing.B) {
	w := newWorld(b)
	br := w.browser()
	br.SignIn(w.person(acme, "张三"))
	u, err := url.Parse(w.URL)
	must(b, err)
	cookie := br.Client.Jar.Cookies(u)[0].String()
	path := "/e/" + acme
	query := path + "/authorize?" + askDesktop().Encode()

	start := cpu(b)
	for b.Loop() {
		p := w.serve(b, "GET", query, cookie, nil)
		form := hidden(page{Body: p.Body.String()})
		form.Set("answer", "yes")
		back, err := url.Parse(w.serve(b, "POST", query, cookie, form).Header().Get("Location"))
		must(b, err)
		w.serve(b, "POST", path+"/token", "", redeemDesktop(back.Query().Get("code")))
	}
	b.ReportMetric(float64((cpu(b)-start).Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkRefresh may cost 0.3 ms of processor time; nearly every request of a desktop
// that is signed in is one.
func BenchmarkRefresh(b *testing.B) {
	w := newWorld(b)
	refresh := w.desktop(w.person(acme, "张三")).Refresh
	start := cpu(b)
	for b.Loop() {
		p := w.serve(b, "POST", "/e/"+acme+"/token", "", renew(refresh))
		_, rest, _ := strings.Cut(p.Body.String(), `"refresh_token":"`)
		refresh, _, _ = strings.Cut(rest, `"`)
	}
	b.ReportMetric(float64((cpu(b)-start).Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkSignature is the floor of both: one ES256 signature.
func BenchmarkSignature(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(b, err)
	sum := sha256.Sum256([]byte("claims"))
	start := cpu(b)
	for b.Loop() {
		if _, err := ecdsa.SignASN1(rand.Reader, key, sum[:]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu(b)-start).Microseconds())/float64(b.N), "cpu-µs/op")
}
