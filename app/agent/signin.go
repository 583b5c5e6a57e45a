package agent

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"lanyard/app/doctor"
	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
	"lanyard/auth/openid"
	"lanyard/auth/signin"
	"lanyard/auth/vault"
	"lanyard/auth/workbench"
)

const (
	// pageLife is how long a slow browser has after the outcome to come for the page that
	// tells it.
	pageLife = time.Minute
	// pageGrace is how long it has where the agent ends or others wait for the port.
	pageGrace = 3 * time.Second
)

// Variables for tests.
var (
	// appsPatience is how long a finished sign-in waits for the apps that its page shows.
	appsPatience = 1500 * time.Millisecond
	// revokePatience is how long giving tokens back may take; it is best effort.
	revokePatience = 3 * time.Second
)

// way is how one enterprise's people sign in, once it has been found out.
type way struct {
	found    directory.Resolved
	conn     *connector.Connector
	provider *openid.Provider
	host     string
	vault    *vault.Vault
	listener *signin.Listener
}

// attend carries an attempt from its first step to its last.
func (a *Agent) attend(ctx context.Context, att *attempt) {
	w := att.known
	steps := a.pursue
	if att.activation != nil {
		steps = a.activate
	}
	id, err := steps(ctx, att, &w)
	a.settle(att, id, outcome(ctx, err))
	if w.listener != nil {
		a.linger(w.listener) //nolint:contextcheck // the page outlives the attempt
		if w.conn.Redirect.Port == 0 {
			seen, cancel := context.WithTimeout(a.life, pageLife)
			w.listener.Seen(seen) //nolint:contextcheck // likewise
			cancel()
		}
		w.listener.Close(pageGrace) //nolint:contextcheck // likewise
	}
}

// settle tells everybody how an attempt ended.
func (a *Agent) settle(att *attempt, id string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	att.view.URL = ""
	if err == nil {
		att.view.Step, att.view.Profile = local.StepDone, id
		a.log.Info("signed in", "attempt", att.view.ID, "profile", id, "reference", att.view.Reference)
	} else {
		var e auth.Enterprise
		if att.view.Enterprise != nil {
			e = *att.view.Enterprise
		}
		att.view.Step = local.StepFailed
		att.view.Problem = a.problem(err, e, att.lang, att.view.Reference)
		att.view.Suggestion = att.view.Problem.Args["suggestion"]
		a.log.Warn("sign-in failed", "attempt", att.view.ID, "err", err, "reference", att.view.Reference)
	}
	a.publish()
}

// outcome is err, or why its ctx ended if that came first: cancelled, out of time, or
// the agent itself is ending. That all answers came from the wrong issuer says more
// than that time ran out.
func outcome(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	switch {
	case err == nil, cause == nil, errors.Is(err, auth.TokenInvalid):
		return err
	case errors.Is(cause, context.Canceled):
		return auth.Fail(auth.SignInCanceled, nil, cause)
	default:
		return cause
	}
}

// pursue makes the steps of an attempt and returns the profile that is signed in.
func (a *Agent) pursue(ctx context.Context, att *attempt, w *way) (profile string, err error) {
	if w.provider == nil {
		if err := a.resolve(ctx, att, w); err != nil {
			return "", err
		}
		if err := a.confirm(ctx, att, w); err != nil {
			return "", err
		}
	}
	if err := a.check(ctx, att, w); err != nil {
		return "", err
	}
	page := signin.Outcome{
		Enterprise: w.found.Document.Enterprise, Reference: att.view.Reference, Lang: att.lang,
	}
	defer func() {
		page.Err = outcome(ctx, err)
		page.Switch = a.switching(att, w, page.Err)
		w.listener.Finish(page)
	}()

	options := openid.Options{UILocales: att.lang, FormPost: w.provider.FormPost}
	if att.swap {
		options.Prompt = "login"
	} else if att.again != "" {
		options.LoginHint = a.recordOf(att.again).Identity.Email
	}
	if w.found.Document.Workbench {
		options.Reference = att.view.Reference
	}
	req := w.provider.AuthorizeRequest(w.listener.RedirectURI(), options)
	if err := a.offerDevice(ctx, att, w); err != nil {
		return "", err
	}
	a.update(func() { att.view.Step, att.view.URL = local.StepWaiting, req.URL })
	// Beside the wait: a browser may be back before its command has ended.
	a.background(func(ctx context.Context) { a.openPage(ctx, att) })
	tokens, identity, err := a.await(ctx, att, w, req)
	if err != nil {
		return "", err
	}
	id, err := a.keep(ctx, att, w, tokens, identity)
	if err != nil {
		a.giveBack(ctx, w.provider, tokens)
		return "", err
	}
	page.Identity, page.Kept, page.Shared = identity, !w.vault.MemoryOnly(), att.shared
	page.Apps, page.Next, page.Trouble = a.arrive(ctx, att, id)
	return id, nil
}

