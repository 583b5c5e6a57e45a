package auth

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// RandomToken returns 32 random bytes in URL-safe base64 (43 characters), for
// codes, cookies, verifiers, links and nonces. It cannot fail (see crypto/rand).
func RandomToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// RandomState returns 32 random bytes in hex (64 characters): some vendors accept
// nothing but letters and digits in a state, and at most 64 of them.
func RandomState() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// RandomID returns 16 random bytes in hex: the id of a record.
func RandomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// NewTrace returns a new reference number such as "4829-1375": it names one
// attempt in tray, page, logs and console and is easy to read out on the phone.
func NewTrace() string {
	const n = 100_000_000
	for {
		var b [4]byte
		_, _ = rand.Read(b[:])
		v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		if v < n*(^uint32(0)/n) { // no bias
			v %= n
			return fmt.Sprintf("%04d-%04d", v/10_000, v%10_000)
		}
	}
}

// ValidTrace reports whether s has the form of a reference number.
func ValidTrace(s string) bool {
	if len(s) != 9 || s[4] != '-' {
		return false
	}
	for i := range len(s) {
		if i != 4 && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}
