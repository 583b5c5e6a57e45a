package main

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"

	"lanyard/app/desktop"
	"lanyard/app/local"
	"lanyard/app/tray"
	"lanyard/auth/words"
)

// iconPossible reports whether an icon may be tried: on Linux where there is a session
// bus, which the library would else start.
func (p *program) iconPossible() bool {
	return tray.Available && (runtime.GOOS != "linux" || desktop.HasSessionBus(p.getenv))
}

// showTray shows the icon until ctx or the agent ends. Where nobody shows icons it says
// so, and waits for somebody who does; without a bus it returns.
func (p *program) showTray(ctx context.Context, svc local.Service, logger *slog.Logger) {
	text, run := "agent.no_tray", false
	if p.iconPossible() {
		shown, err := desktop.TrayHost(ctx)
		if run = err == nil; !run {
			logger.Info("no tray", "err", err)
		}
		if shown {
			text = "agent.tray"
		}
	}
	fmt.Fprintln(p.stderr, words.T(p.lang(), text))
	if run {
		go desktop.KeepIcon(ctx)
		tray.Run(ctx, tray.Config{Service: svc, Env: local.CallerEnv(p.env), Lang: p.lang(), Logger: logger})
	}
}

// welcome opens the sign-in window for somebody who has no account here yet.
func (p *program) welcome(ctx context.Context, svc local.Service) {
	state, err := svc.State(ctx)
	if err != nil || len(state.Profiles) > 0 {
		return
	}
	if err := svc.Window(ctx, "sign-in", local.CallerEnv(p.env)); err != nil && ctx.Err() == nil {
		fmt.Fprintln(p.stderr, words.T(p.lang(), "cli.nobody"))
	}
}
