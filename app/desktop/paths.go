package desktop

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// ErrNotPrivate means that a folder which must be this user's alone is not, and could
// not be made so.
var ErrNotPrivate = errors.New("folder is not private")

// maxSocket is the longest path that every unix takes for a socket: sun_path holds 104
// bytes on macOS and the BSDs, 108 on Linux, the final NUL included.
const maxSocket = 103

const socketName = "agent.sock" // as app/local has it

// Paths are the folders and addresses of one user's Lanyard.
type Paths struct {
	Config string
	State  string
	Logs   string
	// Runtime holds the local API's socket: private, and short. Empty on Windows, where
	// that is a pipe, which lies in no folder.
	Runtime string
	// Hash marks everything that a LANYARD_HOME keeps apart from the user's own; it is
	// empty without one.
	Hash string
}

// FindPaths returns the paths as the environment names them; getenv is os.Getenv outside
// tests. It makes nothing (see [Paths.Create]).
//
// LANYARD_HOME puts all under one folder. Else each system's own places are used: the
// XDG base directories, ~/Library, %AppData% and %LocalAppData%.
func FindPaths(getenv func(string) string) (Paths, error) {
	return findPaths(runtime.GOOS, getenv, strconv.Itoa(os.Getuid()))
}

// findPaths is FindPaths for any system, so that each can be tested on one.
func findPaths(system string, getenv func(string) string, user string) (Paths, error) {
	var p Paths
	home, err := lanyardHome(getenv)
	if err != nil {
		return Paths{}, err
	}
	if home != "" {
		sum := sha256.Sum256([]byte(home))
		p = Paths{
			Config: filepath.Join(home, "config"),
			State:  filepath.Join(home, "state"),
			Logs:   filepath.Join(home, "logs"),
			Hash:   hex.EncodeToString(sum[:4]),
		}
	} else if p, err = systemPaths(system, getenv); err != nil {
		return Paths{}, err
	}
	if system != "windows" {
		p.Runtime = runtimeDir(system, getenv, user, home, p.Hash)
	}
	return p, nil
}

// lanyardHome returns LANYARD_HOME as an absolute path, "" if it is not set.
func lanyardHome(getenv func(string) string) (string, error) {
	home := getenv("LANYARD_HOME")
	if home == "" {
		return "", nil
	}
	abs, err := filepath.Abs(home)
	if err != nil {
		return "", fmt.Errorf("find paths: LANYARD_HOME: %w", err)
	}
	return abs, nil
}

func systemPaths(system string, getenv func(string) string) (Paths, error) {
	if system == "windows" {
		roaming, local := getenv("APPDATA"), getenv("LOCALAPPDATA")
		if roaming == "" || local == "" {
			return Paths{}, errors.New("find paths: APPDATA or LOCALAPPDATA is not set")
		}
		return Paths{
			Config: filepath.Join(roaming, "Lanyard"),
			State:  filepath.Join(local, "Lanyard"),
			Logs:   filepath.Join(local, "Lanyard", "logs"),
		}, nil
	}
	home := getenv("HOME")
	if !filepath.IsAbs(home) {
		return Paths{}, errors.New("find paths: HOME is not set")
	}
	if system == "darwin" {
		support := filepath.Join(home, "Library", "Application Support", "Lanyard")
		return Paths{
			Config: support,
			State:  filepath.Join(support, "state"),
			Logs:   filepath.Join(home, "Library", "Logs", "Lanyard"),
		}, nil
	}
	// XDG Base Directory Specification 0.8: a relative path is to be ignored.
	base := func(name, fallback string) string {
		if dir := getenv(name); filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(home, fallback)
	}
	state := filepath.Join(base("XDG_STATE_HOME", ".local/state"), "lanyard")
	return Paths{
		Config: filepath.Join(base("XDG_CONFIG_HOME", ".config"), "lanyard"),
		State:  state,
		Logs:   filepath.Join(state, "logs"),
	}, nil
}

// runtimeDir returns the first folder in which a socket's path is short enough; the last
// always is. None of them is shared: [Paths.Create] insists. One of another user's, which su
// leaves in the environment, is as good as none.
func runtimeDir(system string, getenv func(string) string, user, home, hash string) string {
	name := Paths{Hash: hash}.Name("lanyard")
	var dirs []string
	if home != "" {
		dirs = append(dirs, filepath.Join(home, "run"))
	}
	if dir := getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && !another(dir, user) {
		dirs = append(dirs, filepath.Join(dir, name))
	}
	if dir := getenv("TMPDIR"); system == "darwin" && filepath.IsAbs(dir) && !another(dir, user) {
		dirs = append(dirs, filepath.Join(dir, name)) // each user's own, by launchd
	}
	for _, dir := range dirs {
		if len(filepath.Join(dir, socketName)) <= maxSocket {
			return dir
		}
	}
	return filepath.Join("/tmp", Paths{Hash: hash}.Name("lanyard-"+user))
}

// Name returns name marked with the Hash: "lanyard" or "lanyard-1a2b3c4d".
func (p Paths) Name(name string) string {
	if p.Hash == "" {
		return name
	}
	return name + "-" + p.Hash
}

// Create makes the folders and makes sure that they are this user's alone (0700);
// [ErrNotPrivate] where they cannot be.
func (p Paths) Create() error {
	for _, dir := range []string{p.Config, p.State, p.Logs} {
		if err := makePrivate(dir, os.Stat); err != nil {
			return fmt.Errorf("create folder: %w", err)
		}
	}
	if p.Runtime == "" {
		return nil
	}
	// The runtime folder may lie in /tmp, where somebody else could have put a symbolic
	// link in its place.
	if err := makePrivate(p.Runtime, os.Lstat); err != nil {
		return fmt.Errorf("create folder: %w", err)
	}
	return nil
}
