package server

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"lanyard/auth"
)

// What is made at the same time lies together in the database if its key begins with
// the time: many sign-ins at once then write a few pages of a table and not one each,
// anywhere in it. When something was made is no secret; it is as hard to guess as ever.

// datedLength is how long the time of a dated value is: 6 bytes of milliseconds.
const datedLength = 8

// NewToken returns a value to hand out (a code, a token, a cookie): the time, a dot and
// 256 random bits.
func NewToken(now time.Time) string {
	date := milliseconds(now)
	return base64.RawURLEncoding.EncodeToString(date[:]) + "." + auth.RandomToken()
}

// NewID returns the id of a record that is made with many others, a person, a session or a
// grant: 12 hex digits of time and 20 random ones.
func NewID(now time.Time) string {
	var id [16]byte
	_, _ = rand.Read(id[:])
	date := milliseconds(now)
	copy(id[:], date[:])
	return hex.EncodeToString(id[:])
}

// Hash returns the hex SHA-256 of a value that was handed out (code, token, cookie):
// what the store keeps of it, behind the time of one that [NewToken] made. The values
// have 256 random bits, so no salt is needed.
func Hash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return dateOf(value) + hex.EncodeToString(sum[:])
}

// dateOf returns the time of a dated value in hex, "" of any other.
func dateOf(value string) string {
	date, rest, ok := strings.Cut(value, ".")
	if !ok || len(date) != datedLength || len(rest) != 43 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(date)
	if err != nil {
		return ""
	}
	return hex.EncodeToString(raw)
}

func milliseconds(t time.Time) [6]byte {
	var all [8]byte
	binary.BigEndian.PutUint64(all[:], uint64(t.UnixMilli())) //nolint:gosec // after 1970
	return [6]byte(all[2:])
}
