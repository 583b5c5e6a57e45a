package cmd_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// safest are the lowest versions without a known hole or a bug that bites us. The
// vulnerability database cannot be asked in every place where this is built, so the
// table is kept by hand: raise a row together with go.mod when an advisory appears.
var safest = map[string]struct{ version, reason string }{
	"github.com/go-jose/go-jose/v4":       {"4.1.4", "CVE-2026-34986: panic on a crafted JWE"},
	"github.com/russellhaering/goxmldsig": {"1.6.0", "CVE-2026-33487: signature bypass"},
	"fyne.io/systray":                     {"1.12.2", "menu races and crashes before it"},
	"golang.org/x/oauth2":                 {"0.27.0", "CVE-2025-22868: unbounded memory in jws"},
	"golang.org/x/net":                    {"0.38.0", "CVE-2025-22872 and earlier"},
	"golang.org/x/crypto":                 {"0.45.0", "CVE-2025-58181, CVE-2025-47914 and earlier"},
	"github.com/zalando/go-keyring":       {"0.2.6", "secrets on the command line before it"},
	"github.com/jackc/pgx/v5":             {"5.5.4", "CVE-2024-27304: SQL injection by overflow"},
}

// TestSafeVersions fails when go.mod names a version below the table's, or replaces a
// module: what is built must be what is published.
func TestSafeVersions(t *testing.T) {
	data, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) > 0 && fields[0] == "replace" {
			t.Errorf("go.mod replaces a module: %s", line)
		}
		if len(fields) > 1 && fields[0] == "require" {
			fields = fields[1:]
		}
		if len(fields) < 2 {
			continue
		}
		row, ok := safest[fields[0]]
		if !ok {
			continue
		}
		seen++
		if older(strings.TrimPrefix(fields[1], "v"), row.version) {
			t.Errorf("%s %s is older than %s: %s", fields[0], fields[1], row.version, row.reason)
		}
	}
	if seen < 5 {
		t.Errorf("found %d of the table's modules in go.mod, expected most of them", seen)
	}
}

func older(have, want string) bool {
	h, w := strings.Split(have, "."), strings.Split(want, ".")
	for i := range w {
		if i >= len(h) {
			return true
		}
		hn, _ := strconv.Atoi(strings.SplitN(h[i], "-", 2)[0])
		wn, _ := strconv.Atoi(w[i])
		if hn != wn {
			return hn < wn
		}
	}
	return false
}