// resolve finds the enterprise, its provider, and the host that would open.
func (a *Agent) resolve(ctx context.Context, att *attempt, w *way) error {
	found, err := a.directory().Resolve(ctx, att.query)
	if err != nil && att.again != "" && (errors.Is(err, auth.ErrOffline) || errors.Is(err, auth.DocumentExpired)) {
		// Whoever is enrolled goes on by the document that is kept: an expired one, or a
		// directory that is down, blocks a new sign-in only.
		if kept, keptErr := a.directory().Cached(att.query.Directory, att.query.Code); keptErr == nil {
			found, err = kept, nil
		}
	}
	if err != nil {
		return err
	}
	w.found = found
	a.update(func() {
		att.view.Enterprise = copyEnterprise(&found.Document.Enterprise)
		att.view.Via, att.view.Hash = found.Document.Via, found.Hash
		att.view.Unconfirmed = found.Unconfirmed
	})
	if w.conn, err = usable(found.Document); err != nil {
		return err
	}
	if w.provider, err = a.openid.Discover(ctx, w.conn); err != nil {
		return err
	}
	page, err := url.Parse(w.provider.AuthorizationEndpoint)
	if err != nil {
		return auth.Fail(auth.EnterpriseMisconfig, nil, err)
	}
	w.host = page.Host
	a.update(func() { att.view.Host = w.host })
	return nil
}

