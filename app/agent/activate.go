package agent

import (
	"context"
	"errors"
	"regexp"
	"sync"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/directory"
	"lanyard/auth/openid"
	"lanyard/auth/workbench"
)

// appIDForm is a Lanyard APPID: AK, and what a company was given with it.
var appIDForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^AK[0-9A-Za-z]{6,40}$`)
})

// maxCode bounds an authorization code; the longest that a vendor gives has 512 bytes.
const maxCode = 4096

// activation is a sign-in by the code of an enterprise's own program, without a browser.
type activation struct {
	appID string
	code  auth.Secret
}

// Activate starts an attempt with an authorization code that the enterprise's own
// program obtained. It is confirmed like any other the first time, and it ends in fault
// SignInOtherPerson where somebody else is signed in at that enterprise.
func (a *Agent) Activate(ctx context.Context, req local.ActivateRequest) (string, error) {
	if !appIDForm().MatchString(req.AppID) || req.Code == "" || len(req.Code) > maxCode {
		return "", auth.Fail(auth.BadInput, auth.Args{"reason": "app_id, code"}, nil)
	}
	lang := local.Lang(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.attempt != nil && !a.attempt.view.Over() {
		return "", auth.Fail(auth.SignInBusy, nil, nil)
	}
	att := a.newAttempt(defaultTimeout)
	att.query = directory.Query{Typed: req.AppID}
	att.activation = &activation{req.AppID, auth.NewSecret(req.Code)}
	att.lang, att.env = a.langOf(lang, req.Env), a.childEnv(req.Env)
	return a.start(att, defaultTimeout), nil //nolint:contextcheck // the attempt outlives the request
}

// activate makes the steps of an activation and returns the profile that is signed in.
func (a *Agent) activate(ctx context.Context, att *attempt, w *way) (profile string, err error) {
	origin, err := a.activatesAt(ctx, att.activation.appID)
	if err != nil {
		return "", err
	}
	request, challenge := openid.CodeRequest()
	given, err := workbench.Activate(ctx, a.cfg.HTTP, origin, att.activation.appID, att.activation.code, challenge)
	if err != nil {
		return "", err
	}
	a.update(func() {
		att.query = directory.Query{Code: given.Enterprise, Directory: origin, Typed: att.query.Typed}
	})
	if err := a.resolve(ctx, att, w); err != nil {
		return "", err
	}
	if err := a.confirm(ctx, att, w); err != nil {
		return "", err
	}
	a.update(func() { att.view.Step = local.StepFinishing })
	if w.vault, err = a.openVault(ctx, false); err != nil {
		return "", err
	}
	if err := w.vault.Prepare(ctx); err != nil {
		return "", err
	}
	tokens, identity, err := w.provider.Exchange(ctx, request, given.Code)
	if err != nil {
		return "", err
	}
	err = a.replacesNobody(w.found, identity)
	if err == nil {
		profile, err = a.keep(ctx, att, w, tokens, identity)
	}
	if err != nil {
		a.giveBack(ctx, w.provider, tokens)
		return "", err
	}
	if err := a.refreshApps(ctx, profile); err != nil {
		a.log.Warn("apps not refreshed", "profile", profile, "err", err)
	}
	return profile, nil
}

// activatesAt returns the origin of the known directory whose server takes codes for an
// APPID. The code itself goes to nobody before that: the first who sees it could use it.
func (a *Agent) activatesAt(ctx context.Context, appID string) (string, error) {
	origins := a.directory().Directories
	if len(origins) == 0 {
		return "", auth.Fail(auth.DirectoryNone, nil, nil)
	}
	var silent error
	for _, origin := range origins {
		takes, err := workbench.Activates(ctx, a.cfg.HTTP, origin, appID)
		switch {
		case takes:
			return origin, nil
		case ctx.Err() != nil:
			return "", ctx.Err()
		case errors.Is(err, auth.ErrOffline):
			silent = err
		case err != nil:
			a.log.Info("directory knows no activation", "origin", origin, "err", err)
		}
	}
	if silent != nil {
		return "", silent
	}
	return "", auth.Fail(auth.CodeUnknown, auth.Args{"code": appID}, nil)
}

// replacesNobody refuses an activation where somebody else is signed in at the same
// enterprise: no program may exchange the person without their asking for it.
func (a *Agent) replacesNobody(found directory.Resolved, identity auth.Identity) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, acc := range a.accounts {
		same := acc.Origin == found.Origin && acc.Enterprise.ID == found.Document.Enterprise.ID
		if same && !acc.SignedOut && !acc.Ended && !acc.Identity.Same(identity) {
			return auth.Fail(auth.SignInOtherPerson, auth.Args{"name": identity.Name, "expected": acc.Identity.Name}, nil)
		}
	}
	return nil
}
