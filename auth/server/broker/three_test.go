package broker_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// A client of the three interfaces knows neither PKCE nor nonce and carries its token in
// addresses: nothing of it is worth anything here.
func TestClientsOfTheThreeInterfacesAreNoneHere(t *testing.T) {
	w := newWorld(t)
	zhang := w.person(acme, "张三")
	b := w.browser()
	b.SignIn(zhang)
	must(t, w.Store.SaveClient(context.Background(), server.Client{
		ID: "wps", EnterpriseID: acme, SecretHash: server.Hash(appSecret), RedirectURIs: []string{appRedirect}, Three: &server.Three{},
	}))
	if p := b.Get(w.authorizeURL(ask("client_id", "wps"))); p.Status != http.StatusBadRequest || !strings.Contains(p.Body, "not registered") {
		t.Errorf("authorize: %d %s", p.Status, p.Body)
	}
	form := redeem(b.code(ask()))
	form.Set("client_id", "wps")
	w.token(form).want(t, "token", "invalid_client")

	g := server.Grant{ID: auth.RandomID(), EnterpriseID: acme, ClientID: "wps", PersonID: zhang.ID, SessionID: b.Session.ID}
	must(t, w.Store.SaveGrant(context.Background(), g))
	token := w.Base.NewAccessToken(g, server.AudienceThree, time.Minute)
	if p := w.bearer("/userinfo", token); p.Status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d %s", p.Status, p.Body)
	}
}