// confirm waits for the person's yes to the host, the first time. Nobody is asked on
// a device that policy set up for this enterprise, nor again for an issuer and host
// that were accepted before; another issuer or host asks again.
func (a *Agent) confirm(ctx context.Context, att *attempt, w *way) error {
	a.mu.Lock()
	known := a.managed(w.found) || slices.ContainsFunc(a.accounts, func(acc *account) bool {
		return acc.Origin == w.found.Origin && acc.Issuer == w.provider.Issuer && acc.Host == w.host
	})
	if known {
		att.accept()
	} else if !att.accepted {
		att.view.Step = local.StepConfirm
		a.publish()
	}
	a.mu.Unlock()
	select {
	case <-att.confirmed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// managed reports whether policy set this device up for the enterprise.
func (a *Agent) managed(found directory.Resolved) bool {
	if a.cfg.Code == "" {
		return false
	}
	q, err := directory.Parse(a.cfg.Code)
	if err != nil || !slices.Contains(found.Document.Codes, q.Code) {
		return false
	}
	if q.Directory != "" {
		return q.Directory == found.Origin
	}
	return slices.Contains(a.cfg.Directories, found.Origin)
}

// check makes sure, before any browser opens, that the sign-in can end well: the
// keyring answers, the callback's port is bound (and stays so), the provider can be
// reached, the clock is right, and the disk has room.
func (a *Agent) check(ctx context.Context, att *attempt, w *way) (err error) {
	a.update(func() { att.view.Step = local.StepChecking })
	if w.vault, err = a.openVault(ctx, false); err != nil {
		return err
	}
	keyring := w.vault.Prepare
	if att.shared {
		keyring = func(context.Context) error { return nil } // nothing is kept
	}
	return doctor.Preflight(ctx, doctor.Probes{
		Lang: att.lang, Now: a.cfg.Now, HTTP: a.cfg.HTTP, Address: w.provider.Issuer, StateDir: a.cfg.Dir,
		Keyring: keyring,
		Bind: func(context.Context) (err error) {
			w.listener, err = signin.Listen(w.conn.Redirect) //nolint:contextcheck // binding a port does not wait
			return err
		},
	})
}

// keep remembers the profile and seals the tokens. Nobody is told of a sign-in before
// that.
func (a *Agent) keep(ctx context.Context, att *attempt, w *way, tokens auth.TokenSet, identity auth.Identity) (string, error) {
	if expected := a.recordOf(att.again).Identity; att.again != "" && !att.swap && !expected.Same(identity) {
		return "", auth.Fail(auth.SignInOtherPerson,
			auth.Args{"name": identity.Name, "expected": expected.Name}, nil)
	}
	a.mu.Lock()
	id, err := a.enroll(ctx, att, w, tokens, identity)
	a.mu.Unlock()
	if err != nil {
		return "", err
	}
	a.begin(id, w.vault, false)
	a.schedule()
	return id, nil
}

// enroll writes what keep keeps: all of it or, where the disk is full, nothing. The caller
// holds the lock all the while, so that a sign-out comes before or after.
func (a *Agent) enroll(ctx context.Context, att *attempt, w *way, tokens auth.TokenSet, identity auth.Identity) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	id := a.profileOf(w.found, identity)
	accounts, current := slices.Clone(a.accounts), a.current
	acc, err := a.account(id)
	if err != nil {
		acc = &account{record: record{ID: id}}
		a.accounts = append(a.accounts, acc)
	}
	before := *acc
	doc := w.found.Document
	acc.Enterprise, acc.Identity = doc.Enterprise, identity
	acc.Origin, acc.Code = w.found.Origin, att.query.Code
	if acc.Code == "" {
		acc.Code = doc.Enterprise.Code
	}
	acc.Issuer, acc.Host, acc.Hash = w.provider.Issuer, w.host, w.found.Hash
	acc.Workbench, acc.SignedOut, acc.Ended = doc.Workbench, false, false
	acc.provider, acc.shared = w.provider, att.shared
	if att.view.App == "" && att.activation == nil || a.current == "" {
		a.current = id // nobody asked for it who opened an app, or whose program signed in
	}
	if err = a.remember(); err == nil {
		err = w.vault.Put(id, vault.Entry{ //nolint:contextcheck // what is being sealed is not cut short
			Tokens: tokens, Identity: identity, Issuer: w.provider.Issuer, TokenOrigin: w.provider.TokenOrigin(),
			Passing: att.shared,
		})
	}
	if err != nil {
		*acc, a.accounts, a.current = before, accounts, current
		a.rememberOrWarn()
		return "", err
	}
	return id, nil
}

// profileOf returns the id of the profile that this person has here, or gets. The caller
// holds the lock.
func (a *Agent) profileOf(found directory.Resolved, identity auth.Identity) string {
	e := found.Document.Enterprise
	for _, acc := range a.accounts {
		if acc.Origin == found.Origin && acc.Enterprise.ID == e.ID && acc.Identity.Same(identity) {
			return acc.ID
		}
	}
	return profileID(found.Origin, e.Code, identity)
}

// recordOf returns what is remembered of a profile, nothing if there is none.
func (a *Agent) recordOf(profile string) record {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc, err := a.account(profile)
	if err != nil {
		return record{}
	}
	return acc.record
}

// arrive fetches what the page shows at the end: the person's apps, and, where an app
// is what all this was for, the address at which it opens, or why it does not: nothing
// that fails here undoes the sign-in.
func (a *Agent) arrive(ctx context.Context, att *attempt, profile string) (apps []auth.App, next string, trouble error) {
	a.awaitApps(ctx, profile)
	a.mu.Lock()
	wish := att.view.App
	if acc, err := a.account(profile); err == nil {
		for _, e := range acc.entries() {
			apps = append(apps, e.App)
		}
	}
	a.mu.Unlock()
	if wish == "" {
		return apps, "", nil
	}
	app, err := workbench.Find(apps, wish)
	var way door
	if err == nil {
		way, err = a.doorAfterSignIn(ctx, att, profile, app)
	}
	if err != nil {
		err = a.worded(profile, att.lang, err)
		a.log.Warn("app not opened", "profile", profile, "err", err)
		a.tell(att, err)
		return apps, "", err
	}
	a.log.Info("app opened", "profile", profile, "app", app.ID, "via", way.via)
	a.opened(profile, app, way.opening)
	return apps, way.address, nil
}

// awaitApps fetches the apps of somebody who has just signed in, and waits for them a while:
// a company that is slow to say which there are is heard all the same.
func (a *Agent) awaitApps(ctx context.Context, profile string) {
	came := make(chan struct{})
	a.background(func(ctx context.Context) {
		defer close(came)
		if err := a.refreshApps(ctx, profile); err != nil {
			a.log.Warn("apps not refreshed", "profile", profile, "err", err)
		}
	})
	waiting, cancel := context.WithTimeout(ctx, appsPatience)
	defer cancel()
	select {
	case <-came:
	case <-waiting.Done():
	case <-a.life.Done(): // and nothing was begun
	}
}

// doorAfterSignIn finds the way into the app that a sign-in was for, which the same tab
// goes on to; a program is started.
func (a *Agent) doorAfterSignIn(ctx context.Context, att *attempt, profile string, app auth.App) (door, error) {
	asking, cancel := context.WithTimeout(ctx, linkPatience)
	defer cancel()
	if app.Native != "" {
		opening, err := a.startNative(ctx, asking, profile, app, att.env)
		return door{via: viaNative, opening: opening}, err
	}
	way, err := a.address(asking, profile, app, true)
	if errors.Is(err, auth.ErrSignInRequired) {
		return door{address: app.URL, via: viaAccess}, nil
	}
	return way, err
}

// tell shows what went wrong after a sign-in that itself went well.
func (a *Agent) tell(att *attempt, err error) {
	a.update(func() {
		att.view.Problem = a.problem(err, *att.view.Enterprise, att.lang, att.view.Reference)
	})
}

// giveBack revokes tokens that are not kept, as far as the provider can be reached.
func (a *Agent) giveBack(ctx context.Context, p *openid.Provider, tokens auth.TokenSet) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokePatience)
	defer cancel()
	if err := p.Revoke(ctx, tokens); err != nil {
		a.log.Warn("tokens not revoked", "issuer", p.Issuer, "err", err)
	}
}
