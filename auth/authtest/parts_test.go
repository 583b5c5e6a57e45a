package authtest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/auth/authtest"
)

func TestChromium(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!doctype html><title>t</title><p id=who>张三</p>"))
	}))
	t.Cleanup(page.Close)
	folder, err := os.MkdirTemp("", "t") // a short path, for Chromium's socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	t.Setenv("TMPDIR", folder)
	t.Run("shows", func(t *testing.T) {
		ctx := authtest.Chromium(t)
		if err := chromedp.Do(ctx, chromedp.Navigate(page.URL)); err != nil {
			t.Fatal(err)
		}
		got, err := chromedp.Run(ctx, chromedp.Text("#who"))
		if err != nil || got != "张三" {
			t.Errorf("the page shows %q, %v; want 张三", got, err)
		}
	})
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}

func TestKeyringSession(t *testing.T) {
	s := authtest.KeyringSession(t)
	state := func() string {
		cmd := exec.Command("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets",
			"/org/freedesktop/secrets/collection/login", "org.freedesktop.DBus.Properties.Get",
			"string:org.freedesktop.Secret.Collection", "string:Locked")
		cmd.Env = append(os.Environ(), s.Env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		fields := strings.Fields(string(out))
		return fields[len(fields)-1]
	}
	if got := state(); got != "false" {
		t.Errorf("a new keyring: locked %s, want false", got)
	}
	s.Lock(t)
	if got := state(); got != "true" {
		t.Errorf("after Lock: locked %s, want true", got)
	}
	s.Unlock(t)
	if got := state(); got != "false" {
		t.Errorf("after Unlock: locked %s, want false", got)
	}
}

func TestPostgres(t *testing.T) {
	one, two := authtest.Postgres(t), authtest.Postgres(t)
	if one == two {
		t.Errorf("two databases share the address %q", one)
	}
	psql := filepath.Join(filepath.Dir(authtest.Need(t, "postgres")), "psql")
	query := func(dsn, sql string) string {
		out, err := exec.Command(psql, "-qAt", "-c", sql, dsn).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", sql, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	query(one, "CREATE TABLE badge (name text)")
	query(one, "INSERT INTO badge VALUES ('张三')")
	if got := query(one, "SELECT name FROM badge"); got != "张三" {
		t.Errorf("read back %q, want 张三", got)
	}
	if got := query(two, "SELECT count(*) FROM pg_tables WHERE tablename = 'badge'"); got != "0" {
		t.Errorf("the second database holds %s tables of the first", got)
	}
}
