package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/vault"
)

// memoryKeyring behaves like a keyring; err is what every call answers while it is set.
type memoryKeyring struct {
	mu     sync.Mutex
	key    auth.Secret
	err    error
	setErr error
	lossy  bool // forgets what it is given
	sets   int
}

func (k *memoryKeyring) Get(context.Context) (auth.Secret, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return auth.Secret{}, k.err
	}
	if k.key.IsZero() {
		return auth.Secret{}, auth.ErrNotFound
	}
	return k.key, nil
}

func (k *memoryKeyring) Set(_ context.Context, s auth.Secret) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sets++
	if err := errors.Join(k.err, k.setErr); err != nil {
		return err
	}
	if !k.lossy {
		k.key = s
	}
	return nil
}

func (k *memoryKeyring) Delete(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key = auth.Secret{}
	return k.err
}

func entry(refresh string) vault.Entry {
	return vault.Entry{
		Tokens: auth.TokenSet{
			Access:  auth.NewSecret("access-of-" + refresh),
			Refresh: auth.NewSecret(refresh),
			ID:      auth.NewSecret("id-of-" + refresh),
			Expiry:  time.Date(2030, 1, 2, 3, 4, 5, 678, time.UTC),
			Scope:   "openid offline_access",
		},
		Identity:    auth.Identity{Issuer: "https://id.acme.com", Subject: "42", Name: "张三 Müller\n"},
		Issuer:      "https://id.acme.com",
		TokenOrigin: "https://token.acme.com",
	}
}

func same(a, b vault.Entry) bool {
	return a.Tokens.Access.Equal(b.Tokens.Access) && a.Tokens.Refresh.Equal(b.Tokens.Refresh) &&
		a.Tokens.ID.Equal(b.Tokens.ID) && a.Tokens.Expiry.Equal(b.Tokens.Expiry) &&
		a.Tokens.Scope == b.Tokens.Scope && a.Identity == b.Identity &&
		a.Issuer == b.Issuer && a.TokenOrigin == b.TokenOrigin && slices.EqualFunc(a.Former, b.Former, auth.Secret.Equal)
}

func mustOpen(t *testing.T, dir string, k vault.Keyring) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), dir, k)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func sealedFile(dir string) string { return filepath.Join(dir, "vault.sealed") }

func asideFiles(t *testing.T, dir string) []string {
	t.Helper()
	return beside(t, dir, "vault.sealed.damaged-")
}

// beside returns the files of a folder that begin so; a pattern would be misled by a folder
// with brackets in its name.
func beside(t *testing.T, dir, prefix string) (paths []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), prefix) {
			paths = append(paths, filepath.Join(dir, f.Name()))
		}
	}
	return paths
}

// TestFormerSignIns keeps the refresh tokens of the last sign-ins, through refreshes and a
// restart, but none that belongs elsewhere.
func TestFormerSignIns(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	v := mustOpen(t, dir, k)
	put := func(e vault.Entry) {
		t.Helper()
		if err := v.Put("p", e); err != nil {
			t.Fatal(err)
		}
	}
	former := func(want ...string) {
		t.Helper()
		v = mustOpen(t, dir, k)
		e, err := v.Get("p")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, token := range e.Former {
			got = append(got, token.Reveal())
		}
		if !slices.Equal(got, want) {
			t.Errorf("former sign-ins %q, want %q", got, want)
		}
	}
	put(entry("1"))
	former()
	put(entry("2"))
	if err := v.Replace("p", entry("2").Tokens, entry("2'").Tokens); err != nil {
		t.Fatal(err)
	}
	former("1")
	for i := 3; i <= 8; i++ {
		put(entry(fmt.Sprint(i)))
	}
	former("3", "4", "5", "6", "7")
	moved := entry("9")
	moved.Issuer = "https://id.elsewhere.com"
	put(moved)
	former()
	if err := v.Delete("p"); err != nil {
		t.Fatal(err)
	}
	put(entry("10"))
	former()
}

func TestEntriesSurviveReopening(t *testing.T) {
	for _, size := range []int{1, 2_561, 6_144, 10_000, 200_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			dir, k := t.TempDir(), &memoryKeyring{}
			v := mustOpen(t, dir, k)
			if v.MemoryOnly() {
				t.Fatal("memory-only with a working keyring")
			}
			big, other := entry(strings.Repeat("r", size)), entry("other")
			for profile, e := range map[string]vault.Entry{"p1": big, "p2": other} {
				if err := v.Put(profile, e); err != nil {
					t.Fatal(err)
				}
			}
			v = mustOpen(t, dir, k)
			for profile, want := range map[string]vault.Entry{"p1": big, "p2": other} {
				got, err := v.Get(profile)
				if err != nil || !same(got, want) {
					t.Errorf("entry %s changed on its way (err %v)", profile, err)
				}
			}
			if err := v.Delete("p1"); err != nil {
				t.Fatal(err)
			}
			v = mustOpen(t, dir, k)
			if _, err := v.Get("p1"); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("deleted entry: got %v, want ErrNotFound", err)
			}
			if k.sets != 1 {
				t.Errorf("key written %d times, want once", k.sets)
			}
		})
	}
}

