package server_test

import (
	"bytes"
	"testing"

	"lanyard/auth/server"
)

func TestSealer(t *testing.T) {
	key := server.NewKey()
	s, err := server.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.Seal([]byte("client secret"), "connector 1")
	if bytes.Contains(sealed, []byte("client secret")) {
		t.Error("sealed value shows the plain one")
	}
	if plain, err := s.Open(sealed, "connector 1"); err != nil || string(plain) != "client secret" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := s.Open(sealed, "connector 2"); err == nil {
		t.Error("a sealed value opens in another context")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := s.Open(bad, "connector 1"); err == nil {
			t.Fatalf("opens with byte %d changed", i)
		}
	}
	same, _ := server.NewSealer(key)
	if s.Derive("launch 1") != same.Derive("launch 1") || s.Derive("launch 1") == s.Derive("launch 2") {
		t.Error("Derive does not follow from key and label alone")
	}
	other, _ := server.NewSealer(server.NewKey())
	if _, err := other.Open(sealed, "connector 1"); err == nil {
		t.Error("opens under another key")
	}
	if _, err := server.NewSealer(key[:31]); err == nil {
		t.Error("takes a short key")
	}
}
