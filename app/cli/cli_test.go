package cli_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"lanyard/app/cli"
	"lanyard/app/doctor"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run is one command line before one agent, over a real socket.
type run struct {
	name     string
	args     []string
	agent    *agent // nil: none runs, and none can be started
	terminal bool
	stdin    string
	env      map[string]string
	code     int
	calls    []string // what the agent saw
}

var (
	signedIn   = local.State{API: 1, Version: "0.1.0", Rev: 4, Current: "p1", Profiles: []local.Profile{zhang}}
	nobody     = local.State{API: 1, Version: "0.1.0", Rev: 1}
	page       = "https://sso.acme.com/authorize?client_id=lanyard&state=0f"
	resolving  = local.Attempt{Step: local.StepResolving}
	confirming = local.Attempt{Step: local.StepConfirm, Host: "sso.acme.com", Via: "login.work.weixin.qq.com", Unconfirmed: "acme.com"}
	passing    = local.State{Current: "p1", Offline: true, MemoryOnly: true, Profiles: []local.Profile{{ID: "p1", Enterprise: acme, Phase: local.SignedIn, Shared: true, ServerDown: true}}}
	asked      = local.State{Current: "p2", Profiles: []local.Profile{{
		ID: "p2", Enterprise: auth.Enterprise{ID: "e2", Code: "beta", Name: auth.Text{"en": "Beta", "zh": "贝塔"}}, Phase: local.NeedsYou,
		Problem: &local.Problem{Code: auth.SignInRequired, Args: auth.Args{"company": "Beta"}},
	}}}
	waiting   = local.Attempt{Step: local.StepWaiting, URL: page}
	opened    = local.Attempt{Step: local.StepWaiting, URL: page, Opened: true}
	offered   = local.Attempt{Step: local.StepWaiting, URL: page, DeviceOffered: true}
	onDevice  = local.Attempt{Step: local.StepWaiting, URL: page, DeviceOffered: true, Device: &local.Device{UserCode: "WDJB-MJHT", URL: "https://login.acme.com/device", Number: "47"}}
	finishing = local.Attempt{Step: local.StepFinishing}
	done      = local.Attempt{Step: local.StepDone, Profile: "p1"}
)

func failedBy(f auth.Fault, args auth.Args) local.Attempt {
	return local.Attempt{Step: local.StepFailed, Problem: &local.Problem{Code: f, Args: args}}
}

const signInCall = `sign-in "acme" directory= open=true yes=false timeout=300 lang=%s env=map[BROWSER:firefox]`

