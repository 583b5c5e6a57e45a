package setup

import (
	"context"
	"encoding/hex"
	"sync"
	"time"

	"lanyard/auth/directory"
	"lanyard/auth/server"
)

const (
	// maxSuggested bounds the public codes that are suggested: each has some 600 near
	// misses.
	maxSuggested   = 64
	suggestionsFor = 10 * time.Minute
)

// suggestions knows what public codes look like with one mistake in them. A directory is
// asked by hash, so it must know the mistakes beforehand.
type suggestions struct {
	codes server.Codes
	now   func() time.Time

	mu     sync.Mutex
	misses map[[16]byte]string // first half of the hash → the code that was meant
	loaded time.Time
}

// of returns the public code that is one mistake away from the code with that hash, "".
func (s *suggestions) of(ctx context.Context, hash string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); s.misses == nil || now.Sub(s.loaded).Abs() > suggestionsFor {
		codes, err := s.codes.PublicCodes(ctx, maxSuggested)
		if err != nil {
			return "", err
		}
		s.misses, s.loaded = map[[16]byte]string{}, now
		for _, code := range codes {
			for _, miss := range nearMisses(code) {
				s.misses[key(directory.Hash(miss))] = code
			}
		}
	}
	return s.misses[key(hash)], nil
}

func key(hash string) (k [16]byte) {
	_, _ = hex.Decode(k[:], []byte(hash[:min(len(hash), 2*len(k))]))
	return k
}

// nearMisses returns every code with one letter added, left out, changed or swapped.
func nearMisses(code string) []string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
	var out []string
	for i := range len(code) + 1 {
		for _, l := range letters {
			out = append(out, code[:i]+string(l)+code[i:])
			if i < len(code) {
				out = append(out, code[:i]+string(l)+code[i+1:])
			}
		}
		if i < len(code) {
			out = append(out, code[:i]+code[i+1:])
		}
		if i+1 < len(code) {
			out = append(out, code[:i]+code[i+1:i+2]+code[i:i+1]+code[i+2:])
		}
	}
	return out
}
