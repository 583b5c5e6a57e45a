package server

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

// What is made later sorts later, as a token's hash and as an id, and nothing else of
// the token shows in its hash.
func TestDated(t *testing.T) {
	now := time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)
	early, late := NewToken(now), NewToken(now.Add(time.Millisecond))
	if len(early) != 52 || Hash(early) >= Hash(late) || Hash(early) == Hash(NewToken(now)) {
		t.Errorf("tokens %q, %q: hashes %q, %q", early, late, Hash(early), Hash(late))
	}
	sum := sha256.Sum256([]byte(early))
	if want := "019ca6b1d818" + hex.EncodeToString(sum[:]); Hash(early) != want {
		t.Errorf("hash %q, want %q", Hash(early), want)
	}
	if a, b := NewID(now), NewID(now.Add(time.Millisecond)); len(a) != 32 || a >= b || a == NewID(now) {
		t.Errorf("ids %q, %q", a, b)
	}
}

// Every other value, what somebody made up included, has its plain hash.
func TestHashUndated(t *testing.T) {
	for _, value := range []string{
		"", "acme", strings.Repeat("a", 43), "AAAAAAAA", "AAAAAAAA.", "AAAAAAA=." + strings.Repeat("a", 43),
		"AAAAAAAA." + strings.Repeat("a", 42), "AAAAAAAAA." + strings.Repeat("a", 43),
	} {
		sum := sha256.Sum256([]byte(value))
		if got, want := Hash(value), hex.EncodeToString(sum[:]); got != want {
			t.Errorf("Hash(%q) = %q, want %q", value, got, want)
		}
	}
}
