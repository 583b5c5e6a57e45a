package agent

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"runtime"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/session"
	"lanyard/auth/words"
	"lanyard/auth/workbench"
)

// linkPatience is how long a click waits for a launch link before it goes on with the
// app's access link: a person who clicked must see something happen. A variable for tests.
var linkPatience = 2 * time.Second

// The ways an app was opened, as LaunchAnswer.Via tells.
const (
	viaLink   = "launch-link"
	viaAccess = "access-link"
	viaPlain  = "plain"
	viaNative = "native"
)

// door is the way into an app: the address for the browser, and the number of the opening
// at the company's server, if that made one.
type door struct {
	address, via, opening string
}

// Launch opens an app. A click carries its wish through every state: signed in, by a
// one-time link; signed out or needed in person, by a sign-in that ends in the app;
// offline or with a locked keyring, by the app's own address.
func (a *Agent) Launch(ctx context.Context, req local.LaunchRequest) (local.LaunchAnswer, error) {
	a.mu.Lock()
	req.Lang = a.langOf(cmp.Or(req.Lang, local.Lang(ctx)), req.Env)
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
	// All questions share the patience: a person who clicked must see something happen.
	asking, cancel := context.WithTimeout(ctx, linkPatience)
	defer cancel()
	app, err := a.findApp(asking, id, req.App)
	if errors.Is(err, auth.ErrSignInRequired) {
		return a.launchBySignIn(req, id, req.App) //nolint:contextcheck // the attempt outlives the request
	}
	if err != nil {
		return local.LaunchAnswer{}, a.worded(id, req.Lang, err)
	}
	way, err := a.enter(ctx, asking, id, app, req, env)
	if errors.Is(err, auth.ErrSignInRequired) {
		return a.launchBySignIn(req, id, app.ID) //nolint:contextcheck // the attempt outlives the request
	}
	if err != nil {
		return local.LaunchAnswer{}, a.worded(id, req.Lang, err)
	}
	a.log.Info("app opened", "profile", id, "app", app.ID, "via", way.via)
	answer := local.LaunchAnswer{URL: way.address, Via: way.via}
	if way.via == viaLink && !req.Print {
		answer.URL = "" // used up by the browser; nothing for a log or a screen
	}
	a.background(func(context.Context) { a.opened(id, app, way.opening) })
	return answer, nil
}

// enter finds the way into an app, within asking, and goes it, unless the address is all
// that is wanted.
func (a *Agent) enter(ctx, asking context.Context, id string, app auth.App, req local.LaunchRequest, env local.Env) (door, error) {
	if app.Native != "" && req.Print { // there is no address to print
		return door{}, auth.Fail(auth.NotHere, auth.Args{"what": app.Title.In(req.Lang)}, nil)
	}
	if app.Native != "" {
		opening, err := a.startNative(ctx, asking, id, app, env)
		return door{via: viaNative, opening: opening}, err
	}
	way, err := a.address(asking, id, app, reachable(req.Env, req.Print))
	if err != nil || req.Print {
		return way, err
	}
	return way, a.open(ctx, way.address, env)
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
// new, so the company is asked once, and else why it is not there.
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
	if err := a.refreshApps(ctx, profile); err != nil {
		if errors.Is(err, auth.ErrSignInRequired) {
			return auth.App{}, err
		}
		a.log.Warn("apps not refreshed", "profile", profile, "err", err)
	}
	app, err = find()
	if errors.Is(err, auth.AppUnknown) {
		if kept := a.keptFrom(ctx, profile, name); errors.Is(kept, auth.AppNotYours) {
			err = kept
		}
	}
	return app, err
}

// keptFrom returns why the company, which may have the app, does not open it for this person.
func (a *Agent) keptFrom(ctx context.Context, profile, name string) error {
	s, rec, err := a.liveSession(ctx, profile)
	if err != nil || !rec.Workbench {
		return err
	}
	_, err = a.workbench(rec, s.Token).Launch(ctx, name, 0, "")
	return err
}

// worded adds to an error about an app what its reader needs: the app's name as the
// company's list has it, and whom to ask.
func (a *Agent) worded(profile, lang string, err error) error {
	if !errors.Is(err, auth.AppNotYours) && !errors.Is(err, auth.NativeMissing) {
		return err
	}
	fault, args := auth.FaultOf(err)
	rec := a.recordOf(profile)
	facts := maps.Clone(args)
	for _, app := range rec.Apps {
		if app.ID == args["app"] {
			facts["app"] = cmp.Or(app.Title.In(lang), app.ID)
		}
	}
	if help := words.Contact(rec.Enterprise.Help); help != "" {
		facts["help"] = help
	}
	return auth.Fail(fault, facts, err)
}

// address returns the way by which the browser gets into an app. Only what the person has
// to know comes back as an error: SignInRequired, and AppNotYours. Anything else that
// keeps a launch link away leads to the app's own address.
func (a *Agent) address(asking context.Context, profile string, app auth.App, reach bool) (door, error) {
	s, rec, err := a.liveSession(asking, profile)
	if !rec.Workbench {
		// Nobody makes links here: the browser that holds the provider's session is in.
		address, err := ownAddress(app, rec)
		return door{address: address, via: viaPlain}, err
	}
	if err == nil {
		var link workbench.Link
		err = a.asSession(asking, s, func() (err error) {
			link, err = a.link(asking, a.workbench(rec, s.Token), app.ID, reach)
			return err
		})
		if err == nil {
			a.answers(profile, true)
			return door{link.URL.Reveal(), viaLink, link.ID}, nil
		}
	}
	if errors.Is(err, auth.ErrSignInRequired) || a.isNotYours(profile, err) {
		return door{}, err
	}
	a.log.Warn("no launch link", "profile", profile, "app", app.ID, "err", err)
	if !silent(err) {
		return door{address: app.URL, via: viaAccess}, nil
	}
	a.answers(profile, false)
	if app.Plain != "" {
		return door{address: app.Plain, via: viaPlain}, nil
	}
	return door{address: app.URL, via: viaAccess}, nil
}

// asSession asks the company's server. Where that does not take a token that we thought
// good, a new one may do.
func (a *Agent) asSession(ctx context.Context, s *session.Session, ask func() error) error {
	err := ask()
	if errors.Is(err, auth.ErrSignInRequired) && s.Refresh(ctx) == nil {
		err = ask()
	}
	return err
}

// isNotYours reports whether an app was taken from the person, and then fetches the list
// without it.
func (a *Agent) isNotYours(profile string, err error) bool {
	if !errors.Is(err, auth.AppNotYours) {
		return false
	}
	a.background(func(ctx context.Context) {
		if err := a.refreshApps(ctx, profile); err != nil {
			a.log.Warn("apps not refreshed", "profile", profile, "err", err)
		}
	})
	return true
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
