package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"lanyard/app/desktop"
	"lanyard/app/local"
	"lanyard/auth"
)

// asProgram is what a test sets for its own agent; LANYARD_HOME may be anybody's.
const asProgram = "LANYARD_TEST_PROGRAM"

// patience is what a computer may need for something that takes a moment.
const patience = time.Minute

// TestMain lets this test binary be the program, as which it starts its own agent.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// home gives the program a home of its own and ends its agent with the test.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv(asProgram, "1")
	t.Setenv("LANYARD_HOME", dir)
	t.Setenv("LANG", "en_US.UTF-8")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+dir+"/no-bus")
	t.Cleanup(func() { lanyard("quit") })
	return dir
}

// lanyard runs one command in this process.
func lanyard(args ...string) (code int, stdout, stderr string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, err bytes.Buffer
	code = run(ctx, args, strings.NewReader(""), &out, &err, os.LookupEnv)
	return code, out.String(), err.String()
}

// TestAgentLife starts an agent by asking it, finds it again, lets no second one in,
// and has it start and end as often as one likes.
func TestAgentLife(t *testing.T) {
	dir := home(t)
	for range 3 {
		code, out, errs := lanyard("status", "--json")
		var s local.State
		if err := json.Unmarshal([]byte(out), &s); code != 0 || err != nil || s.API != local.API || s.Version != auth.Version {
			t.Fatalf("status: %d %v\n%s%s", code, err, out, errs)
		}
		info, err := local.ReadInfo(filepath.Join(dir, "state"))
		if err != nil || info.PID == os.Getpid() || info.Version != auth.Version {
			t.Fatalf("agent.json: %+v, %v", info, err)
		}
		if code, _, errs := lanyard("agent", "--no-tray"); code == 0 || !strings.Contains(errs, "already running") {
			t.Errorf("second agent: %d %s", code, errs)
		}
		if code, _, errs := lanyard("quit"); code != 0 {
			t.Fatalf("quit: %d %s", code, errs)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "logs", "agent.log"))
	if err != nil || bytes.Count(log, []byte(`"agent started"`)) != 3 || bytes.Count(log, []byte(`"agent ended"`)) < 2 {
		t.Errorf("log: %v\n%s", err, log)
	}
}

// TestDoctorWithoutFolders makes its checks where not even our folders can be made.
func TestDoctorWithoutFolders(t *testing.T) {
	file := filepath.Join(home(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LANYARD_HOME", file)
	code, out, errs := lanyard("doctor", "--json")
	var report local.Report
	if err := json.Unmarshal([]byte(out), &report); code != 1 || err != nil || len(report.Checks) == 0 || report.Checks[0].Name != "disk" || report.Checks[0].Status != "fail" {
		t.Errorf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
}

// TestRelativeHome starts an agent, which has another working folder, in the same home.
func TestRelativeHome(t *testing.T) {
	dir := home(t)
	t.Chdir(filepath.Dir(dir))
	t.Setenv("LANYARD_HOME", filepath.Base(dir))
	if code, _, errs := lanyard("status"); code != 0 {
		t.Errorf("status: %d %s", code, errs)
	}
	if _, err := local.ReadInfo(filepath.Join(dir, "state")); err != nil {
		t.Error(err)
	}
}

// TestForeground runs the agent in this process, until its context ends.
func TestForeground(t *testing.T) {
	dir := home(t)
	ctx, cancel := context.WithCancel(t.Context())
	var errs bytes.Buffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"agent"}, strings.NewReader(""), &errs, &errs, os.LookupEnv) }()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := local.ReadInfo(filepath.Join(dir, "state")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no agent: %s", errs.String())
		}
	}
	if code, out, _ := lanyard("doctor", "--json"); code != 0 || !strings.Contains(out, `"checks"`) {
		t.Errorf("doctor: %d %s", code, out)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("ended with %d: %s", code, errs.String())
	}
	if !strings.Contains(errs.String(), "No tray here") {
		t.Errorf("said %q", errs.String())
	}
	if _, err := local.ReadInfo(filepath.Join(dir, "state")); err == nil {
		t.Error("agent.json is left behind")
	}
}

// TestBrokenStart says what is wrong to whoever looks, and to the log where nobody does.
func TestBrokenStart(t *testing.T) {
	dir := home(t)
	if err := os.MkdirAll(filepath.Join(dir, "state", "profiles.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, _, errs := lanyard("agent", "--no-tray")
	if code != 1 || !strings.Contains(errs, "Details: read profiles") {
		t.Errorf("exit code %d, said %q", code, errs)
	}
	log, err := os.ReadFile(filepath.Join(dir, "logs", "agent.log"))
	if err != nil || !bytes.Contains(log, []byte(`"agent failed"`)) {
		t.Errorf("log: %v\n%s", err, log)
	}
}

// TestHangUp ends an agent in order whose terminal is closed.
func TestHangUp(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a console is closed in another way there")
	}
	state := filepath.Join(home(t), "state")
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP) // a nohup of these tests would be the agent's, too
	defer signal.Stop(heard)
	agent := exec.CommandContext(t.Context(), os.Args[0], "agent", "--no-tray")
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := local.ReadInfo(state); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no agent")
		}
	}
	if err := agent.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := agent.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := local.ReadInfo(state); err == nil {
		t.Error("agent.json is left behind")
	}
}

// TestLogFile begins a new file at its limit and keeps one old one.
func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.log")
	l, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(strings.Repeat("x", 1023) + "\n")
	for range 3 * maxLog / len(line) {
		if _, err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".old"} {
		if fi, err := os.Stat(name); err != nil || fi.Size() > maxLog || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, fi, err)
		}
	}
	l, err = openLog(path)
	if err != nil || l.size != maxLog {
		t.Errorf("opened again: size %d, %v", l.size, err)
	}
	_ = l.Close()
}

// TestPrograms refuses a policy with an entry that cannot be used; it is never read as a
// shorter one.
func TestPrograms(t *testing.T) {
	path := "/opt/chat"
	if runtime.GOOS == "windows" {
		path = `C:\chat.exe`
	}
	good := desktop.NativeApp{ID: "chat", Path: path, Args: []string{"--sso"}}
	got, err := programs(desktop.Policy{Native: []desktop.NativeApp{good, {ID: "meet", Scheme: "acmemeet"}}})
	if err != nil || len(got) != 2 || got[0].Path != path || got[0].Args[0] != "--sso" || got[1].Scheme != "acmemeet" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []desktop.NativeApp{{ID: "x"}, {ID: "x", Path: "chat"}, {ID: "x y", Path: path}, {ID: "x", Scheme: "https"}} {
		if _, err := programs(desktop.Policy{Native: []desktop.NativeApp{good, bad}}); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
