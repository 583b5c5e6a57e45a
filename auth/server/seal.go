package server

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"sync"
)

// Sealer seals what the database must keep but nobody who reads the database may
// see: connector secrets, signing keys, upstream tokens. Its key comes from key_file
// (or the environment), lies outside the data folder and is the same on every
// instance. AES-256-GCM with a random nonce; the context is authenticated, so a
// sealed value cannot be moved to another record.
type Sealer struct {
	aead cipher.AEAD
	macs sync.Pool // of hash.Hash; making one costs as much as a label goes through it
}

// NewSealer makes a Sealer from 32 bytes of key.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("make sealer: key has %d bytes, want 32", len(key))
	}
	sub := func(info string) ([]byte, error) { return hkdf.Key(sha256.New, key, nil, info, 32) }
	sealing, err := sub("lanyard seal")
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	derive, err := sub("lanyard derive")
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	aead, err := newAEAD(sealing)
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	return &Sealer{aead: aead, macs: sync.Pool{New: func() any { return hmac.New(sha256.New, derive) }}}, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal encrypts plain; only Open with the same context gives it back.
func (s *Sealer) Seal(plain []byte, context string) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(context)) //nolint:gosec // the AEAD makes its own random nonce
}

// Open decrypts what Seal made with the same context.
func (s *Sealer) Open(sealed []byte, context string) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(context))
	if err != nil {
		return nil, errors.New("open sealed value: wrong key or changed data")
	}
	return plain, nil
}

// Derive returns a secret that follows from label alone, for values that need not be
// stored because they can be made again (the key of a launch link).
func (s *Sealer) Derive(label string) string {
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(label))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// NewKey returns 32 random bytes for [NewSealer].
func NewKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return key
}
