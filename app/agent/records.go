package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"lanyard/app/desktop"
	"lanyard/app/local"
	"lanyard/auth"
)

// record is what the agent remembers of one profile between runs. It lies in
// profiles.json and holds no secret; tokens are in the vault.
type record struct {
	ID         string          `json:"id"`
	Enterprise auth.Enterprise `json:"enterprise"`
	Identity   auth.Identity   `json:"identity"`
	// Origin and Code find the enterprise's document again.
	Origin string `json:"origin"`
	Code   string `json:"code"`
	// Issuer, Host and Hash are what the person confirmed: the provider, the host that
	// opened, and the document that named both. Another issuer or host asks again.
	Issuer string `json:"issuer"`
	Host   string `json:"host"`
	Hash   string `json:"hash"`
	// Workbench says that the issuer serves apps and launches.
	Workbench bool `json:"workbench,omitempty"`
	SignedOut bool `json:"signed_out,omitempty"`
	// Ended says that the company ended the person's access.
	Ended  bool           `json:"ended,omitempty"`
	Apps   []auth.App     `json:"apps,omitempty"`
	ETag   string         `json:"etag,omitempty"`
	Pinned []string       `json:"pinned,omitempty"`
	Opened map[string]int `json:"opened,omitempty"` // app id → how often
	// SeenDevice is when the new device came that the person has looked at.
	SeenDevice time.Time `json:"seen_device,omitzero"`
}

// profileID names the account of one person at one enterprise: readable, because
// people type it, and the same whenever that person signs in again.
func profileID(origin, code string, id auth.Identity) string {
	sum := sha256.Sum256([]byte(origin + "\x00" + id.Issuer + "\x00" + id.Subject))
	return code + "-" + hex.EncodeToString(sum[:4])
}

// memory is the file profiles.json.
type memory struct {
	Current  string         `json:"current,omitempty"`
	Profiles []record       `json:"profiles"`
	Settings local.Settings `json:"settings"`
}

const memoryFile = "profiles.json"

// errDamaged says that profiles.json was not what we wrote.
var errDamaged = errors.New("kept aside")

// loadMemory reads profiles.json. A missing file is an empty memory. A file that is
// not what we wrote is kept under another name, which errDamaged tells: the agent starts
// empty rather than not at all, and nothing is lost.
func loadMemory(dir string) (memory, error) {
	name := filepath.Join(dir, memoryFile)
	data, err := os.ReadFile(name) //nolint:gosec // a fixed name in our own folder
	if errors.Is(err, fs.ErrNotExist) {
		return memory{}, nil
	}
	if err != nil {
		return memory{}, fmt.Errorf("read profiles: %w", err)
	}
	var m memory
	if err := json.Unmarshal(data, &m); err != nil {
		if err := os.Rename(name, name+".damaged"); err != nil {
			return memory{}, fmt.Errorf("keep damaged profiles: %w", err)
		}
		return memory{}, fmt.Errorf("read profiles: %w: %w", err, errDamaged)
	}
	return m, nil
}

// save writes profiles.json in one step.
func (m memory) save(dir string) error {
	data, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return fmt.Errorf("encode profiles: %w", err)
	}
	if err := desktop.WriteFile(filepath.Join(dir, memoryFile), data, 0o600); err != nil {
		return fmt.Errorf("write profiles: %w", err)
	}
	return nil
}
