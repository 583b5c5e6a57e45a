package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestRenewedCertificate: a certificate that is renewed while the server runs is the next
// connection's; while it is broken, the last one serves on.
func TestRenewedCertificate(t *testing.T) {
	dir := t.TempDir()
	file, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if _, err := readKeyPair(file, keyFile, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("files that are not there were read")
	}
	at := time.Now()
	renew := func(serial int64) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: at.Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second) // whatever the file system's clock knows
		for name, block := range map[string]*pem.Block{file: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
			if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(name, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	renew(1)
	var log bytes.Buffer
	k, err := readKeyPair(file, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	serves := func(want int64) {
		t.Helper()
		cert, err := k.certificate(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		if got := cert.Leaf.SerialNumber.Int64(); got != want {
			t.Errorf("certificate %d serves, want %d", got, want)
		}
	}
	serves(1)
	renew(2)
	serves(2)
	if err := os.WriteFile(keyFile, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	serves(2)
	if log.Len() == 0 {
		t.Error("nobody is told")
	}
	renew(3)
	serves(3)
}
