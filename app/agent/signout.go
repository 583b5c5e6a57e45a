package agent

import (
	"context"
	"errors"
	"slices"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/session"
	"lanyard/auth/vault"
	"lanyard/auth/words"
)

// SignOut ends a profile here: at once on this computer, and at the company as far as
// it can be reached. The profile stays remembered. Tokens that cannot be deleted from the
// disk are an error: the profile would have them again after a restart. Everywhere ends
// all of the person's sessions first, and changes nothing where that fails; a company
// without a server of ours cannot do that (fault NotHere).
func (a *Agent) SignOut(ctx context.Context, req local.SignOutRequest) error {
	a.mu.Lock()
	acc, err := a.account(req.Profile)
	if err != nil {
		a.mu.Unlock()
		return err
	}
	id := acc.ID
	a.mu.Unlock()
	if req.Everywhere {
		if err := a.endEverywhere(ctx, id); err != nil {
			return err
		}
	}
	a.mu.Lock()
	if acc.shared {
		a.mu.Unlock()
		a.vanish(ctx, acc)
		return nil
	}
	a.leave(acc)
	a.rememberOrWarn()
	a.publish()
	a.mu.Unlock()
	a.log.Info("signed out", "profile", id)
	return a.drop(ctx, id)
}

// endEverywhere ends all sessions that the person has at the company's server.
func (a *Agent) endEverywhere(ctx context.Context, id string) error {
	s, rec, err := a.liveSession(ctx, id)
	if !rec.Workbench {
		return auth.Fail(auth.NotHere, auth.Args{"what": "logout --everywhere"}, err)
	}
	if err == nil {
		err = a.asSession(ctx, s, func() error { return a.workbench(rec, s.Token).SignOut(ctx, true) })
	}
	if errors.Is(err, auth.ErrSignInRequired) {
		return auth.Fail(auth.SignInRequired, auth.Args{"company": rec.Enterprise.Name.In(words.Match(local.Lang(ctx)))}, err)
	}
	return err
}

// Forget removes a profile and all that is kept of it here. With the last profile of
// a directory its pin goes, with the very last one the vault and its key. Where the
// keyring is locked it changes nothing (fault KeyringLocked).
func (a *Agent) Forget(ctx context.Context, profile string) error {
	a.mu.Lock()
	acc, err := a.account(profile)
	if err != nil {
		a.mu.Unlock()
		return err
	}
	id, origin := acc.ID, acc.Origin
	a.mu.Unlock()
	v, err := a.openVault(ctx, false)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.leave(acc)
	a.mu.Unlock()
	if err := a.discard(ctx, v, id); err != nil { // tokens that nobody remembers would stay for ever
		a.update(a.rememberOrWarn)
		return err
	}

	a.mu.Lock()
	a.remove(id)
	last := len(a.accounts) == 0
	lastHere := !slices.ContainsFunc(a.accounts, func(acc *account) bool { return acc.Origin == origin })
	a.mu.Unlock()
	a.log.Info("profile forgotten", "profile", id)
	if lastHere {
		err = a.directory().ForgetPin(origin)
	}
	if last {
		err = errors.Join(err, v.Destroy(ctx))
	}
	return err
}

// leave makes a profile signed out in State and ends what runs for it; the caller
// holds the lock and then calls drop without it.
func (a *Agent) leave(acc *account) {
	acc.SignedOut = true
	acc.status, acc.silent = session.Status{}, false
	if a.last != nil && a.last.profile == acc.ID {
		a.forgetOpening()
	}
	if att := a.attempt; att != nil && att.again == acc.ID && !att.view.Over() {
		att.cancel(auth.Fail(auth.SignInCanceled, nil, errors.New("sign out")))
	}
	if s := acc.session; s != nil {
		acc.session = nil
		a.background(func(context.Context) { s.End() })
	}
}

// drop discards the tokens of a profile that was left. Where the keyring is locked
// they stay sealed until it opens, see openVault.
func (a *Agent) drop(ctx context.Context, id string) error {
	v, err := a.openVault(ctx, false)
	if err != nil {
		a.log.Warn("tokens not deleted yet", "profile", id, "err", err)
		return nil
	}
	return a.discard(ctx, v, id)
}

// discard deletes the tokens of a profile that was left, then ends the session at the
// company's server and gives the tokens back to their provider, with those of earlier
// sign-ins, as far as they can be reached. Where somebody has signed in again since, it
// does nothing. It returns when all of that is done, also by another call, such as the one
// for who had signed out before the vault was open.
func (a *Agent) discard(ctx context.Context, v *vault.Vault, id string) error {
	a.discarding.Lock()
	defer a.discarding.Unlock()
	a.mu.Lock()
	entry, err := v.Get(id)
	if acc, _ := a.account(id); err != nil || acc != nil && !acc.SignedOut {
		a.mu.Unlock()
		return nil
	}
	kept := v.Delete(id)
	a.mu.Unlock()
	if kept != nil {
		a.log.Error("tokens not deleted", "profile", id, "err", kept)
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokePatience)
	defer cancel()
	if rec := a.recordOf(id); rec.Workbench && rec.Issuer == entry.Issuer {
		token := func(context.Context) (auth.Secret, error) { return entry.Tokens.Access, nil }
		if err := a.workbench(rec, token).SignOut(asking, false); err != nil {
			a.log.Info("session not ended", "profile", id, "err", err) // revoking may do
		}
	}
	p, err := a.provider(asking, id)
	if err != nil || p.Issuer != entry.Issuer {
		a.log.Warn("tokens not revoked", "profile", id, "err", err)
		return kept
	}
	a.giveBack(asking, p, entry.Tokens)
	for _, token := range entry.Former {
		if asking.Err() != nil {
			break // nobody answers
		}
		a.giveBack(asking, p, auth.TokenSet{Refresh: token})
	}
	return kept
}
