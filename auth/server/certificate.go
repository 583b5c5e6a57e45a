package server

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Certificate is one that an enterprise's SAML metadata publishes.
type Certificate struct {
	ID          string
	PEM         string
	Fingerprint string // SHA-256, in pairs of capital hex digits, as consoles show it
	Signs       bool   // the one whose key signs now
	CreatedAt   time.Time
	NotAfter    time.Time
	// Until is when its key stops signing and it leaves the metadata; zero: when
	// [Certificates].Switch says so.
	Until time.Time
}

// Certificates changes what an enterprise's SAML answers are signed with, so that no app
// is left behind: first a second certificate is published, then it takes over.
type Certificates interface {
	// Certificates returns what is published, the one that signs first.
	Certificates(ctx context.Context, enterprise string) ([]Certificate, error)
	// Rotate publishes a second certificate. From at on it signs alone; with a zero time
	// that waits for Switch. With two already the error is of kind auth.ErrConflict.
	Rotate(ctx context.Context, enterprise string, at time.Time) error
	// Switch lets the second one sign from now on; the first leaves. Without a second one
	// the error is of kind auth.ErrConflict.
	Switch(ctx context.Context, enterprise string) error
}

// ReadSigner reads one certificate, as PEM, whose key an application signs its SAML
// requests with: RSA of 2048 to 8192 bits, since that is what we verify.
func ReadSigner(text string) (*x509.Certificate, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("read certificate: must be one certificate as PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read certificate: must be a certificate (X.509): %w", err)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < 2048 || key.N.BitLen() > 8192 {
		return nil, errors.New("read certificate: its key must be RSA of at least 2048 bits")
	}
	return cert, nil
}
