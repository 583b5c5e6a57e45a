package vault

import (
	"bytes"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"lanyard/auth"
)

// FuzzSealed changes sealed files: whatever is cut, added or flipped, unseal returns an
// error or exactly what was sealed, and never panics.
func FuzzSealed(f *testing.F) {
	key := newKey()
	entries := map[string]Entry{"p": {Tokens: auth.TokenSet{Refresh: auth.NewSecret("refresh")}, Issuer: "https://id.acme.com"}}
	sealed, err := seal(key, entries)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, byte(0), len(sealed), []byte(nil))
	f.Add(3, byte(1), len(sealed), []byte(nil))
	f.Add(len(header), byte(0x80), len(sealed), []byte(nil))
	f.Add(len(sealed)-1, byte(1), len(sealed), []byte(nil))
	f.Add(0, byte(0), len(sealed)-1, []byte(nil))
	f.Add(0, byte(0), len(header), []byte(nil))
	f.Add(0, byte(0), 0, []byte(header))
	f.Add(0, byte(0), len(sealed), []byte{0})
	f.Fuzz(func(t *testing.T, at int, flip byte, keep int, tail []byte) {
		changed := bytes.Clone(sealed)
		if at >= 0 && at < len(changed) {
			changed[at] ^= flip
		}
		changed = append(changed[:max(0, min(keep, len(changed)))], tail...)
		got, err := unseal(key, changed)
		if bytes.Equal(changed, sealed) {
			if err != nil || got["p"].Tokens.Refresh.Reveal() != "refresh" {
				t.Fatalf("unchanged file: err %v", err)
			}
			return
		}
		if err == nil {
			t.Fatal("a changed file was believed")
		}
		if _, err := unseal(newKey(), changed); err == nil {
			t.Fatal("opened by another key")
		}
	})
}

// FuzzRoundTrip seals anything and expects the same back.
func FuzzRoundTrip(f *testing.F) {
	f.Add("profile", "access", "refresh", "id", "openid", "张三", uint32(1_900_000_000))
	f.Add("", "", "", "", "", "", uint32(0))
	f.Add("p\x00", "a\"\\\n", "\u2028<&>", "\U0001f600", " ", "\ufffd", uint32(1<<32-1))
	key := newKey()
	f.Fuzz(func(t *testing.T, profile, access, refresh, id, scope, name string, expiry uint32) {
		for _, s := range []string{profile, access, refresh, id, scope, name} {
			if !utf8.ValidString(s) {
				t.Skip("tokens and names arrive as JSON, which is UTF-8")
			}
		}
		in := Entry{
			Tokens: auth.TokenSet{
				Access: auth.NewSecret(access), Refresh: auth.NewSecret(refresh), ID: auth.NewSecret(id),
				Expiry: time.Unix(int64(expiry), 0), Scope: scope,
			},
			Identity: auth.Identity{Name: name}, Former: []auth.Secret{auth.NewSecret(id), auth.NewSecret(access)},
		}
		sealed, err := seal(key, map[string]Entry{profile: in})
		if err != nil {
			t.Fatal(err)
		}
		out, err := unseal(key, sealed)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := out[profile]
		if !ok || len(out) != 1 || got.Tokens.Access.Reveal() != access || got.Tokens.Refresh.Reveal() != refresh ||
			got.Tokens.ID.Reveal() != id || !got.Tokens.Expiry.Equal(in.Tokens.Expiry) ||
			got.Tokens.Scope != scope || got.Identity != in.Identity || !slices.EqualFunc(got.Former, in.Former, auth.Secret.Equal) {
			t.Fatal("what came back is not what was sealed")
		}
	})
}
