//go:build linux

package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"testing"

	"lanyard/app/local"
	"lanyard/app/window/fakeagent"
	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/authtest"
)

// acme is a company as a window may meet it.
func acme() auth.Enterprise {
	return auth.Enterprise{
		ID: "e-acme", Code: "acme", Name: auth.Text{"en": "Acme", "zh": "Acme 科技"},
		Logo: "data:image/png;base64," + strings.TrimSpace(assets.DemoLogo),
		Help: auth.Help{Name: "Acme IT", Phone: "4008-820-820"},
	}
}

// titles are what a company's apps are called.
var titles = []auth.Text{
	{"en": "Notes", "zh": "笔记"},
	{"en": "Handbook", "zh": "员工手册"},
	{"en": "Mail", "zh": "邮件"},
	{"en": "Calendar", "zh": "日历"},
	{"en": "Leave", "zh": "请假"},
	{"en": "Expenses", "zh": "费用报销"},
	{"en": "Source code", "zh": "代码仓库"},
	{"en": "Customers", "zh": "客户管理"},
	{"en": "Warehouse planning east", "zh": "华东仓储计划系统"},
	{"en": "Alibaba Cloud", "zh": "阿里云控制台"},
	{"en": "Wiki", "zh": "知识库"},
	{"en": "Support desk", "zh": "服务台"},
}

func someApps(n int) []local.AppEntry {
	apps := make([]local.AppEntry, n)
	for i := range apps {
		title := titles[i%len(titles)]
		if i >= len(titles) {
			title = auth.Text{"en": fmt.Sprintf("%s %d", title["en"], i), "zh": fmt.Sprintf("%s %d", title["zh"], i)}
		}
		apps[i] = local.AppEntry{App: auth.App{ID: fmt.Sprintf("app-%d", i), Title: title}, Pinned: i < 2}
	}
	return apps
}

// signedIn is a State with zhangsan signed in and n apps.
func signedIn(n int) local.State {
	apps := someApps(n)
	return local.State{API: 1, Version: "0.1.0", Current: "p1", Profiles: []local.Profile{{
		ID: "p1", Enterprise: acme(), Identity: auth.Identity{Issuer: "i", Subject: "s", Name: "张三"},
		Phase: local.SignedIn, Apps: apps[:min(10, n)], AppsAll: n,
	}}}
}

// attempt is a State with a sign-in at the given step.
func attempt(step local.Step, change func(*local.Attempt)) local.State {
	e := acme()
	a := &local.Attempt{ID: "a1", Step: step, Enterprise: &e, Host: "sso.acme.com", Reference: "4829-1375"}
	if change != nil {
		change(a)
	}
	return local.State{API: 1, Version: "0.1.0", Attempt: a}
}

// scanned is the address in the QR code of the screens, as long as ours are.
const scanned = "https://login.acme.com/e/4f2a9c0e4f2a9c0e4f2a9c0e4f2a9c0e/device?user_code=WDJB-MJHT"

// scan reads the QR code in a picture, as a phone does.
func scan(t testing.TB, picture image.Image) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), authtest.Need(t, "zbarimg"), "--quiet", "--raw", "png:-")
	var in bytes.Buffer
	if err := png.Encode(&in, picture); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = &in
	out, _ := cmd.Output() // fails where it sees none
	return strings.TrimSpace(string(out))
}

var locale = map[string]string{"en": "LANG=en_US.UTF-8", "zh": "LANG=zh_CN.UTF-8"}

