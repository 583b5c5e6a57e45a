package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"lanyard/auth"
)

// Program is one entry of this device's own list of what apps may start besides a
// browser. A catalogue names the ID and nothing else: which file or address that is, and
// with which arguments, an administrator of the device has said.
type Program struct {
	ID string
	// Path is the program's file, absolute and without detours; on Windows an .exe on a
	// drive, on macOS the file within the bundle.
	Path string
	Args []string // always the same
	// Scheme is a URL scheme of a program's own, or a whole address with it, which is opened
	// in place of a Path. Nothing is ever added to it.
	Scheme string
}

// The forms are compiled for the first entry of a list: most devices have none.
var (
	idForm     = form(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	schemeForm = form(`^[a-z][a-z0-9+.-]{1,31}$`)
	driveForm  = form(`^[A-Za-z]:\\[^\\]`)
)

func form(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// notPrograms are the schemes that open a page, a file or a script instead of a program.
var notPrograms = []string{"http", "https", "file", "ftp", "javascript", "vbscript", "data", "blob", "about", "view-source"}

// Check reports what is wrong with an entry, whatever lies on the disk. Its error is for
// who wrote the list.
func (p Program) Check() error { return p.check(runtime.GOOS) }

func (p Program) check(system string) error {
	switch {
	case !idForm().MatchString(p.ID):
		return fmt.Errorf("program %q: an id has small letters, digits, dots and dashes", p.ID)
	case (p.Path == "") == (p.Scheme == ""):
		return fmt.Errorf("program %q: needs a path or a scheme", p.ID)
	case p.Path != "" && !direct(system, p.Path):
		return fmt.Errorf("program %q: %q is no absolute path of a program", p.ID, p.Path)
	case slices.ContainsFunc(append([]string{p.Path}, p.Args...), func(s string) bool { return strings.ContainsRune(s, 0) }):
		return fmt.Errorf("program %q: holds a zero byte", p.ID)
	case p.Scheme != "" && len(p.Args) > 0:
		return fmt.Errorf("program %q: a scheme takes no arguments", p.ID)
	}
	if p.Scheme != "" {
		_, err := p.address()
		return err
	}
	return nil
}

// direct reports whether a path is absolute and names its file without detours. On
// Windows it is an .exe on a drive: a share is somebody else's computer, and a batch file
// is read by a shell, which finds commands in arguments.
func direct(system, file string) bool {
	if system == "windows" {
		if !driveForm().MatchString(file) || strings.ContainsAny(file[2:], `/:*?"<>|`) {
			return false
		}
		rest := strings.ReplaceAll(file[2:], `\`, "/")
		return path.Clean(rest) == rest && strings.HasSuffix(strings.ToLower(rest), ".exe")
	}
	return path.IsAbs(file) && path.Clean(file) == file && file != "/"
}

// address is what a scheme opens.
func (p Program) address() (string, error) {
	address := p.Scheme
	if !strings.Contains(address, ":") {
		address += "://"
	}
	u, err := url.Parse(address)
	if err != nil || len(address) > maxAddress || strings.ContainsFunc(address, unfit) ||
		!schemeForm().MatchString(u.Scheme) || slices.Contains(notPrograms, u.Scheme) || !strings.HasPrefix(address, u.Scheme+"://") {
		return "", fmt.Errorf("program %q: %q is no scheme of a program", p.ID, p.Scheme)
	}
	return address, nil
}

// Start starts the program, apart from this process and without a shell, and gives it
// line on its standard input, or an empty one; a scheme gets nothing. It returns when the
// program has started, and what ends at once with an error was not started. env is as in
// [Open]. The fault is AppNotLaunched.
func (p Program) Start(ctx context.Context, line []byte, env map[string]string) error {
	run, err := p.runner(line, childEnv(env))
	if err != nil {
		return auth.Fail(auth.AppNotLaunched, nil, fmt.Errorf("start program %q: %w", p.ID, err))
	}
	if err := settled(ctx, run); err != nil {
		return auth.Fail(auth.AppNotLaunched, nil, fmt.Errorf("start program %q: %w", p.ID, err))
	}
	return nil
}

func (p Program) runner(line []byte, env environment) (run func() error, err error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if p.Scheme != "" {
		address, err := p.address()
		if err != nil {
			return nil, err
		}
		return systemOpener(address, env)
	}
	file, err := trusted(p.Path)
	if err != nil {
		return nil, err
	}
	return func() error {
		cmd := exec.Command(file, p.Args...) //nolint:gosec,noctx // of the administrator's list; it outlives us
		cmd.Env = env.list()
		cmd.Stdin = bytes.NewReader(line)
		cmd.SysProcAttr = detached()
		return cmd.Run()
	}, nil
}

// trusted returns the file that a path really is, if nobody but the system and the person
// could have put it there: a link may lead anywhere, but not to what others may write.
func trusted(file string) (string, error) {
	file, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", errors.New("there is no such file")
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", errors.New("there is no such file")
	case !info.Mode().IsRegular():
		return "", errors.New("it is no file")
	case runtime.GOOS == "windows" && !strings.EqualFold(filepath.Ext(file), ".exe"):
		return "", errors.New("it is no program") // behind a link
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0:
		return "", errors.New("it is no program")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0:
		return "", errors.New("others than its owner may write to it")
	}
	return file, ownedHere(info)
}

// settled runs run beside and reports how it ended, if it did at once.
func settled(ctx context.Context, run func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
	case <-ctx.Done(): // it is on its way all the same
	}
	return nil
}