func TestFileIsPrivateAndSaysNothing(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	e := entry("canary")
	e.Identity.Subject = "employee-4242"
	if err := mustOpen(t, dir, k).Put("profile-name", e); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(sealedFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	data, err := os.ReadFile(sealedFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	// Long ones only: two letters stand in some hundred random bytes once in a while.
	for _, word := range []string{"canary", "profile-name", "id.acme", "employee-4242", "entries"} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("sealed file shows %q", word)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("left in the folder: %v (err %v), want the sealed file alone", files, err)
	}
}

func TestLockedKeyringTouchesNothing(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	if err := mustOpen(t, dir, k).Put("p", entry("r")); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(sealedFile(dir))
	for _, locked := range []error{auth.KeyringLocked, errors.New("something that nobody can name")} {
		k.err = locked
		if _, err := vault.Open(t.Context(), dir, k); !errors.Is(err, auth.ErrLocked) {
			t.Errorf("keyring says %v: got %v, want ErrLocked", locked, err)
		}
	}
	after, _ := os.ReadFile(sealedFile(dir))
	if !bytes.Equal(before, after) || len(asideFiles(t, dir)) != 0 {
		t.Error("file touched while the keyring was locked")
	}
	k.err = nil
	if got, err := mustOpen(t, dir, k).Get("p"); err != nil || !same(got, entry("r")) {
		t.Errorf("after unlocking: entry lost (err %v)", err)
	}
}

func TestMissingKeyringIsMemoryOnly(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	if err := mustOpen(t, dir, k).Put("p", entry("r")); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(sealedFile(dir))
	v := mustOpen(t, dir, vault.NoKeyring{})
	if !v.MemoryOnly() {
		t.Fatal("not memory-only without a keyring")
	}
	if err := v.Prepare(t.Context()); err != nil {
		t.Errorf("prepare: %v", err)
	}
	if err := v.Put("q", entry("s")); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Get("q"); err != nil || !same(got, entry("s")) {
		t.Errorf("entry in memory lost (err %v)", err)
	}
	after, _ := os.ReadFile(sealedFile(dir))
	if !bytes.Equal(before, after) {
		t.Error("sealed file touched without a keyring")
	}
	if _, err := mustOpen(t, dir, k).Get("p"); err != nil {
		t.Errorf("keyring is back: %v", err)
	}
}

// TestKeyringThatComesLater leaves a sealed file to wait for the keyring where nobody has
// clicked, unless policy wants none.
func TestKeyringThatComesLater(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	if err := mustOpen(t, dir, k).Put("p", entry("r")); err != nil {
		t.Fatal(err)
	}
	k.err = auth.KeyringMissing
	quiet := vault.Quietly(t.Context())
	if _, err := vault.Open(quiet, dir, k); !errors.Is(err, auth.ErrLocked) {
		t.Errorf("quietly: got %v, want ErrLocked", err)
	}
	if v := mustOpen(t, dir, k); !v.MemoryOnly() {
		t.Error("not memory-only for somebody who has clicked")
	}
	if v, err := vault.Open(quiet, dir, vault.NoKeyring{}); err != nil || !v.MemoryOnly() {
		t.Errorf("none by policy: err %v", err)
	}
	if v, err := vault.Open(quiet, t.TempDir(), k); err != nil || !v.MemoryOnly() {
		t.Errorf("nothing sealed: err %v", err)
	}
	k.err = nil
	if v, err := vault.Open(quiet, dir, k); err != nil {
		t.Error(err)
	} else if _, err := v.Get("p"); err != nil {
		t.Errorf("keyring has come: %v", err)
	}
}

// TestKeyringThatGoesAway does not leave the sealed file behind: it is sealed under a key
// that the keyring held.
func TestKeyringThatGoesAway(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	v := mustOpen(t, dir, k)
	if err := v.Put("p", entry("old")); err != nil {
		t.Fatal(err)
	}
	k.err = auth.KeyringMissing
	if err := v.Prepare(t.Context()); err != nil || v.MemoryOnly() {
		t.Fatalf("err %v, memory-only %v", err, v.MemoryOnly())
	}
	if err := v.Replace("p", entry("old").Tokens, entry("new").Tokens); err != nil {
		t.Fatal(err)
	}
	k.err = nil
	if got, err := mustOpen(t, dir, k).Get("p"); err != nil || !same(got, entry("new")) {
		t.Errorf("the keyring is back: err %v", err)
	}
}

// asking is a keyring that asks its owner before it deletes.
type asking struct {
	*memoryKeyring
	asks, answer chan struct{}
}

func (k asking) Delete(ctx context.Context) error {
	close(k.asks)
	<-k.answer
	return k.memoryKeyring.Delete(ctx)
}

// TestDestroyWaitsAlone holds nobody up who looks into the vault while the keyring asks.
func TestDestroyWaitsAlone(t *testing.T) {
	k := asking{&memoryKeyring{}, make(chan struct{}), make(chan struct{})}
	v := mustOpen(t, t.TempDir(), k)
	if err := v.Put("p", entry("r")); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- v.Destroy(t.Context()) }()
	<-k.asks
	looked := make(chan error, 1)
	go func() {
		_, err := v.Get("p")
		looked <- err
	}()
	select {
	case err := <-looked:
		if !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("held up")
	}
	close(k.answer)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestKeyringThatCannotKeepIsNone(t *testing.T) {
	for name, k := range map[string]*memoryKeyring{
		"full":             {setErr: errors.New("not enough storage")},
		"forgets":          {lossy: true},
		"unknown at start": {err: errors.New("odd")},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			v := mustOpen(t, dir, k)
			if err := v.Put("p", entry("r")); err != nil {
				t.Fatal(err)
			}
			if !v.MemoryOnly() {
				t.Error("not memory-only")
			}
			if _, err := os.Stat(sealedFile(dir)); !errors.Is(err, os.ErrNotExist) {
				t.Error("sealed file written under a key that nobody keeps")
			}
		})
	}
}