func runs(lang string) []run {
	attempt := func(steps ...local.Attempt) *agent { return &agent{state: signedIn, script: steps} }
	apps := local.AppList{Apps: []local.AppEntry{
		{App: auth.App{ID: "notes", Title: auth.Text{"en": "Notes", "zh": "笔记"}}},
		{App: auth.App{ID: "hr", Title: auth.Text{"en": "People \x1b[31m& Pay\u202e"}}},
	}}
	several := local.State{
		Current: "p2", ManagedBy: "Acme IT", Offline: true, MemoryOnly: true, Profiles: []local.Profile{zhang, li, wang},
		Attempt: &local.Attempt{ID: "x", Step: local.StepWaiting, Reference: reference},
	}
	failing := func(err error) *agent { return &agent{state: signedIn, err: err} }
	signIn := fmt.Sprintf(signInCall, lang)

	return []run{
		{name: "help", args: []string{"--help"}},
		{name: "help of a command", args: []string{"help", "login"}},
		{name: "help of completion", args: []string{"completion", "--help"}},
		{name: "unknown command", args: []string{"lgoin"}, code: 2},
		{name: "unknown flag", args: []string{"status", "--yaml"}, code: 2},
		{name: "unknown letter", args: []string{"open", "notes", "-p", "x"}, code: 2},
		{name: "option without a value", args: []string{"apps", "--profile"}, code: 2},
		{name: "option with a wrong value", args: []string{"login", "acme", "--timeout", "soon"}, code: 2},
		{name: "help of nothing", args: []string{"help", "lgoin"}, code: 2},
		{name: "completion of no shell", args: []string{"completion"}, code: 2},
		{name: "completion of an unknown shell", args: []string{"completion", "xsh"}, code: 2},
		{name: "missing argument", args: []string{"open"}, code: 2},
		{name: "login without a code, before there was one", args: []string{"login"}, agent: &agent{state: nobody, err: fault(auth.CodeEmpty)}, code: 2, calls: []string{strings.Replace(signIn, `"acme"`, `""`, 1)}},
		{name: "version", args: []string{"version"}},
		{name: "version by a flag", args: []string{"--version"}},

		{name: "status: nobody", args: []string{"status"}, agent: &agent{state: nobody}},
		{name: "status: signed in", args: []string{"status"}, agent: &agent{state: signedIn}},
		{name: "status: everything at once", args: []string{"status"}, agent: &agent{state: several}},
		{name: "status: on a shared computer, its server down", args: []string{"status"}, agent: &agent{state: passing}},
		{
			name: "status: signed out, where nothing is kept", args: []string{"status"},
			agent: &agent{state: local.State{Current: "p1", MemoryOnly: true, Profiles: []local.Profile{{ID: "p1", Enterprise: acme, Phase: local.SignedOut}}}},
		},
		{name: "status as JSON", args: []string{"status", "--json"}, agent: &agent{state: nobody}},
		{name: "no agent", args: []string{"status"}, code: 6},

		{name: "apps", args: []string{"apps"}, agent: &agent{state: signedIn, apps: apps}, calls: []string{`apps "" profile=""`}},
		{
			name: "apps: none matches", args: []string{"apps", "xyz", "--profile", "张三"}, agent: &agent{state: signedIn},
			calls: []string{`apps "xyz" profile="p1"`},
		},
		{name: "apps: none at all, from memory", args: []string{"apps"}, agent: &agent{state: signedIn, apps: local.AppList{Stale: true}}, calls: []string{`apps "" profile=""`}},
		{
			name: "apps: of before, the company asks for the person", args: []string{"apps", "--profile", "beta"}, calls: []string{`apps "" profile="p2"`},
			agent: &agent{state: asked, apps: local.AppList{Profile: "p2", Apps: apps.Apps, Stale: true}},
		},
		{
			name: "apps: of before, of an account that is not the current one", args: []string{"apps", "--profile", "beta"}, calls: []string{`apps "" profile="p2"`},
			agent: &agent{state: local.State{Current: "p1", Profiles: []local.Profile{zhang, asked.Profiles[0]}}, apps: local.AppList{Profile: "p2", Apps: apps.Apps, Stale: true}},
		},
		{name: "apps as JSON", args: []string{"apps", "no", "--json"}, agent: &agent{state: signedIn, apps: apps}, calls: []string{`apps "no" profile=""`}},
		{name: "apps: signed out", args: []string{"apps"}, agent: failing(fault(auth.SignInRequired)), code: 3, calls: []string{`apps "" profile=""`}},

		{
			name: "open", args: []string{"open", "notes"}, agent: &agent{launched: local.LaunchAnswer{Via: "launch-link"}},
			calls: []string{`launch "notes" profile="" print=false env=map[BROWSER:firefox]`},
		},
		{
			name: "open by the app's own address", args: []string{"open", "notes"}, agent: &agent{launched: local.LaunchAnswer{URL: "https://s/a/notes", Via: "access-link"}},
			calls: []string{`launch "notes" profile="" print=false env=map[BROWSER:firefox]`},
		},
		{
			name: "open: address alone", args: []string{"open", "notes", "--print-url"}, agent: &agent{launched: local.LaunchAnswer{URL: "https://s/launch/x", Via: "launch-link"}},
			calls: []string{`launch "notes" profile="" print=true env=map[BROWSER:firefox]`},
		},
		{
			name: "open: sign in first", args: []string{"open", "notes"},
			agent: &agent{state: signedIn, launched: local.LaunchAnswer{Attempt: "attempt-1"}, script: []local.Attempt{resolving, waiting, opened, finishing, done}},
			calls: []string{`launch "notes" profile="" print=false env=map[BROWSER:firefox]`},
		},
		{
			name: "open: sign in first, address alone", args: []string{"open", "notes", "--print-url"},
			agent: &agent{state: signedIn, launched: local.LaunchAnswer{Attempt: "attempt-1"}, script: []local.Attempt{waiting, done}},
			calls: []string{`launch "notes" profile="" print=true env=map[BROWSER:firefox]`},
		},
		{
			name: "open: sign in first, and no such app", args: []string{"open", "ntoes"}, code: 1,
			agent: &agent{state: signedIn, launched: local.LaunchAnswer{Attempt: "attempt-1"}, script: []local.Attempt{waiting, opened, {
				Step: local.StepDone, Profile: "p1", Problem: &local.Problem{Code: auth.AppUnknown, Args: auth.Args{"app": "ntoes", "suggestion": "notes"}},
			}}},
			calls: []string{`launch "ntoes" profile="" print=false env=map[BROWSER:firefox]`},
		},
		{
			name: "open: unknown app", args: []string{"open", "ntoes"}, agent: failing(fault(auth.AppUnknown, "app", "ntoes", "suggestion", "notes")), code: 1,
			calls: []string{`launch "ntoes" profile="" print=false env=map[BROWSER:firefox]`},
		},
		{
			name: "open: keyring locked", args: []string{"open", "notes"}, agent: failing(fault(auth.KeyringLocked)), code: 8,
			calls: []string{`launch "notes" profile="" print=false env=map[BROWSER:firefox]`},
		},
		{
			name: "open: no browser", args: []string{"open", "Cloud console"}, agent: failing(fault(auth.BrowserNotOpened)), code: 1,
			calls: []string{`launch "Cloud console" profile="" print=false env=map[BROWSER:firefox]`},
		},
		{
			name: "open: unknown account", args: []string{"open", "notes", "--profile", "nobody"}, agent: &agent{state: signedIn}, code: 1,
		},

		{
			name: "login: confirmed", args: []string{"login", "acme"}, terminal: true, stdin: "y\n",
			agent: attempt(resolving, confirming, local.Attempt{Step: local.StepChecking}, waiting, opened, finishing, done),
			calls: []string{signIn, "confirm attempt-1 sso.acme.com"},
		},
		{
			name: "login: not confirmed", args: []string{"login", "acme"}, terminal: true, stdin: "\n",
			agent: attempt(confirming), code: 7, calls: []string{signIn, "cancel attempt-1"},
		},
		{
			name: "login: nobody to ask", args: []string{"login", "acme"}, stdin: "y\n",
			agent: attempt(confirming), code: 2, calls: []string{signIn, "cancel attempt-1"},
		},
		{
			name: "login: address alone", args: []string{"login", "acme", "--print-url", "--yes", "--timeout", "90s", "--directory", "https://login.acme.com"},
			agent: attempt(waiting, finishing, done),
			calls: []string{fmt.Sprintf(`sign-in "acme" directory=https://login.acme.com open=false yes=true timeout=90 lang=%s env=map[BROWSER:firefox]`, lang)},
		},
		{
			name: "login: directory of the environment, not kept", args: []string{"login", "acme"}, env: map[string]string{"LANYARD_DIRECTORY": "http://127.0.0.1:8200"},
			agent: &agent{state: local.State{Current: "p1", MemoryOnly: true, Profiles: []local.Profile{zhang}}, script: []local.Attempt{done}},
			calls: []string{strings.Replace(signIn, "directory=", "directory=http://127.0.0.1:8200", 1)},
		},
		{
			name: "login on another device", args: []string{"login", "acme", "--device", "--yes"},
			agent: attempt(resolving, waiting, onDevice, onDevice, finishing, done),
			calls: []string{fmt.Sprintf(`sign-in "acme" directory= open=false yes=true timeout=300 lang=%s env=map[BROWSER:firefox] device`, lang)},
		},
		{
			name: "login: not offered on another device", args: []string{"login", "acme", "--device"},
			agent: attempt(failedBy(auth.DeviceNotOffered, nil)), code: 1,
			calls: []string{fmt.Sprintf(`sign-in "acme" directory= open=false yes=false timeout=300 lang=%s env=map[BROWSER:firefox] device`, lang)},
		},
		{name: "login: two ways at once", args: []string{"login", "acme", "--device", "--print-url"}, code: 2},
		{
			name: "login: the browser is elsewhere", args: []string{"login", "acme"}, env: map[string]string{"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "BROWSER": ""},
			agent: attempt(resolving, offered, finishing, done), calls: []string{strings.Replace(signIn, "firefox", "", 1)},
		},
		{
			name: "login: the browser is elsewhere, and no phone will do", args: []string{"login", "acme"}, env: map[string]string{"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "BROWSER": ""},
			agent: attempt(resolving, waiting, finishing, done), calls: []string{strings.Replace(signIn, "firefox", "", 1)},
		},
		{name: "login: no time", args: []string{"login", "acme", "--timeout", "0s"}, code: 2},
		{
			name: "login: unknown code", args: []string{"login", "acme"}, agent: attempt(failedBy(auth.CodeUnknown, auth.Args{"code": "acmee", "suggestion": "acme"})),
			code: 1, calls: []string{signIn},
		},
		{
			name: "login: denied", args: []string{"login", "acme"}, agent: attempt(opened, failedBy(auth.SignInDenied, auth.Args{"company": "Acme", "reason": "not on the list"})),
			code: 4, calls: []string{signIn},
		},
		{
			name: "login: wrong company", args: []string{"login", "acme"}, agent: attempt(failedBy(auth.SignInWrongCompany, auth.Args{"name": "李四 (Beta)", "company": "Acme"})),
			code: 4, calls: []string{signIn},
		},
		{
			name: "login: unreachable", args: []string{"login", "acme"}, agent: attempt(failedBy(auth.DirectoryUnreachable, auth.Args{"host": "login.acme.com"})),
			code: 5, calls: []string{signIn},
		},
		{name: "login: timed out", args: []string{"login", "acme"}, agent: attempt(opened, failedBy(auth.SignInTimeout, nil)), code: 7, calls: []string{signIn}},
		{name: "login: tampered", args: []string{"login", "acme"}, agent: attempt(failedBy(auth.DocumentTampered, nil)), code: 1, calls: []string{signIn}},
		{name: "login: busy", args: []string{"login", "acme"}, agent: failing(fault(auth.SignInBusy)), code: 1, calls: []string{signIn}},
		{
			name: "login: replaced by another attempt", args: []string{"login", "acme"}, agent: attempt(opened, local.Attempt{ID: "attempt-2", Step: local.StepWaiting, URL: "https://beta/"}),
			code: 1, calls: []string{signIn},
		},
		{
			name: "login: over before it was followed", args: []string{"login", "acme"}, agent: attempt(local.Attempt{ID: "attempt-2", Step: local.StepWaiting, URL: "https://beta/"}),
			code: 1, calls: []string{signIn},
		},
		{
			name: "login: a fault of a newer agent", args: []string{"login", "acme"},
			agent: attempt(local.Attempt{Step: local.StepFailed, Problem: &local.Problem{Code: "passkey_needed", Title: "A passkey is needed", Hint: "Plug it in."}}),
			code:  1, calls: []string{signIn},
		},

		{name: "accounts", args: []string{"accounts"}, agent: &agent{state: several}},
		{name: "accounts: none", args: []string{"accounts"}, agent: &agent{state: nobody}},
		{name: "use by code", args: []string{"use", "Beta"}, agent: &agent{state: several}, calls: []string{"select p2"}},
		{name: "use by name", args: []string{"use", "王五"}, agent: &agent{state: several}, calls: []string{"select p-three"}},
		{name: "use: two have it", args: []string{"use", "acme"}, agent: &agent{state: several}, code: 2},
		{name: "logout", args: []string{"logout"}, agent: &agent{state: signedIn}, calls: []string{`sign-out "" everywhere=false`}},
		{
			name: "logout everywhere", args: []string{"logout", "--everywhere", "--profile", "p-three"}, agent: &agent{state: several},
			calls: []string{`sign-out "p-three" everywhere=true`},
		},

		{
			name: "activate", args: []string{"activate", "--app-id", "AK20261121QWERTY"}, stdin: " c0de\n",
			agent: attempt(resolving, confirming, finishing, done), calls: []string{`activate AK20261121QWERTY "c0de"`, "window sign-in"},
		},
		{
			name: "activate where no window can ask", args: []string{"activate", "--app-id", "AK20261121QWERTY"}, stdin: "c0de", code: 2,
			agent: &agent{state: signedIn, script: []local.Attempt{confirming}, noWindow: true},
			calls: []string{`activate AK20261121QWERTY "c0de"`, "window sign-in", "cancel attempt-1"},
		},
		{
			name: "activate somebody else", args: []string{"activate", "--app-id", "AK20261121QWERTY"}, stdin: "c0de", code: 4,
			agent: attempt(failedBy(auth.SignInOtherPerson, auth.Args{"name": "李四", "expected": "张三"})), calls: []string{`activate AK20261121QWERTY "c0de"`},
		},
		{name: "activate without a code", args: []string{"activate", "--app-id", "AK20261121QWERTY"}, stdin: "\n", agent: &agent{}, code: 2},
		{name: "activate without an id", args: []string{"activate"}, code: 2},
		{
			name: "doctor", args: []string{"doctor"}, calls: []string{"doctor"},
			agent: &agent{report: local.Report{Checks: []local.Check{{Name: doctor.Port, Status: doctor.OK}, {Name: "hologram", Status: "dim"}, {Name: doctor.Keyring, Status: doctor.Warn, Detail: "Detail.", Hint: "Hint."}}}},
		},
		{
			name: "doctor as JSON, with a problem", args: []string{"doctor", "--json"}, code: 1, calls: []string{"doctor"},
			agent: &agent{report: local.Report{Checks: []local.Check{{Name: doctor.Disk, Status: doctor.Fail}}}},
		},
		{name: "doctor without an agent", args: []string{"doctor"}, code: 6},
		{name: "diagnostics", args: []string{"diagnostics", "TMP/out.zip"}, agent: &agent{}, calls: []string{"diagnostics"}},
		{name: "diagnostics into nowhere", args: []string{"diagnostics", "TMP/no/such/out.zip"}, agent: &agent{}, code: 1},
		{name: "diagnostics over a folder", args: []string{"diagnostics", "TMP"}, agent: &agent{}, calls: []string{"diagnostics"}, code: 1},
		{name: "diagnostics fail", args: []string{"diagnostics", "TMP/out.zip"}, agent: failing(fault(auth.Internal)), code: 1, calls: []string{"diagnostics"}},
		{name: "settings", args: []string{"settings"}, agent: failing(fault(auth.WindowMissing)), code: 1, calls: []string{"window settings"}},
		{name: "quit", args: []string{"quit"}, agent: &agent{}, calls: []string{"quit restart=false"}},
		{name: "quit: none runs", args: []string{"quit"}, code: 6},
		{name: "agent in the foreground", args: []string{"agent"}},
		{name: "agent without tray", args: []string{"agent", "--no-tray"}},
		{name: "alone", args: nil},
		{name: "alone, while one runs", args: nil, agent: &agent{state: signedIn}, calls: []string{"window apps"}},
		{name: "alone, while one runs for nobody", args: nil, agent: &agent{state: nobody}, calls: []string{"window sign-in"}},
	}
}

// TestCommands runs every command in both languages and compares what people read with
// testdata/{en,zh}.txt; -update writes those files anew.
func TestCommands(t *testing.T) {
	for lang, locale := range map[string]string{"en": "C.UTF-8", "zh": "zh_CN.UTF-8"} {
		var all bytes.Buffer
		for _, r := range runs(lang) {
			t.Run(lang+"/"+r.name, func(t *testing.T) {
				text := r.do(t, locale)
				fmt.Fprintf(&all, "=== %s\n%s\n", r.name, text)
			})
		}
		golden := filepath.Join("testdata", lang+".txt")
		if *update {
			if err := os.WriteFile(golden, all.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, all.Bytes()) && !t.Failed() {
			t.Errorf("%s differs from what the commands write; look at: go test -update, git diff\n%s", golden, firstDifference(string(want), all.String()))
		}
	}
}

// do runs r and returns its transcript.
func (r run) do(t *testing.T, locale string) string {
	t.Helper()
	tmp := t.TempDir()
	var stdout, stderr bytes.Buffer
	env := map[string]string{"LC_ALL": locale, "BROWSER": "firefox"}
	for name, value := range r.env {
		env[name] = value
	}
	deps := cli.Deps{
		Connect:    func(context.Context) (local.Service, error) { return nil, auth.Fail(auth.AgentMissing, nil, nil) },
		StartAgent: func(context.Context) error { return errors.New("no such program") },
		RunAgent: func(_ context.Context, o cli.AgentOptions) error {
			fmt.Fprintf(&stdout, "(agent runs, %+v)\n", o)
			return nil
		},
		Doctor: func(context.Context) local.Report {
			return local.Report{Checks: []local.Check{{Name: doctor.Clock, Status: doctor.Skipped}}}
		},
		Stdin: strings.NewReader(r.stdin), Stdout: &stdout, Stderr: &stderr,
		IsTerminal: func() bool { return r.terminal },
		Env:        func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Version:    "0.1.0", Commit: "0a1b2c3d4e5f",
		// Of an error that the command line found by itself.
		NewReference: func() string { return "0123-4567" },
	}
	if r.agent != nil {
		dir := serve(t, r.agent, "0.1.0")
		deps.Connect = func(ctx context.Context) (local.Service, error) { return local.Dial(ctx, dir) }
	}
	args := make([]string, 0, len(r.args))
	for _, arg := range r.args {
		args = append(args, strings.Replace(arg, "TMP", tmp, 1))
	}
	if code := cli.Run(t.Context(), args, deps); code != r.code {
		t.Errorf("exit code %d, want %d\n%s%s", code, r.code, stdout.String(), stderr.String())
	}
	if r.agent != nil {
		if got, want := strings.Join(r.agent.calls, "\n"), strings.Join(r.calls, "\n"); got != want {
			t.Errorf("the agent saw\n%s\nwant\n%s", got, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "*.zip.*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	text := fmt.Sprintf("$ lanyard %s (%d)\n%s--- stderr\n%s", strings.Join(r.args, " "), r.code, stdout.String(), stderr.String())
	return strings.ReplaceAll(text, tmp, "TMP")
}

// serve puts a real Server before the agent and returns its state folder.
func serve(t *testing.T, a *agent, version string) (dir string) {
	t.Helper()
	a.start()
	dir = authtest.ShortDir(t)
	l, err := local.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := local.WriteInfo(dir, local.Info{Address: l.Addr().String(), Version: version}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- (&local.Server{Service: a}).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return dir
}

// firstDifference shows the first line that differs.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d: want %q, got %q", i+1, w[i], strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""))
		}
	}
	return fmt.Sprintf("line %d is new", len(w))
}
