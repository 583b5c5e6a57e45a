package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"lanyard/auth"
)

// Store keeps pins and documents between runs: nothing in it is secret, but a pin that
// somebody else can change is worth nothing.
type Store interface {
	// Load returns what Save kept, or an error that wraps auth.ErrNotFound.
	Load(name string) ([]byte, error)
	Save(name string, data []byte) error
}

// Pins maps a directory's origin to the thumbprint of its root key (the "kid" of its
// list of keys), from policy or the build.
type Pins map[string]string

// of returns the pin of an origin in normal form; policy may write it another way.
func (p Pins) of(origin string) string {
	for written, pin := range p {
		if normal, err := safeOrigin(strings.TrimSuffix(written, "/")); err == nil && normal == origin {
			return pin
		}
	}
	return ""
}

// keptOrigin is what is remembered of a directory.
type keptOrigin struct {
	Origin  string `json:"origin"`
	Root    string `json:"root,omitempty"` // the pin of first use
	Version int64  `json:"version"`        // of the newest list of keys
}

// keptDocument is the last good answer for a code, with the list of keys that proves it.
type keptDocument struct {
	Keys     []byte `json:"keys"`
	Document []byte `json:"document"`
}

// Names are hashes, so that a store may use them as file names.
func originName(origin string) string         { return "directory-" + short(origin) }
func documentName(origin, code string) string { return "document-" + short(origin+"/"+code) }

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// load reads a record; one that was never saved, or was forgotten, leaves into as it is.
func (r *Resolver) load(name string, into any) error {
	if r.Store == nil {
		return nil
	}
	data, err := r.Store.Load(name)
	if errors.Is(err, auth.ErrNotFound) || err == nil && len(data) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("load %s: %w", name, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("load %s: %w", name, err)
	}
	return nil
}

func (r *Resolver) save(name string, record any) error {
	if r.Store == nil {
		return nil
	}
	data, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	if err := r.Store.Save(name, data); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}

// Cached returns the kept document of an enrolled profile, without asking anybody and
// even when it has expired: what is out of date blocks a new sign-in, not an employee
// who has one. Its signature is checked again. Without one the error wraps
// auth.ErrNotFound.
func (r *Resolver) Cached(origin, code string) (Resolved, error) {
	var kept keptDocument
	if err := r.load(documentName(origin, code), &kept); err != nil {
		return Resolved{}, err
	}
	if len(kept.Document) == 0 {
		return Resolved{}, fmt.Errorf("find kept document of %q: %w", code, auth.ErrNotFound)
	}
	doc, err := kept.verify(origin, code)
	if err != nil {
		return Resolved{}, err
	}
	res := resolved(doc, kept.Document, origin)
	res.Cached = true
	return res, nil
}

// verify checks a kept document whatever its age. The pin was checked when it was kept.
func (k keptDocument) verify(origin, code string) (Document, error) {
	jws, err := parse(k.Keys, typeKeys)
	if err != nil {
		return Document{}, tampered(err)
	}
	var list KeyList
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &list); err != nil {
		return Document{}, tampered(fmt.Errorf("read keys: %w", err))
	}
	if err := verify(jws, list.Root); err != nil {
		return Document{}, tampered(err)
	}
	return verifyDocument(k.Document, list.Keys, origin, code)
}

// ForgetPin drops the root key that first use pinned for a directory, and what else is
// remembered of it: done when the last profile of that directory is removed. The next
// sign-in trusts the directory anew. A pin of policy stays.
func (r *Resolver) ForgetPin(origin string) error {
	if r.Store == nil {
		return nil
	}
	if err := r.Store.Save(originName(origin), nil); err != nil {
		return fmt.Errorf("forget pin of %s: %w", hostOf(origin), err)
	}
	return nil
}

// hostOf returns the host (and port) of an origin, for people.
func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return host
}
