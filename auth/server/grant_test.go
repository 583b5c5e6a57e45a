package server_test

import (
	"strings"
	"testing"

	"lanyard/auth/server"
)

func sealer(t testing.TB, key byte) *server.Sealer {
	t.Helper()
	s, err := server.NewSealer([]byte(strings.Repeat(string(key), 32)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestToken(t *testing.T) {
	s := sealer(t, 'a')
	said := server.TokenClaims{Grant: "g", Audience: server.AudienceAPI, Scope: "openid profile", Expires: 1}
	token := s.Token(server.KindAccess, "acme", said)
	if got, ok := s.ReadToken(server.KindAccess, "acme", token); !ok || got != said {
		t.Errorf("ReadToken = %+v, %v", got, ok)
	}
	if again := s.Token(server.KindAccess, "acme", said); again != token {
		t.Errorf("the same claims give %q and %q", token, again)
	}
	for what, read := range map[string]func() (server.TokenClaims, bool){
		"as another kind":       func() (server.TokenClaims, bool) { return s.ReadToken(server.KindRefresh, "acme", token) },
		"at another enterprise": func() (server.TokenClaims, bool) { return s.ReadToken(server.KindAccess, "other", token) },
		"under another key":     func() (server.TokenClaims, bool) { return sealer(t, 'b').ReadToken(server.KindAccess, "acme", token) },
		"an empty one":          func() (server.TokenClaims, bool) { return s.ReadToken(server.KindAccess, "acme", "") },
		"a long one": func() (server.TokenClaims, bool) {
			return s.ReadToken(server.KindAccess, "acme", token+strings.Repeat("=", 2000))
		},
	} {
		if got, ok := read(); ok {
			t.Errorf("%s: reads %+v", what, got)
		}
	}
	for i := range token {
		for _, c := range "Aa0.-_" {
			spoiled := token[:i] + string(c) + token[i+1:]
			if got, ok := s.ReadToken(server.KindAccess, "acme", spoiled); ok && spoiled != token {
				t.Errorf("byte %d made %q: reads %+v", i, c, got)
			}
		}
	}
}

func FuzzReadToken(f *testing.F) {
	s := sealer(f, 'a')
	f.Add(s.Token(server.KindCode, "acme", server.TokenClaims{Grant: "g"}))
	f.Add("e30." + s.Derive("token\ncode\nacme\ne30"))
	f.Fuzz(func(t *testing.T, value string) {
		if said, ok := s.ReadToken(server.KindCode, "acme", value); ok && !strings.HasPrefix(value, "e30.") && said.Grant == "" {
			t.Errorf("%q was made by nobody", value)
		}
	})
}
