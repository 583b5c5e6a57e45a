package connector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// appTokens is a vendor whose sign-in begins with an app token.
type appTokens struct {
	fetched, refused atomic.Int64
	life             int
	current          atomic.Value
}

func (v *appTokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/gettoken" {
		if r.URL.Query().Get("corpsecret") == "wrong" {
			reply(w, doc{"errcode": 40001})
			return
		}
		time.Sleep(5 * time.Millisecond) // so that the others arrive meanwhile
		token := fmt.Sprintf("app-token-%d", v.fetched.Add(1))
		v.current.Store(token)
		reply(w, doc{"errcode": 0, "access_token": token, "expires_in": v.life})
		return
	}
	if r.URL.Query().Get("access_token") != v.current.Load() {
		v.refused.Add(1)
		reply(w, doc{"errcode": 42001, "errmsg": "access_token expired"})
		return
	}
	reply(w, doc{"errcode": 0, "userid": "u"})
}

func (v *appTokens) connector(t testing.TB, base string) *connector.Connector {
	ok := &connector.Match{Path: "errcode", In: []string{"0"}}
	return loaded(t, base, connector.Connector{Steps: []connector.Step{
		{
			ID: "app_token", Method: "GET", URL: "{base}/gettoken", Query: texts{"corpsecret": "{client_secret}"}, OK: ok,
			Set: paths{"app_token": {"access_token"}, "app_ttl": {"expires_in"}}, Require: []string{"app_token"},
			Cache: &connector.Cache{Var: "app_token", TTL: "app_ttl", Skew: 300},
		},
		{
			ID: "user", Method: "GET", URL: "{base}/user", Query: texts{"access_token": "{app_token}", "code": "{code}"}, OK: ok,
			Fail: connector.Fail{Code: []string{"errcode"}, Text: []string{"errmsg"}, Means: texts{"42001": connector.MeansToken}},
			Set:  paths{"sub": {"userid"}}, Require: []string{"sub"},
		},
	}})
}

func TestAppTokenIsShared(t *testing.T) {
	v := &appTokens{life: 7200}
	base, engine := serve(t, v.ServeHTTP)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var offset atomic.Int64
	engine.Now = func() time.Time { return now.Add(time.Duration(offset.Load())) }
	c := v.connector(t, base)
	signIn := func(secret string) error {
		_, err := engine.Exchange(context.Background(), c, secrets(texts{"client_secret": secret}), auth.NewSecret("c"))
		return err
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := signIn("s"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := v.fetched.Load(); n != 1 {
		t.Errorf("20 sign-ins at once fetched %d tokens", n)
	}
	offset.Store(int64(6899 * time.Second))
	if err := signIn("s"); err != nil || v.fetched.Load() != 1 {
		t.Errorf("before its end: %v, %d tokens", err, v.fetched.Load())
	}
	offset.Store(int64(6900 * time.Second)) // 300 s before its end
	if err := signIn("s"); err != nil || v.fetched.Load() != 2 {
		t.Errorf("near its end: %v, %d tokens", err, v.fetched.Load())
	}
	if err := signIn("another"); err != nil || v.fetched.Load() != 3 {
		t.Errorf("another secret: %v, %d tokens", err, v.fetched.Load())
	}
	for range 2 { // a failure is not kept
		if fault, _ := auth.FaultOf(signIn("wrong")); fault != auth.ProviderFailed {
			t.Errorf("wrong secret: %v", fault)
		}
	}
}

// A cached token that the vendor has ended is fetched anew, once.
func TestAppTokenEndedAtTheVendor(t *testing.T) {
	v := &appTokens{life: 7200}
	base, engine := serve(t, v.ServeHTTP)
	c := v.connector(t, base)
	for range 2 {
		got, err := engine.Exchange(context.Background(), c, secrets(nil), auth.NewSecret("c"))
		if err != nil || got.Subject != "u" {
			t.Fatal(err)
		}
		v.current.Store("ended")
	}
	if v.fetched.Load() != 2 || v.refused.Load() != 1 {
		t.Errorf("%d tokens, %d refused", v.fetched.Load(), v.refused.Load())
	}
	// A vendor that refuses even a new token is believed.
	v.life = 0
	engine2 := &connector.Engine{HTTP: engine.HTTP}
	bad := v.connector(t, base)
	bad.Steps[1].Query["access_token"] = "constant"
	if _, err := engine2.Exchange(context.Background(), bad, secrets(nil), auth.NewSecret("c")); err == nil {
		t.Error("signed in with a refused token")
	}
	if v.refused.Load() != 2 {
		t.Errorf("%d refused", v.refused.Load())
	}
}

// Who waits for somebody else's fetch is not stopped by that one's leaving.
func TestAppTokenLeaderLeaves(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	var n atomic.Int64
	base, engine := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gettoken" && n.Add(1) == 1 {
			close(started)
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		reply(w, doc{"errcode": 0, "access_token": "t", "expires_in": 7200, "userid": "u"})
	})
	c := (&appTokens{}).connector(t, base)
	ctx, cancel := context.WithCancel(context.Background())
	leader := make(chan error, 1)
	go func() {
		_, err := engine.Exchange(ctx, c, secrets(nil), auth.NewSecret("c"))
		leader <- err
	}()
	<-started
	follower := make(chan error, 1)
	go func() {
		_, err := engine.Exchange(context.Background(), c, secrets(nil), auth.NewSecret("c"))
		follower <- err
	}()
	cancel()
	if err := <-leader; !errors.Is(err, auth.ErrCanceled) {
		t.Errorf("leader: %v", err)
	}
	if err := <-follower; err != nil {
		t.Errorf("follower: %v", err)
	}
	close(release)
}
