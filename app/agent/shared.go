package agent

import (
	"context"
	"slices"
)

// An account on a computer that others use too is kept in memory alone: neither its
// tokens (vault.Entry.Passing) nor its record (remember) are written, and it vanishes
// when its person signs out or the agent ends. The pin of its directory stays, which
// says nothing about anybody.

// isShared reports whether a profile is such a one; the caller holds the lock.
func (a *Agent) isShared(profile string) bool {
	return slices.ContainsFunc(a.accounts, func(acc *account) bool { return acc.ID == profile && acc.shared })
}

func (a *Agent) anyShared() bool {
	return slices.ContainsFunc(a.accounts, func(acc *account) bool { return acc.shared })
}

// vanish ends a shared account, here and at the company as far as it can be reached.
func (a *Agent) vanish(ctx context.Context, acc *account) {
	a.mu.Lock()
	a.leave(acc)
	a.mu.Unlock()
	_ = a.drop(ctx, acc.ID) // nothing of it is on the disk
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remove(acc.ID)
	a.log.Info("shared profile removed", "profile", acc.ID)
}

// remove takes a profile that was left out of the list, unless somebody has signed in
// again since; the caller holds the lock.
func (a *Agent) remove(id string) {
	a.accounts = slices.DeleteFunc(a.accounts, func(acc *account) bool { return acc.ID == id && acc.SignedOut })
	if _, err := a.account(id); err != nil && a.current == id {
		a.current = ""
		if len(a.accounts) > 0 {
			a.current = a.accounts[0].ID
		}
	}
	a.rememberOrWarn()
	a.publish()
}

// endShared ends all shared accounts, because the agent ends.
func (a *Agent) endShared(ctx context.Context) {
	a.mu.Lock()
	accounts := slices.DeleteFunc(slices.Clone(a.accounts), func(acc *account) bool { return !acc.shared })
	a.mu.Unlock()
	for _, acc := range accounts {
		a.vanish(ctx, acc)
	}
}
