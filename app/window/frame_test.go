package window_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"lanyard/app/local"
	"lanyard/app/window"
	"lanyard/app/window/fakeagent"
	"lanyard/app/window/theme"
	"lanyard/app/window/windowtest"
	"lanyard/auth"
)

// page is a screen that writes down what happens to it.
type page struct {
	name string
	h    *window.Host
	log  *[]string
}

func (p page) note(what string)           { *p.log = append(*p.log, p.name+" "+what) }
func (p page) Title() string              { return p.name }
func (p page) Content() fyne.CanvasObject { return theme.Body(p.name + " in " + p.h.Lang) }
func (p page) Show(s local.State)         { p.note("shows " + s.Version) }
func (p page) Focus()                     {}
func (p page) Key(key *fyne.KeyEvent)     { p.note("hears " + string(key.Name)) }
func (p page) Hidden()                    { p.note("is hidden") }

func open(t *testing.T, log *[]string) *windowtest.Desk {
	t.Helper()
	d := windowtest.Open(t, "", local.State{Version: "1"}, func(h *window.Host) window.Screen { return page{"first", h, log} })
	d.Frame.Screens["second"] = func(h *window.Host) window.Screen { return page{"second", h, log} }
	d.Frame.Screens["apps"] = func(h *window.Host) window.Screen { return page{"apps", h, log} }
	return d
}

func TestScreens(t *testing.T) {
	var log []string
	d := open(t, &log)
	d.Key(fyne.KeyReturn)
	d.Show(local.State{Version: "2"})
	d.Frame.Hear(local.Event{Window: "second"})
	d.Frame.Hear(local.Event{Window: "of a newer agent"})
	want := []string{"first shows 1", "first hears Return", "first shows 2", "first is hidden", "second shows 2", "second is hidden", "apps shows 2"}
	if !slices.Equal(log, want) {
		t.Errorf("got %q\nwant %q", log, want)
	}
	if got := d.Frame.Window.Title(); got != "apps – Lanyard" {
		t.Errorf("the window is called %q", got)
	}
}

// TestFollow loses the agent, says so calmly, and goes on when it is back.
func TestFollow(t *testing.T) {
	var log []string
	d := open(t, &log)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	dials, texts := 0, []string(nil)
	d.Frame.Dial = func(context.Context) (window.Agent, error) {
		if dials++; dials == 2 {
			texts = d.Texts()
			return nil, auth.Fail(auth.AgentMissing, nil, nil)
		}
		return &restarting{Agent: &fakeagent.Agent{}, end: func() {
			if dials == 3 {
				cancel()
			}
		}}, nil
	}
	log = nil
	d.Frame.Follow(ctx)
	if all := strings.Join(texts, "\n"); !strings.Contains(all, "Lanyard was closed") || !strings.Contains(all, "[Close]") {
		t.Errorf("without an agent the window says:\n%s", all)
	}
	want := []string{"first shows new", "first is hidden", "first shows new", "first shows new"}
	if !slices.Equal(log, want) {
		t.Errorf("got %q\nwant %q", log, want)
	}
}

// restarting is an agent that ends after its first State.
type restarting struct {
	*fakeagent.Agent
	end func()
}

func (r *restarting) Events(_ context.Context, each func(local.Event) error) error {
	_ = each(local.Event{State: &local.State{Version: "new"}})
	r.end()
	return errors.New("gone")
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"Acme":                    "Acme",
		"A\ncme\t\u202eLtd\u200b": "A cme Ltd",
		"\x1b[31mred":             "[31mred",
		strings.Repeat("长", 500):  strings.Repeat("长", 119) + "…",
	} {
		if got := window.Plain(text); got != want {
			t.Errorf("Plain(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestExplain words what the agent says in the window's language; what is of a newer
// agent speaks for itself.
func TestExplain(t *testing.T) {
	for _, row := range []struct {
		err  error
		want string
	}{
		{&local.Problem{Code: auth.CodeUnknown, Title: "No such company code", Args: auth.Args{"code": "x"}}, "没有找到“x”。"},
		{&local.Problem{Code: "from_the_future", Sentence: "Mind the gap."}, "Mind the gap."},
		{auth.Fail(auth.AgentMissing, nil, nil), "本机没有运行 Lanyard。"},
	} {
		if got := window.Explain(row.err, "zh"); got.Sentence != row.want {
			t.Errorf("Explain(%v) = %q, want %q", row.err, got.Sentence, row.want)
		}
	}
	if window.Explain(nil, "zh") != nil {
		t.Error("no error is a problem")
	}
}

func TestButtonByEnter(t *testing.T) {
	test.NewTempApp(t)
	pressed := 0
	b := window.NewButton("Go", func() { pressed++ })
	for _, key := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace, fyne.KeyA} {
		b.TypedKey(&fyne.KeyEvent{Name: key})
	}
	b.Disable()
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if pressed != 3 {
		t.Errorf("pressed %d times, want 3", pressed)
	}
}
