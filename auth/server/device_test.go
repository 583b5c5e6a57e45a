package server_test

import (
	"testing"

	"lanyard/auth/server"
)

// TestShownDevice: what we have named is said in the page's language, and what its owner
// has named is left alone.
func TestShownDevice(t *testing.T) {
	const edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
	for _, row := range []struct{ name, en, zh string }{
		{server.DeviceName(server.SomeBrowser, edge), "Edge on Windows", "Windows 上的 Edge"},
		{server.DeviceName(server.SomeBrowser, "curl/8"), "Browser", "浏览器"},
		{server.DeviceName(server.SomeBrowser, "w3m (Linux)"), "Browser on Linux", "Linux 上的浏览器"},
		{server.DeviceName("Lanyard", "lanyard/0.1.0 (darwin)"), "Lanyard on macOS", "macOS 上的 Lanyard"},
		{server.DeviceName("Lanyard", ""), "Lanyard", "Lanyard"},
		{"build-7", "build-7", "build-7"},
		{"Chrome on the roof", "Chrome on the roof", "Chrome on the roof"},
		{"PC on Windows", "PC on Windows", "PC on Windows"},
		{"", "", ""},
	} {
		if en, zh := server.ShownDevice("en", row.name), server.ShownDevice("zh", row.name); en != row.en || zh != row.zh {
			t.Errorf("%q: %q, %q; want %q, %q", row.name, en, zh, row.en, row.zh)
		}
	}
}
