package agent

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/workbench"
)

// linkPatience is how long a click waits for a launch link before it goes on with the
// app's access link: a person who clicked must see something happen.
const linkPatience = 2 * time.Second

// The ways an app was opened, as LaunchAnswer.Via tells.
const (
	viaLink   = "launch-link"
	viaAccess = "access-link"
	viaPlain  = "plain"
)

// Launch opens an app. A click carries its wish through every state: signed in, by a
// one-time link; signed out or needed in person, by a sign-in that ends in the app;
// offline or with a locked keyring, by the app's own address.
func (a *Agent) Launch(ctx context.Context, req local.LaunchRequest) (local.LaunchAnswer, error) {
	req.Lang = cmp.Or(req.Lang, local.Lang(ctx))
	a.mu.Lock()
	acc, err := a.account(req.Profile)
	if err != nil {
		a.mu.Unlock()
		return local.LaunchAnswer{}, err
	}
	id, env, phase := acc.ID, a.childEnv(req.Env), a.phase(acc)
	a.mu.Unlock()

	if phase == local.SignedOut || phase == local.NeedsYou {
		return a.launchBySignIn(req, id, req.App) //nolint:contextcheck // the attempt outlives the request
	}
	app, err := a.findApp(ctx, id, req.App)
	if errors.Is(err, auth.ErrSignInRequired) {
		return a.launchBySignIn(req, id, req.App) //nolint:contextcheck // the attempt outlives the request
	}
	if err != nil {
		return local.LaunchAnswer{}, err
	}
	if app.Native != "" {
		return local.LaunchAnswer{}, auth.Fail(auth.NotHere, auth.Args{"what": app.Title.In(req.Lang)}, nil)
	}
	address, via, err := a.address(ctx, id, app, reachable(req.Env, req.Print))
	if errors.Is(err, auth.ErrSignInRequired) {
		return a.launchBySignIn(req, id, app.ID) //nolint:contextcheck // the attempt outlives the request
	}
	if err != nil {
		return local.LaunchAnswer{}, err
	}
	a.log.Info("app opened", "profile", id, "app", app.ID, "via", via)
	answer := local.LaunchAnswer{URL: address, Via: via}
	if !req.Print {
		if err := a.open(ctx, address, env); err != nil {
			return local.LaunchAnswer{}, err
		}
		if via == viaLink {
			answer.URL = "" // used up by the browser; nothing for a log or a screen
		}
	}
	a.background(func(context.Context) { a.opened(id, app.ID) })
	return answer, nil
}

// launchBySignIn starts the sign-in that ends in the app.
func (a *Agent) launchBySignIn(req local.LaunchRequest, profile, app string) (local.LaunchAnswer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, err := a.signIn(local.SignInRequest{
		Profile: profile, Open: !req.Print, Lang: req.Lang, Env: req.Env,
	}, app)
	return local.LaunchAnswer{Attempt: id}, err
}

// findApp returns the app that is meant; one that the kept list does not have may be
// new, so the company is asked once.
func (a *Agent) findApp(ctx context.Context, profile, name string) (auth.App, error) {
	find := func() (auth.App, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		acc, err := a.account(profile)
		if err != nil {
			return auth.App{}, err
		}
		return workbench.Find(acc.Apps, name)
	}
	app, err := find()
	if !errors.Is(err, auth.AppUnknown) {
		return app, err
	}
	asking, cancel := context.WithTimeout(ctx, linkPatience)
	defer cancel()
	if err := a.refreshApps(asking, profile); err != nil {
		if errors.Is(err, auth.ErrSignInRequired) {
			return auth.App{}, err
		}
		a.log.Warn("apps not refreshed", "profile", profile, "err", err)
	}
	return find()
}

// address returns where the browser goes to open an app, and by which way. Only the
// fault SignInRequired comes back as one; anything else that keeps a launch link away
// leads to the app's own address.
func (a *Agent) address(ctx context.Context, profile string, app auth.App, reach bool) (address, via string, err error) {
	asking, cancel := context.WithTimeout(ctx, linkPatience)
	defer cancel()
	s, rec, err := a.liveSession(asking, profile)
	if !rec.Workbench {
		// Nobody makes links here: the browser that holds the provider's session is in.
		address, err = ownAddress(app, rec)
		return address, viaPlain, err
	}
	if err == nil {
		var link workbench.Link
		link, err = a.link(asking, a.workbench(rec, s.Token), app.ID, reach)
		if errors.Is(err, auth.ErrSignInRequired) && s.Refresh(asking) == nil {
			// The server did not take a token that we thought good; a new one may do.
			link, err = a.link(asking, a.workbench(rec, s.Token), app.ID, reach)
		}
		if err == nil {
			return link.URL.Reveal(), viaLink, nil
		}
	}
	if errors.Is(err, auth.ErrSignInRequired) {
		return "", "", err
	}
	a.log.Warn("no launch link", "profile", profile, "app", app.ID, "err", err)
	if app.Plain != "" && errors.Is(err, auth.ErrOffline) {
		return app.Plain, viaPlain, nil
	}
	return app.URL, viaAccess, nil
}

// link asks for a launch link. Where the browser can reach this agent it gets a
// proof from us on its way; else the server asks the person on a page.
func (a *Agent) link(ctx context.Context, w *workbench.Client, app string, reach bool) (workbench.Link, error) {
	if !reach {
		return w.Launch(ctx, app, 0, "")
	}
	nonce := auth.RandomToken()
	port, err := a.proofs.expect(nonce)
	if err != nil {
		a.log.Warn("launch proof not offered", "err", err)
		return w.Launch(ctx, app, 0, "")
	}
	link, err := w.Launch(ctx, app, port, nonce)
	if err != nil {
		a.proofs.forget(nonce)
		return workbench.Link{}, err
	}
	a.proofs.arm(nonce, link)
	return link, nil
}

// reachable reports whether the browser that will open a link runs on this computer.
// An address that is printed for a caller without a display is for a browser elsewhere,
// whoever else has a display here.
func reachable(env local.Env, print bool) bool {
	return !print || runtime.GOOS != "linux" || env["DISPLAY"] != "" || env["WAYLAND_DISPLAY"] != ""
}