func TestPrepare(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	v := mustOpen(t, dir, k)
	k.err = auth.KeyringLocked
	if err := v.Prepare(t.Context()); !errors.Is(err, auth.ErrLocked) {
		t.Fatalf("locked: got %v, want ErrLocked", err)
	}
	if err := v.Put("p", entry("r")); !errors.Is(err, auth.ErrLocked) {
		t.Fatalf("first put while locked: got %v, want ErrLocked", err)
	}
	k.err = nil
	if err := v.Prepare(t.Context()); err != nil || v.MemoryOnly() {
		t.Fatalf("unlocked: err %v, memory-only %v", err, v.MemoryOnly())
	}
	if err := v.Put("p", entry("r")); err != nil {
		t.Fatal(err)
	}
	k.key = auth.Secret{} // somebody removed it by hand
	if err := v.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := mustOpen(t, dir, k).Get("p"); err != nil {
		t.Errorf("key not put back: %v", err)
	}
}

func TestDamagedFileIsKeptAside(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string, k *memoryKeyring){
		"other key": func(_ *testing.T, _ string, k *memoryKeyring) {
			k.key = auth.NewSecret("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
		},
		"key gone":   func(_ *testing.T, _ string, k *memoryKeyring) { k.key = auth.Secret{} },
		"key broken": func(_ *testing.T, _ string, k *memoryKeyring) { k.key = auth.NewSecret("!") },
		"empty": func(t *testing.T, dir string, _ *memoryKeyring) {
			writeFile(t, sealedFile(dir), nil)
		},
		"one bit": func(t *testing.T, dir string, _ *memoryKeyring) {
			data, _ := os.ReadFile(sealedFile(dir))
			data[len(data)/2] ^= 1
			writeFile(t, sealedFile(dir), data)
		},
		"other version": func(t *testing.T, dir string, _ *memoryKeyring) {
			data, _ := os.ReadFile(sealedFile(dir))
			writeFile(t, sealedFile(dir), bytes.Replace(data, []byte("/1"), []byte("/2"), 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, k := t.TempDir(), &memoryKeyring{}
			if err := mustOpen(t, dir, k).Put("p", entry("r")); err != nil {
				t.Fatal(err)
			}
			spoil(t, dir, k)
			before, _ := os.ReadFile(sealedFile(dir))
			_, err := vault.Open(t.Context(), dir, k)
			if fault, _ := auth.FaultOf(err); fault != auth.VaultDamaged {
				t.Fatalf("got %v, want VaultDamaged", err)
			}
			aside := asideFiles(t, dir)
			if len(aside) != 1 {
				t.Fatalf("kept aside: %v, want one file", aside)
			}
			if kept, _ := os.ReadFile(aside[0]); !bytes.Equal(kept, before) {
				t.Error("the file kept aside is not the damaged one")
			}
			v := mustOpen(t, dir, k)
			if err := v.Put("p", entry("new")); err != nil || v.MemoryOnly() {
				t.Fatalf("starting afresh: err %v, memory-only %v", err, v.MemoryOnly())
			}
			if got, err := mustOpen(t, dir, k).Get("p"); err != nil || !same(got, entry("new")) {
				t.Errorf("afresh and reopened: entry lost (err %v)", err)
			}
		})
	}
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReplace(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	v := mustOpen(t, dir, k)
	old, fresh := entry("old"), entry("fresh")
	if err := v.Replace("p", old.Tokens, fresh.Tokens); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("nothing there: got %v, want ErrNotFound", err)
	}
	if err := v.Put("p", old); err != nil {
		t.Fatal(err)
	}
	if err := v.Replace("p", fresh.Tokens, fresh.Tokens); !errors.Is(err, auth.ErrConflict) {
		t.Errorf("other tokens there: got %v, want ErrConflict", err)
	}
	if err := v.Replace("p", old.Tokens, fresh.Tokens); err != nil {
		t.Fatal(err)
	}
	tokens, who, err := mustOpen(t, dir, k).Tokens("p")
	if err != nil || !tokens.Refresh.Equal(fresh.Tokens.Refresh) || who != old.Identity {
		t.Errorf("after replacing: refresh token changed %v, identity %v, err %v", tokens.Refresh.Equal(fresh.Tokens.Refresh), who, err)
	}
}

func TestFailedWriteChangesNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder cannot stand in a file's way there")
	}
	dir, k := t.TempDir(), &memoryKeyring{}
	v := mustOpen(t, dir, k)
	if err := v.Put("p", entry("old")); err != nil {
		t.Fatal(err)
	}
	// A folder in the file's place makes the rename fail, for root too.
	if err := os.Remove(sealedFile(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(sealedFile(dir), "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := v.Replace("p", entry("old").Tokens, entry("new").Tokens); err == nil {
		t.Fatal("replace over a folder: no error")
	}
	if got, err := v.Get("p"); err != nil || !same(got, entry("old")) {
		t.Errorf("memory ran ahead of the disk (err %v)", err)
	}
	if left := beside(t, dir, "vault.sealed.new-"); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestDestroy(t *testing.T) {
	dir, k := filepath.Join(t.TempDir(), "a folder [of mine]*"), &memoryKeyring{}
	if runtime.GOOS == "windows" {
		dir = strings.TrimSuffix(dir, "*") // which no name has there
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	v := mustOpen(t, dir, k)
	if err := v.Put("p", entry("r")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, sealedFile(dir)+".damaged-1", []byte("x"))
	if err := v.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 0 || !k.key.IsZero() {
		t.Errorf("left: files %v, key there %v", files, !k.key.IsZero())
	}
	if _, err := v.Get("p"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("entry after destroying: got %v, want ErrNotFound", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	v := mustOpen(t, dir, k)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			profile := fmt.Sprint(i)
			if err := v.Put(profile, entry(profile)); err != nil {
				t.Error(err)
			}
			if _, err := v.Get(profile); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	v = mustOpen(t, dir, k)
	for i := range 16 {
		if _, err := v.Get(fmt.Sprint(i)); err != nil {
			t.Error(err)
		}
	}
	if k.sets != 1 {
		t.Errorf("key written %d times, want once", k.sets)
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	v := mustOpen(t, dir, k)
	e := entry("canary")
	e.Tokens.Expiry = time.Date(12_000, 1, 1, 0, 0, 0, 0, time.UTC) // JSON cannot hold it
	err := v.Put("p", e)
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v, want an error without the token", err)
	}
}

// TestPassing keeps an entry in memory alone: neither file nor keyring learn of it, also
// where there was one of the same name, and others beside it are kept.
func TestPassing(t *testing.T) {
	dir, k := t.TempDir(), &memoryKeyring{}
	v := mustOpen(t, dir, k)
	passing := entry("passing")
	passing.Passing = true
	if err := v.Put("p", passing); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Get(t.Context()); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("a passing entry made a key: %v", err)
	}
	for _, profile := range []string{"q", "p"} {
		if err := v.Put(profile, entry("lasting")); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Put("p", passing); err != nil {
		t.Fatal(err)
	}
	fresh := entry("fresh").Tokens
	if err := v.Replace("p", passing.Tokens, fresh); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Get("p"); err != nil || !got.Tokens.Refresh.Equal(fresh.Refresh) || !got.Passing {
		t.Errorf("in memory: %+v, %v", got, err)
	}
	again := mustOpen(t, dir, k)
	if _, err := again.Get("p"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("reopened: a passing entry was kept (%v)", err)
	}
	if _, err := again.Get("q"); err != nil {
		t.Errorf("reopened: another entry was lost: %v", err)
	}
}
