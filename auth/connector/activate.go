package connector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lanyard/auth"
)

// Activate is [Engine.Exchange] by the connector's activate steps. Of run's secrets only
// those of the activate block are used.
func (e *Engine) Activate(ctx context.Context, c *Connector, run Run, code auth.Secret) (*Result, error) {
	if c.Activate == nil {
		return nil, misconfigured("activate", fmt.Errorf("connector %q does not offer it", c.ID))
	}
	own := Run{Vars: run.Vars, Unseen: run.Unseen, Secrets: map[string]auth.Secret{}}
	for _, name := range c.Activate.Secrets {
		own.Secrets[name] = run.Secrets[name]
	}
	return e.exchange(ctx, c, c.Activate.Steps, own, code)
}

// activate checks that the activate block shows an upstream client of its own and pins
// the company like the sign-in does.
func (k *checker) activate() {
	a := k.c.Activate
	k.identifies("activate.steps", a.Steps)
	if len(a.Secrets) == 0 {
		k.add("activate.secrets", "is missing: activation needs an upstream client of its own")
	}
	for i, name := range a.Secrets {
		_, isVar := k.c.Vars[name]
		switch {
		case slices.Contains(k.c.Secrets, name):
			k.add(at("activate.secrets", i), "is the connector's own secret; activation needs an upstream client of its own")
		case !validName(name):
			k.add(at("activate.secrets", i), "must be named in lower case letters, digits and underscores")
		case isVar, signInNames[name], authorizeNames[name], laterNames[name]:
			k.add(at("activate.secrets", i), "has a name that is in use; choose another")
		}
	}
	for i, s := range a.Steps {
		if s.Auth != "" {
			k.add(at("activate.steps", i)+".auth", "would show the client of the sign-in page; send activation's own in the request")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.c.Expect)) {
		if !slices.ContainsFunc(a.Steps, func(s Step) bool { return len(s.Set[name]) > 0 }) {
			k.add("activate.steps", "no step sets "+name+", which expect pins")
		}
	}
}

// forbids refuses the sign-in page's client among the activate steps.
func (s spot) forbids(name string) error {
	if name == "client_id" && strings.HasPrefix(s.path, "activate.") {
		return errors.New("holds {client_id}, the client of the sign-in page; activation needs one of its own")
	}
	return nil
}
