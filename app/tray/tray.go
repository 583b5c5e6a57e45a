package tray

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"reflect"
	"sync"

	"lanyard/app/local"
	"lanyard/auth/words"
)

// Config is what a tray is made of.
type Config struct {
	Service local.Service
	// Env is the environment of the session that the icon is in; a click carries it.
	Env local.Env
	// Lang is the language until a State names one.
	Lang   string
	Logger *slog.Logger // nil discards
}

// canvas shows a Tray. It is called by one goroutine at a time, with what it showed
// last, and calls clicked with the place of an item: its index, and the index in its
// submenu or -1.
type canvas interface {
	show(old, now Tray)
}

// tray keeps a canvas in step with the agent.
type tray struct {
	cfg    Config
	log    *slog.Logger
	env    local.Env
	canvas canvas

	mu      sync.Mutex
	state   *local.State
	problem error // of the last click, until the next one
	shown   Tray
}

func newTray(cfg Config) *tray {
	t := &tray{cfg: cfg, log: cfg.Logger, env: maps.Clone(cfg.Env)}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	delete(t.env, "XDG_ACTIVATION_TOKEN") // good for one start only: ours
	return t
}

// follow draws each new State until ctx or the agent ends; ready is called once the
// first is drawn, or never will be.
func (t *tray) follow(ctx context.Context, ready func()) {
	defer ready()
	err := t.cfg.Service.Events(ctx, func(e local.Event) error {
		if e.State != nil {
			t.mu.Lock()
			t.state = e.State
			t.redraw()
			t.mu.Unlock()
			ready()
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		t.log.Info("tray ends with the agent", "err", err)
	}
}

// lang is the language of what is shown; the caller holds the lock.
func (t *tray) lang() string { return cmp.Or(t.state.Lang, t.cfg.Lang) }

// redraw shows what has changed, if anything; the caller holds the lock.
func (t *tray) redraw() {
	now := Menu(*t.state, t.lang())
	if t.problem != nil {
		now = now.with(words.Explain(t.problem, t.lang()))
	}
	if reflect.DeepEqual(now, t.shown) {
		return
	}
	t.canvas.show(t.shown, now)
	t.shown = now
}

// with puts why the last click came to nothing on top of the menu: the icon is all that
// a tray can call attention with.
func (t Tray) with(m words.Message) Tray {
	t.Icon = NeedsYou
	items := []Item{{Label: words.Line(m.Sentence, maxSentence)}}
	if m.Hint != "" {
		items = append(items, Item{Label: words.Line(m.Hint, maxSentence)})
	}
	t.Items = append(append(items, Item{}), t.Items...)
	return t
}

// clicked does what the item in that place wishes; sub is the index in its submenu,
// or -1.
func (t *tray) clicked(ctx context.Context, index, sub int) {
	t.mu.Lock()
	wish := t.shown.at(index, sub).Do
	lang := t.lang()
	t.mu.Unlock()
	err := do(ctx, t.cfg.Service, t.env, lang, wish)
	if ctx.Err() != nil {
		return // closing
	}
	if err != nil {
		t.log.Warn("click failed", "verb", string(wish.Verb), "err", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.problem = err
	t.redraw()
}

// at returns the item in a place, the zero one where the menu has grown shorter.
func (t Tray) at(index, sub int) Item {
	items := t.Items
	if sub >= 0 && index < len(items) {
		items, index = items[index].Items, sub
	}
	if index >= len(items) {
		return Item{}
	}
	return items[index]
}
