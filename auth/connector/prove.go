package connector

import (
	"context"
	"errors"
	"maps"
	"slices"

	"lanyard/auth"
)

// CanProve reports whether the vendor can be asked if a person still belongs; kept is
// what [Result].Kept and the refresh token of the sign-in left of them.
func (c *Connector) CanProve(kept map[string]auth.Secret) bool {
	return len(c.proof(kept)) > 0
}

// proof returns the steps that ask. Where those of recheck do with an app-level token,
// they are enough; otherwise the person's own token has to be renewed first, and where
// there is no recheck that alone is the proof.
func (c *Connector) proof(kept map[string]auth.Secret) []Step {
	switch {
	case len(c.Recheck) > 0 && !placeholders(c.Recheck)["access_token"]:
		return c.Recheck
	case len(c.Refresh) > 0 && !kept["refresh_token"].IsZero():
		return slices.Concat(c.Refresh, c.Recheck)
	}
	return nil
}

// Prove asks the vendor whether the person still belongs of whom run holds what the
// sign-in kept. nil is yes. The fault AccessEnded is a clear no, the kind
// [auth.ErrOffline] a vendor that is down; any other error says that this way of asking
// works no more. kept is what to keep from now on, on failure too: a vendor that rotates
// its refresh tokens has ended the old one by then.
func (e *Engine) Prove(ctx context.Context, c *Connector, run Run) (kept map[string]auth.Secret, err error) {
	steps := c.proof(run.Secrets)
	if len(steps) == 0 {
		return nil, auth.Fail(auth.SignInRequired, nil, errors.New("ask vendor: there is no way to"))
	}
	x := e.start(c, run)
	err = x.steps(ctx, steps)
	if errors.Is(err, auth.SignInWrongCompany) {
		err = auth.Fail(auth.AccessEnded, nil, err) // moved to another company
	}
	return x.keep(), err
}

// keep returns the values that the steps after a sign-in want and that this run has set.
func (x *execution) keep() map[string]auth.Secret {
	var kept map[string]auth.Secret
	for name := range x.c.wantedLater() {
		if x.values[name] == "" || name == "access_token" {
			continue
		}
		if kept == nil {
			kept = map[string]auth.Secret{}
		}
		kept[name] = auth.NewSecret(x.values[name])
	}
	return kept
}

// wantedLater returns the names that the steps after a sign-in use, but for those of
// app-level tokens, which the steps fetch for themselves.
func (c *Connector) wantedLater() nameSet {
	wanted := nameSet{}
	for _, list := range [][]Step{c.Refresh, c.Revoke, c.Recheck, c.Apps} {
		names := placeholders(list)
		for _, s := range list {
			if s.Cache != nil {
				maps.DeleteFunc(names, func(name string, _ bool) bool { return s.Set[name] != nil })
			}
		}
		maps.Copy(wanted, names)
	}
	if c.Logout != nil {
		maps.Copy(wanted, placeholdersOf(func(w walker) { w.request("", c.Logout, nil) }))
	}
	return wanted
}

// placeholders returns the names that steps use.
func placeholders(steps []Step) nameSet {
	return placeholdersOf(func(w walker) { w.steps("", steps, nameSet{}) })
}

func placeholdersOf(walk func(walker)) nameSet {
	found := nameSet{}
	walk(walker{func(_ spot, template string) (string, bool) {
		_ = pieces(template, func(string) error { return nil }, func(name string, _ bool) error {
			found[name] = true
			return nil
		})
		return template, true
	}})
	return found
}
