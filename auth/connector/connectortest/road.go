package connectortest

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// Setting is what a road is made of.
type Setting struct {
	Connector *connector.Connector
	Secrets   map[string]auth.Secret
	HTTP      *http.Client
	Callback  string
}

// Road is the way in that the suite drives.
type Road interface {
	// Begin returns the address that the browser opens, and what finishes the sign-in
	// with the query that the browser brings back.
	Begin(ctx context.Context) (address string, finish Finish, err error)
	// Belongs asks whether the person of a sign-in still belongs.
	Belongs(ctx context.Context, r *connector.Result) error
}

// Finish ends a sign-in.
type Finish func(ctx context.Context, query url.Values) (*connector.Result, error)

// Steps is the road of the step engine.
func Steps(s Setting) Road {
	return &steps{Setting: s, engine: &connector.Engine{HTTP: s.HTTP}}
}

type steps struct {
	Setting
	engine *connector.Engine
}

func (s *steps) Begin(context.Context) (string, Finish, error) {
	run := connector.Run{
		Vars:    map[string]string{"redirect_uri": s.Callback, "state": auth.RandomState()},
		Secrets: map[string]auth.Secret{"code_verifier": auth.NewSecret(auth.RandomToken())},
	}
	maps.Copy(run.Secrets, s.Secrets)
	address, err := s.engine.AuthorizeURL(s.Connector, run)
	return address, func(ctx context.Context, query url.Values) (*connector.Result, error) {
		back := s.Connector.ReadCallback(query)
		if back.State != run.Vars["state"] {
			return nil, auth.Fail(auth.FlowStale, nil, nil)
		}
		if err := back.Err(); err != nil {
			return nil, err
		}
		return s.engine.Exchange(ctx, s.Connector, run, back.Code)
	}, err
}

func (s *steps) Belongs(ctx context.Context, r *connector.Result) error {
	run := connector.Run{Secrets: map[string]auth.Secret{
		"sub": auth.NewSecret(r.Subject), "tenant": auth.NewSecret(r.Tenant), "refresh_token": r.Tokens.Refresh,
	}}
	maps.Copy(run.Secrets, r.Kept)
	maps.Copy(run.Secrets, s.Secrets)
	kept, err := s.engine.Prove(ctx, s.Connector, run)
	for name, value := range kept {
		if name == "refresh_token" {
			r.Tokens.Refresh = value
		}
	}
	return err
}
