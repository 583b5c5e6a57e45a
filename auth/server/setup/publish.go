package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/directory"
	"lanyard/auth/server"
)

// Published says what a [Setup.Publish] wrote.
type Published struct {
	Codes   int
	Expires time.Time // of the first file that does; publish again before
	Skipped []string  // enterprises that nobody can sign in at, by code
}

// Publish writes the directory as plain signed files for any static host, in the paths
// that desktops ask for: v1/keys.jws and v1/enterprises/{sha256 of the code}.jws. origin
// is where the files will be reached: a document that names another is not believed.
// Files of codes that are no more are removed. Each file is replaced whole.
func (s *Setup) Publish(ctx context.Context, dir, origin string) (Published, error) {
	var out Published
	if q, err := directory.Parse(origin + "/code"); err != nil || q.Directory != origin || !safeRedirect(origin) {
		return out, errors.New("publish directory: the origin must be such as https://login.acme.com, in small letters and without a path")
	}
	folder := filepath.Join(dir, "v1", "enterprises")
	if err := os.MkdirAll(folder, 0o755); err != nil { // #nosec G301 -- for a web server to read
		return out, fmt.Errorf("publish directory: %w", err)
	}
	all, err := s.cfg.Enterprises.ListEnterprises(ctx)
	if err != nil {
		return out, fmt.Errorf("publish directory: %w", err)
	}
	list, expires, err := s.keysFor(ctx, origin)
	if err != nil {
		return out, fmt.Errorf("publish keys: %w", err)
	}
	// First, for it lists the keys of the documents that are there already, too.
	if err := replaceFile(filepath.Join(dir, "v1", "keys.jws"), list); err != nil {
		return out, fmt.Errorf("publish keys: %w", err)
	}
	out.Expires = expires
	written := map[string]bool{}
	for _, e := range all {
		raw, expires, err := s.signFor(ctx, e, origin)
		if errors.Is(err, auth.ErrNotFound) { // it has no connector
			out.Skipped = append(out.Skipped, e.Code)
			continue
		}
		if err != nil {
			return out, fmt.Errorf("publish enterprise %s: %w", e.Code, err)
		}
		if expires.Before(out.Expires) {
			out.Expires = expires
		}
		codes, err := s.cfg.Codes.CodesOf(ctx, e.ID)
		if err != nil {
			return out, fmt.Errorf("publish enterprise %s: %w", e.Code, err)
		}
		for _, code := range codes {
			name := directory.Hash(code) + ".jws"
			if err := replaceFile(filepath.Join(folder, name), raw); err != nil {
				return out, fmt.Errorf("publish enterprise %s: %w", e.Code, err)
			}
			written[name] = true
			out.Codes++
		}
	}
	return out, removeStale(folder, written)
}

// signFor returns an enterprise's document as the directory at an origin gives it out. At
// our own origin it is the one that the server gives: of two, a desktop would take the
// newer one for good.
func (s *Setup) signFor(ctx context.Context, e server.Enterprise, origin string) ([]byte, time.Time, error) {
	if origin == s.cfg.Base.PublicURL {
		found, err := s.lookup(ctx, directory.Hash(e.Code))
		if err != nil {
			return nil, time.Time{}, err
		}
		newest, err := s.cfg.Codes.SignedByCode(ctx, directory.Hash(e.Code))
		return found.raw, newest.Expires, err
	}
	doc, err := s.document(ctx, e)
	if err != nil {
		return nil, time.Time{}, err
	}
	keys, err := s.keyring(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	now := s.cfg.Base.Time()
	expires := now.Add(s.life())
	doc.Origin, doc.Version = origin, now.Unix()
	doc.IssuedAt, doc.ExpiresAt = now.Unix(), expires.Unix()
	raw, err := directory.SignDocument(doc, keys.signing)
	return raw, expires, err
}

// keysFor is the list of keys as the directory at an origin gives it out.
func (s *Setup) keysFor(ctx context.Context, origin string) ([]byte, time.Time, error) {
	now := s.cfg.Base.Time()
	k, err := s.loadKeys(ctx, now, origin)
	if err != nil {
		return nil, now, err
	}
	return k.list.raw, now.Add(s.life()), nil
}

// replaceFile puts data in the place of a file that others may read while it happens.
func replaceFile(name string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(name), ".publish-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already where all went well
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Chmod(0o644)
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}

// removeStale removes the documents of codes that lead nowhere any more.
func removeStale(folder string, written map[string]bool) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("publish directory: %w", err)
	}
	for _, entry := range entries {
		hash, ok := strings.CutSuffix(entry.Name(), ".jws")
		if !ok || !isHash(hash) || written[entry.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
			return fmt.Errorf("publish directory: %w", err)
		}
	}
	return nil
}
