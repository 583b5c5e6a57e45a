package auth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"lanyard/auth"
)

const canary = "canary-4f1d"

// TestSecretShowsNothing prints a Secret in every way that Go offers.
func TestSecretShowsNothing(t *testing.T) {
	s := auth.NewSecret(canary)
	type inside struct {
		Open   auth.Secret
		hidden auth.Secret
		list   []auth.Secret
		m      map[string]auth.Secret
	}
	holder := inside{Open: s, hidden: s, list: []auth.Secret{s}, m: map[string]auth.Secret{"k": s}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, s)
		fmt.Fprintf(&out, verb, &s)
		fmt.Fprintf(&out, verb, holder)
		fmt.Fprintf(&out, verb, &holder)
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(h)
		log.Info("secret", "plain", s, "holder", holder, "tokens", auth.TokenSet{Access: s, Refresh: s, ID: s})
		log.Info("group", slog.Group("g", slog.Any("inner", s)))
	}
	data, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(data)
	fmt.Fprint(&out, fmt.Errorf("wrap %v", s), errors.New("x"))
	if strings.Contains(out.String(), canary) || strings.Contains(out.String(), fmt.Sprintf("%x", canary)) {
		t.Errorf("a print shows the secret:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing says [redacted]")
	}
	if s.Reveal() != canary {
		t.Errorf("Reveal() = %q", s.Reveal())
	}
}

func TestSecretDecodesAndCompares(t *testing.T) {
	var got struct{ Token auth.Secret }
	if err := json.Unmarshal([]byte(`{"Token":"abc"}`), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Token.Equal(auth.NewSecret("abc")) || got.Token.Equal(auth.NewSecret("abd")) || got.Token.Equal(auth.Secret{}) {
		t.Error("Equal is wrong")
	}
	if !(auth.Secret{}).IsZero() || !auth.NewSecret("").IsZero() || got.Token.IsZero() {
		t.Error("IsZero is wrong")
	}
	err := json.Unmarshal([]byte(`{"Token":{"x":"`+canary+`"}}`), &got)
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("error of a wrong type = %v", err)
	}
}