// TestScreens shows every screen of the built window, on a real display, in both
// languages and both looks: something is drawn, and nothing complains.
func TestScreens(t *testing.T) {
	t.Parallel()
	screen := newDisplay(t)
	two := signedIn(12)
	two.Profiles = append(two.Profiles, local.Profile{
		ID: "p2", Enterprise: auth.Enterprise{ID: "e2", Code: "beta", Name: auth.Text{"en": "Beta Ltd", "zh": "贝塔"}},
		Identity: auth.Identity{Name: "李四"}, Phase: local.SignedOut,
	})
	two.ManagedBy = "Acme IT"
	stale := signedIn(12)
	stale.Offline = true
	opened := signedIn(12)
	opened.Profiles[0].Opened = &local.Opened{App: "app-0", Title: titles[0]}
	failed := func(f auth.Fault, args auth.Args) func(*local.Attempt) {
		return func(a *local.Attempt) { a.Problem = &local.Problem{Code: f, Args: args} }
	}
	for _, row := range []struct {
		name, screen string
		states       []local.State // one after the other
		apps         int
	}{
		{"enter", "sign-in", []local.State{{}}, 0},
		{"welcome", "sign-in", []local.State{{ManagedBy: "Acme IT"}}, 0},
		{"nearmiss", "sign-in", []local.State{attempt(local.StepResolving, nil), attempt(local.StepFailed, failed(auth.CodeUnknown, auth.Args{"code": "acmee", "suggestion": "acme"}))}, 0},
		{"unreachable", "sign-in", []local.State{attempt(local.StepResolving, nil), attempt(local.StepFailed, failed(auth.DirectoryUnreachable, auth.Args{"host": "login.acme.com"}))}, 0},
		{"looking", "sign-in", []local.State{attempt(local.StepResolving, func(a *local.Attempt) { a.Enterprise = nil })}, 0},
		{"card", "sign-in", []local.State{attempt(local.StepConfirm, func(a *local.Attempt) { a.Via = "login.work.weixin.qq.com" })}, 0},
		{"card-doubt", "sign-in", []local.State{attempt(local.StepConfirm, func(a *local.Attempt) { a.Unconfirmed = "acme.com" })}, 0},
		{"waiting", "sign-in", []local.State{attempt(local.StepWaiting, func(a *local.Attempt) { a.URL = "https://sso.acme.com/authorize" })}, 0},
		{"waiting-offered", "sign-in", []local.State{attempt(local.StepWaiting, func(a *local.Attempt) { a.URL, a.DeviceOffered = "https://sso.acme.com/authorize", true })}, 0},
		{"phone", "sign-in", []local.State{attempt(local.StepWaiting, func(a *local.Attempt) {
			a.URL, a.DeviceOffered = "https://sso.acme.com/authorize", true
			a.Device = &local.Device{UserCode: "WDJB-MJHT", URL: "https://login.acme.com/device", Complete: scanned, Number: "47"}
		})}, 0},
		{"failed", "sign-in", []local.State{attempt(local.StepResolving, nil), attempt(local.StepFailed, failed(auth.SignInDenied, auth.Args{"company": "Acme", "reason": "you are not assigned", "help": "Acme IT · 4008-820-820"}))}, 0},
		{"done", "sign-in", []local.State{attempt(local.StepFinishing, nil), func() local.State {
			s := signedIn(12)
			s.Attempt = attempt(local.StepDone, func(a *local.Attempt) { a.Profile = "p1" }).Attempt
			return s
		}()}, 12},
		{"apps", "apps", []local.State{signedIn(12)}, 12},
		{"apps-200", "apps", []local.State{signedIn(200)}, 200},
		{"apps-empty", "apps", []local.State{signedIn(0)}, 0},
		{"apps-offline", "apps", []local.State{stale}, 12},
		{"apps-opened", "apps", []local.State{opened}, 12},
		{"settings", "settings", []local.State{two}, 12},
	} {
		for _, look := range []struct{ lang, theme string }{{"en", "light"}, {"zh", "dark"}, {"en", "dark"}, {"zh", "light"}} {
			if look.lang+look.theme != "enlight" && look.lang+look.theme != "zhdark" && os.Getenv("LANYARD_SCREENSHOTS") == "" {
				continue // the other two are for people who look
			}
			t.Run(row.name+"-"+look.lang+"-"+look.theme, func(t *testing.T) {
				fake := &fakeagent.Agent{}
				fake.Push(row.states[0])
				fake.Set(func(apps *local.AppList, settings *local.Settings, _ *[]byte) {
					apps.Profile, apps.Apps = "p1", someApps(row.apps)
					settings.Language, settings.Autostart, settings.Locked = look.lang, true, []string{"browser"}
				})
				w := newWindow(t, screen, fake, row.screen, "LANYARD_THEME="+look.theme, "LANYARD_WINDOW_CHECK=1", locale[look.lang])
				screen := screen.on(t)
				id := screen.window("Lanyard")
				shows := func(check func(image.Image) error) {
					t.Helper()
					eventually(t, patience, func() error {
						screen.still()
						return check(screen.picture(id, row.name+"-"+look.lang+"-"+look.theme))
					})
				}
				shows(drawn)
				for _, s := range row.states[1:] {
					fake.Push(s)
				}
				shows(drawn)
				if row.name == "phone" {
					shows(func(picture image.Image) error {
						if got := scan(t, picture); got != scanned {
							return fmt.Errorf("a phone reads %q", got)
						}
						return nil
					})
				}
				if said := w.err.String(); said != "" {
					t.Errorf("the window complains:\n%s", said)
				}
			})
		}
	}
}

// drawn reports whether a picture of a window shows something: a window is there a while
// before its first picture is.
func drawn(picture image.Image) error {
	if n := colours(picture); n < 20 {
		return fmt.Errorf("the window has %d colours", n)
	}
	return nil
}

// newWindow starts the built window against a Service of the test's own.
func newWindow(t testing.TB, screen *display, svc local.Service, name string, env ...string) *process {
	t.Helper()
	state := t.TempDir()
	l, err := local.Listen(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := local.WriteInfo(state, local.Info{PID: os.Getpid(), Address: l.Addr().String(), Version: "0.1.0"}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- (&local.Server{Service: svc}).Serve(ctx, l) }()
	t.Cleanup(func() { stop(); <-served })
	home := t.TempDir()
	env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LANG=en_US.UTF-8", "DISPLAY=" + screen.name}, env...)
	return start(t, env, "lanyard-window", "--name", name, "--state", state)
}
