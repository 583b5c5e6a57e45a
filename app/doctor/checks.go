package doctor

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"

	"lanyard/auth"
	"lanyard/auth/words"
)

func checkPort(ctx context.Context, p Probes) finding {
	if err := p.Bind(ctx); err != nil {
		return failed(fault(err, auth.PortUnavailable, nil))
	}
	return finding{status: OK}
}

// bindAny takes a free port as the sign-in page's answer would need it.
func bindAny(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return l.Close()
}

func checkKeyring(ctx context.Context, p Probes) finding {
	if p.Keyring == nil {
		return finding{status: Skipped}
	}
	err := p.Keyring(ctx)
	if errors.Is(err, auth.KeyringMissing) {
		return finding{status: Warn, err: err}
	}
	return failed(err)
}

// proxyNames are the variables that programs ask, in either case.
var proxyNames = []string{"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"}

// checkProxy shows which proxy variables are set: the first question when a server
// cannot be reached. Hosts alone are shown, the rest may hold a password.
func checkProxy(_ context.Context, p Probes) finding {
	var set []string
	status := OK
	for _, name := range proxyNames {
		value := p.Getenv(name)
		if value == "" {
			value = p.Getenv(strings.ToLower(name))
		}
		switch {
		case value == "":
			continue
		case name == "NO_PROXY":
			set = append(set, name+"="+value)
			continue
		}
		host, ok := proxyHost(value)
		if !ok {
			status, host = Warn, "?"
		}
		set = append(set, name+"="+host)
	}
	f := finding{status: status, detail: strings.Join(set, " ")}
	if status == Warn {
		f.hint = words.T(p.Lang, "doctor.proxy.unreadable")
	}
	return f
}

// proxyHost returns the host of a proxy, written with or without a scheme.
func proxyHost(value string) (string, bool) {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" {
		return "", false
	}
	return u.Host, true
}

func checkBrowser(_ context.Context, p Probes) finding {
	if p.Browser == nil {
		return finding{status: Skipped}
	}
	if p.Browser() != nil {
		return finding{ // nothing was to be opened: the fault's own words would say so
			status: Warn,
			detail: words.T(p.Lang, "doctor.browser.missing"),
			hint:   words.T(p.Lang, "doctor.browser.hint"),
		}
	}
	return finding{status: OK}
}

// checkDisk writes as much as a profile needs and takes it away again.
func checkDisk(_ context.Context, p Probes) finding {
	if p.StateDir == "" {
		return finding{status: Skipped}
	}
	err := tryWrite(p.StateDir)
	if fault, _ := auth.FaultOf(err); err != nil && fault != auth.DiskFull {
		return finding{
			status: Fail, err: err,
			detail: words.T(p.Lang, "doctor.disk.failed", "folder", p.StateDir),
			hint:   words.T(p.Lang, "doctor.disk.hint"),
		}
	}
	return failed(err)
}

func tryWrite(dir string) error {
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 64<<10))
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
}

func checkSessionBus(_ context.Context, p Probes) finding {
	switch {
	case p.SessionBus == nil:
		return finding{status: Skipped}
	case p.SessionBus():
		return finding{status: OK}
	}
	return finding{
		status: Warn,
		detail: words.T(p.Lang, "doctor.bus.missing"),
		hint:   words.T(p.Lang, "doctor.bus.hint"),
	}
}

func checkTray(ctx context.Context, p Probes) finding {
	switch {
	case p.TrayHost == nil:
		return finding{status: Skipped}
	case p.TrayHost(ctx):
		return finding{status: OK}
	}
	return finding{
		status: Warn,
		detail: words.T(p.Lang, "doctor.tray.missing"),
		hint:   words.T(p.Lang, "doctor.tray.hint"),
	}
}
