package directory

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"lanyard/auth"
	"lanyard/auth/connector"
)

const (
	maxDocument = 256 << 10 // a logo has 32 KiB, an app some 300 bytes
	maxKeys     = 64 << 10
	// MaxRotations is how many changes of the root a client follows from the one that it
	// pinned.
	MaxRotations = 8
	// clockSkew is how far two honest clocks may be apart.
	clockSkew = 5 * time.Minute
)

// clock is what the time is: here, and as the server said in its answer (zero where it
// said nothing).
type clock struct{ now, date time.Time }

// verifyKeys checks a directory's list of keys: type, algorithm, signature by the root
// that it names, origin, life, version, and that this root is the pinned one or
// descends from it. An empty pin accepts any root.
func verifyKeys(raw []byte, origin, pin string, seen int64, c clock) (KeyList, error) {
	jws, err := parse(raw, typeKeys)
	if err != nil {
		return KeyList{}, tampered(err)
	}
	var list KeyList
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &list); err != nil {
		return KeyList{}, tampered(fmt.Errorf("read keys: %w", err))
	}
	if err := verify(jws, list.Root); err != nil { // by the key it brings; the pin says whether that counts
		return KeyList{}, tampered(err)
	}
	if pin != "" && !descends(list.Root.ID, list.Previous, origin, pin) {
		return KeyList{}, auth.Fail(auth.DocumentPinMismatch, auth.Args{"host": hostOf(origin)}, nil)
	}
	switch {
	case list.Schema != KeysSchema:
		return KeyList{}, tampered(fmt.Errorf("keys: schema %q", list.Schema))
	case list.Origin != origin:
		return KeyList{}, tampered(fmt.Errorf("keys: of another origin %q", list.Origin))
	case list.Version < seen:
		return KeyList{}, tampered(fmt.Errorf("keys: version %d, seen %d", list.Version, seen))
	}
	if err := checkLife(list.IssuedAt, list.ExpiresAt, c, ""); err != nil {
		return KeyList{}, err
	}
	return list, nil
}

// descends reports whether root is pin, or a chain of rotations leads from pin to it.
func descends(root, previous, origin, pin string) bool {
	for range MaxRotations {
		if root == pin {
			return true
		}
		jws, err := parse([]byte(previous), typeRotation)
		if err != nil {
			return false
		}
		var step rotation
		if json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &step) != nil || verify(jws, step.By) != nil ||
			step.Root.ID != root || step.Origin != origin {
			return false
		}
		root, previous = step.By.ID, step.Previous
	}
	return root == pin
}

// verifyDocument checks a signed document against a directory's keys: type, algorithm,
// signature, then that it answers what was asked.
func verifyDocument(raw []byte, keys []PublicKey, origin, code string) (Document, error) {
	jws, err := parse(raw, typeDocument)
	if err != nil {
		return Document{}, tampered(err)
	}
	kid := jws.Signatures[0].Header.KeyID
	at := slices.IndexFunc(keys, func(k PublicKey) bool { return k.ID == kid })
	if at < 0 {
		return Document{}, tampered(errors.New("document: signed by a key that the root does not list"))
	}
	if err := verify(jws, keys[at]); err != nil {
		return Document{}, tampered(err)
	}
	var doc Document
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &doc); err != nil {
		return Document{}, tampered(fmt.Errorf("read document: %w", err))
	}
	switch {
	case doc.Schema != DocumentSchema:
		return Document{}, tampered(fmt.Errorf("document: schema %q", doc.Schema))
	case doc.Origin != origin:
		return Document{}, tampered(fmt.Errorf("document: of another origin %q", doc.Origin))
	case !slices.Contains(doc.Codes, code):
		return Document{}, tampered(fmt.Errorf("document: of another code than %q", code))
	case doc.Enterprise.ID == "":
		return Document{}, misconfigured("document without enterprise id")
	case doc.Connector.Kind != connector.KindOIDC || doc.Connector.OIDC == nil:
		return Document{}, misconfigured(fmt.Sprintf("connector of kind %q", doc.Connector.Kind))
	}
	return doc, nil
}

// checkLife judges a span of validity. A server whose own clock agrees with the span
// while ours does not says that this computer's clock is wrong.
func checkLife(iat, exp int64, c clock, code string) error {
	issued, expires := time.Unix(iat, 0), time.Unix(exp, 0)
	if !expires.After(issued) || expires.Sub(issued) > MaxLife {
		return tampered(fmt.Errorf("life from %s to %s", issued.UTC(), expires.UTC()))
	}
	skew := c.date.Sub(c.now)
	wrongClock := !c.date.IsZero() && skew.Abs() > clockSkew && !c.date.Before(issued.Add(-clockSkew)) && c.date.Before(expires)
	early, late := issued.After(c.now.Add(clockSkew)), !c.now.Before(expires)
	switch {
	case (early || late) && wrongClock:
		return auth.Fail(auth.ClockWrong, auth.Args{"skew": spell(skew.Abs())}, nil)
	case early:
		return tampered(fmt.Errorf("issued in the future: %s", issued.UTC()))
	case late:
		return auth.Fail(auth.DocumentExpired, auth.Args{"code": code}, nil)
	}
	return nil
}

// spell writes a span as people say it: "7 min", "3 h", "2 d".
func spell(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f d", d.Hours()/24)
}

// parse reads a compact JWS by EdDSA whose typ is typ. The encoding must be exact, so
// that no two texts stand for one document.
func parse(raw []byte, typ string) (*jose.JSONWebSignature, error) {
	if len(raw) > maxDocument {
		return nil, fmt.Errorf("%s: larger than %d bytes", typ, maxDocument)
	}
	if bytes.Count(raw, []byte(".")) != 2 {
		return nil, fmt.Errorf("%s: not a compact JWS", typ)
	}
	for part := range strings.SplitSeq(string(raw), ".") {
		if strings.ContainsAny(part, "\r\n") { // which the decoder skips
			return nil, fmt.Errorf("%s: not a compact JWS", typ)
		}
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return nil, fmt.Errorf("%s: %w", typ, err)
		}
	}
	jws, err := jose.ParseSignedCompact(string(raw), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", typ, err)
	}
	if got, _ := jws.Signatures[0].Header.ExtraHeaders[jose.HeaderType].(string); got != typ {
		return nil, fmt.Errorf("%s: type is %q", typ, got)
	}
	return jws, nil
}

// verify checks the signature, and that the header names key.
func verify(jws *jose.JSONWebSignature, key PublicKey) error {
	if len(key.key) != ed25519.PublicKeySize || jws.Signatures[0].Header.KeyID != key.ID {
		return errors.New("verify signature: signed by another key")
	}
	if _, err := jws.Verify(key.key); err != nil {
		return fmt.Errorf("verify signature: %w", err)
	}
	return nil
}

func tampered(cause error) error { return auth.Fail(auth.DocumentTampered, nil, cause) }

func misconfigured(reason string) error {
	return auth.Fail(auth.EnterpriseMisconfig, auth.Args{"reason": reason}, nil)
}
