package workbench_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"lanyard/auth"
)

func TestSignOut(t *testing.T) {
	for _, everywhere := range []bool{false, true} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			want := `{"everywhere":false}`
			if everywhere {
				want = `{"everywhere":true}`
			}
			if r.Method != http.MethodPost || r.URL.Path != "/e/1/v1/sign-out" || string(body) != want {
				t.Errorf("asked %s %s %s", r.Method, r.URL, body)
			}
			w.WriteHeader(http.StatusNoContent)
		})
		if err := c.SignOut(t.Context(), everywhere); err != nil {
			t.Error(err)
		}
	}
	for status, kind := range map[int]error{
		http.StatusUnauthorized: auth.ErrSignInRequired, http.StatusBadGateway: auth.ErrOffline,
	} {
		if err := serve(t, answer(status, "text/plain", "")).SignOut(t.Context(), true); !errors.Is(err, kind) {
			t.Errorf("status %d: %v", status, err)
		}
	}
}
