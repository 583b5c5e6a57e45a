package vault

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"lanyard/auth"
)

// header begins every sealed file. It is the version of the format and, as additional
// data of the seal, cannot be exchanged for another version's.
const header = "lanyard-vault/1\n"

// content is what lies under the seal.
type content struct {
	Entries map[string]sealedEntry `json:"entries"`
}

// sealedEntry is an Entry with its secrets revealed: the only place that writes them.
type sealedEntry struct {
	Access      string        `json:"access,omitempty"`
	Refresh     string        `json:"refresh,omitempty"`
	ID          string        `json:"id,omitempty"`
	Expiry      time.Time     `json:"expiry,omitzero"`
	Scope       string        `json:"scope,omitempty"`
	Identity    auth.Identity `json:"identity"`
	Issuer      string        `json:"issuer,omitempty"`
	TokenOrigin string        `json:"token_origin,omitempty"`
	Former      []string      `json:"former,omitempty"`
}

// seal encodes and seals entries under key (XChaCha20-Poly1305, whose 24-byte nonces
// may be drawn at random for as many files as anybody will ever write).
func seal(key []byte, entries map[string]Entry) ([]byte, error) {
	c := content{Entries: make(map[string]sealedEntry, len(entries))}
	for profile, e := range entries {
		sealed := sealedEntry{
			Access:      e.Tokens.Access.Reveal(),
			Refresh:     e.Tokens.Refresh.Reveal(),
			ID:          e.Tokens.ID.Reveal(),
			Expiry:      e.Tokens.Expiry.UTC(),
			Scope:       e.Tokens.Scope,
			Identity:    e.Identity,
			Issuer:      e.Issuer,
			TokenOrigin: e.TokenOrigin,
		}
		for _, token := range e.Former {
			sealed.Former = append(sealed.Former, token.Reveal())
		}
		c.Entries[profile] = sealed
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, errors.New("encode entries: a value cannot be written") // the cause may quote it
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("seal entries: %w", err)
	}
	out := make([]byte, len(header)+aead.NonceSize(), len(header)+aead.NonceSize()+len(plain)+aead.Overhead())
	copy(out, header)
	nonce := out[len(header):]
	_, _ = rand.Read(nonce)
	return aead.Seal(out, nonce, plain, []byte(header)), nil
}

// unseal is the reverse of seal. Whatever the bytes, it returns an error or exactly
// what was sealed.
func unseal(key, sealed []byte) (map[string]Entry, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, errors.New("unseal entries: no key")
	}
	rest, ok := strings.CutPrefix(string(sealed), header)
	if !ok || len(rest) < aead.NonceSize() {
		return nil, errors.New("unseal entries: not a vault of this version")
	}
	body := []byte(rest)
	plain, err := aead.Open(nil, body[:aead.NonceSize()], body[aead.NonceSize():], []byte(header))
	if err != nil {
		return nil, errors.New("unseal entries: seal broken, or another key")
	}
	var c content
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, errors.New("unseal entries: content is not what was sealed") // the cause may quote it
	}
	entries := make(map[string]Entry, len(c.Entries))
	for profile, e := range c.Entries {
		entry := Entry{
			Tokens: auth.TokenSet{
				Access:  auth.NewSecret(e.Access),
				Refresh: auth.NewSecret(e.Refresh),
				ID:      auth.NewSecret(e.ID),
				Expiry:  e.Expiry,
				Scope:   e.Scope,
			},
			Identity:    e.Identity,
			Issuer:      e.Issuer,
			TokenOrigin: e.TokenOrigin,
		}
		for _, token := range e.Former {
			entry.Former = append(entry.Former, auth.NewSecret(token))
		}
		entries[profile] = entry
	}
	return entries, nil
}

func newKey() []byte {
	key := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(key)
	return key
}

// encodeKey writes the key as text, because some keyrings keep nothing else.
func encodeKey(key []byte) auth.Secret {
	return auth.NewSecret(base64.StdEncoding.EncodeToString(key))
}

// decodeKey returns nil for anything that cannot be a key.
func decodeKey(s auth.Secret) []byte {
	key, err := base64.StdEncoding.Strict().DecodeString(s.Reveal())
	if err != nil || len(key) != chacha20poly1305.KeySize {
		return nil
	}
	return key
}
