//go:build unix

package desktop

import (
	"path/filepath"
	"strings"
	"testing"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		m[name] = value
	}
	return func(name string) string { return m[name] }
}

func TestFindPaths(t *testing.T) {
	long := "/" + strings.Repeat("deep/", 30)
	for name, tt := range map[string]struct {
		system string
		env    func(string) string
		want   Paths
	}{
		"linux": {"linux", env("HOME=/home/a"), Paths{
			Config: "/home/a/.config/lanyard", State: "/home/a/.local/state/lanyard", Logs: "/home/a/.local/state/lanyard/logs",
			Runtime: "/tmp/lanyard-1000",
		}},
		"linux with XDG": {"linux", env("HOME=/home/a", "XDG_CONFIG_HOME=/c", "XDG_STATE_HOME=/s", "XDG_RUNTIME_DIR=/run/user/1000"), Paths{
			Config: "/c/lanyard", State: "/s/lanyard", Logs: "/s/lanyard/logs",
			Runtime: "/run/user/1000/lanyard",
		}},
		"linux with relative XDG": {"linux", env("HOME=/home/a", "XDG_CONFIG_HOME=c", "XDG_RUNTIME_DIR=run"), Paths{
			Config: "/home/a/.config/lanyard", State: "/home/a/.local/state/lanyard", Logs: "/home/a/.local/state/lanyard/logs",
			Runtime: "/tmp/lanyard-1000",
		}},
		"another's runtime folder": {"linux", env("HOME=/home/a", "XDG_RUNTIME_DIR=/usr"), Paths{
			Config: "/home/a/.config/lanyard", State: "/home/a/.local/state/lanyard", Logs: "/home/a/.local/state/lanyard/logs",
			Runtime: "/tmp/lanyard-1000",
		}},
		"long runtime folder": {"linux", env("HOME=/home/a", "XDG_RUNTIME_DIR="+long), Paths{
			Config: "/home/a/.config/lanyard", State: "/home/a/.local/state/lanyard", Logs: "/home/a/.local/state/lanyard/logs",
			Runtime: "/tmp/lanyard-1000",
		}},
		"LANYARD_HOME": {"linux", env("HOME=/home/a", "XDG_RUNTIME_DIR=/run/user/1000", "LANYARD_HOME=/x/"), Paths{
			Config: "/x/config", State: "/x/state", Logs: "/x/logs", Runtime: "/x/run", Hash: "b3d1db31",
		}},
		"long LANYARD_HOME": {"linux", env("XDG_RUNTIME_DIR=/run/user/1000", "LANYARD_HOME="+long), Paths{
			Config: long + "config", State: long + "state", Logs: long + "logs",
			Runtime: "/run/user/1000/lanyard-2b823df0", Hash: "2b823df0",
		}},
		"long LANYARD_HOME alone": {"linux", env("LANYARD_HOME=" + long), Paths{
			Config: long + "config", State: long + "state", Logs: long + "logs",
			Runtime: "/tmp/lanyard-1000-2b823df0", Hash: "2b823df0",
		}},
		"darwin": {"darwin", env("HOME=/Users/a", "TMPDIR=/var/folders/zz/abc/T/"), Paths{
			Config: "/Users/a/Library/Application Support/Lanyard", State: "/Users/a/Library/Application Support/Lanyard/state",
			Logs: "/Users/a/Library/Logs/Lanyard", Runtime: "/var/folders/zz/abc/T/lanyard",
		}},
		"windows": {"windows", env("APPDATA=/r", "LOCALAPPDATA=/l"), Paths{
			Config: "/r/Lanyard", State: "/l/Lanyard", Logs: "/l/Lanyard/logs",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := findPaths(tt.system, tt.env, "1000")
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if socket := filepath.Join(got.Runtime, socketName); len(socket) > maxSocket {
				t.Errorf("socket path of %d bytes", len(socket))
			}
		})
	}
	for name, tt := range map[string]func(string) string{
		"linux": env(), "darwin": env("HOME=relative"), "windows": env("APPDATA=/r"),
	} {
		if got, err := findPaths(name, tt, "1000"); err == nil {
			t.Errorf("%s without a home: got %+v", name, got)
		}
	}
}
