package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// keyPair is the certificate of the configuration's files. It is read again when they
// change, since certificates are renewed while the server runs.
type keyPair struct {
	file, keyFile string
	log           *slog.Logger

	mu      sync.Mutex
	cert    *tls.Certificate
	changed [2]int64 // when the files had, as they were last read
}

// readKeyPair reads the files for the first time.
func readKeyPair(file, keyFile string, log *slog.Logger) (*keyPair, error) {
	k := &keyPair{file: file, keyFile: keyFile, log: log}
	if err := k.read(); err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return k, nil
}

// read reads the files if they have changed. A renewal that is only half there is read
// again at the next connection.
func (k *keyPair) read() error {
	var changed [2]int64
	for i, name := range []string{k.file, k.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		changed[i] = info.ModTime().UnixNano()
	}
	if k.cert != nil && changed == k.changed {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(k.file, k.keyFile)
	if err != nil {
		return err
	}
	k.cert, k.changed = &cert, changed
	return nil
}

// certificate is what [tls.Config] asks at each connection. While the files cannot be
// read, the last one that could serves on.
func (k *keyPair) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil {
		k.log.WarnContext(hello.Context(), "certificate not read again", "err", err)
	}
	return k.cert, nil
}
