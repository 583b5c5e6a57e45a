package threestep

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"

	"lanyard/auth"
	"lanyard/auth/server"
)

// The fields by the keys of [server.Three]. What comes to us:
const (
	paramClient   = "app_id"
	paramSecret   = "app_secret"
	paramRedirect = "redirect_uri"
	paramType     = "response_type"
	paramState    = "state"
	paramCode     = "code"
	paramGrant    = "grant_type"
	paramToken    = "access_token"
)

// What we answer:
const (
	answerToken   = "access_token"
	answerExpires = "expires_in"
	answerID      = "user_id"
	answerName    = "name"
	answerEmail   = "email"
	answerAvatar  = "avatar"
)

// seed holds the names of the document's own example, where they are not the key.
var (
	seedParams  = map[string]string{paramClient: "client_id", paramSecret: "client_secret"}
	seedAnswers = map[string]string{answerID: "union_id", answerName: "user_name"}
)

var allParams = []string{
	paramClient, paramSecret, paramRedirect, paramType, paramState, paramCode, paramGrant, paramToken,
}

// param is how a client calls a field of its requests.
func param(c server.Client, key string) string {
	return cmp.Or(c.Three.Params[key], seedParams[key], key)
}

// answer is how a client wants a field of ours to be called.
func answer(c server.Client, key string) string {
	return cmp.Or(c.Three.Answers[key], seedAnswers[key], key)
}

// parse reads a query or form of which no field may be there twice: two readers could
// take different ones.
func parse(raw string) (url.Values, error) {
	if len(raw) > maxQuery {
		return nil, errors.New("the request is too long")
	}
	v, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errors.New("the request cannot be read") // the cause would quote it
	}
	return v, once(v)
}

func once(v url.Values) error {
	for _, values := range v {
		if len(values) != 1 {
			return errors.New("a field is there more than once")
		}
	}
	return nil
}

// clients are those of an enterprise that speak the three interfaces.
func (p *Provider) clients(ctx context.Context, enterprise string) ([]server.Client, error) {
	all, err := p.cfg.Clients.ListClients(ctx, enterprise)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(c server.Client) bool { return c.Three == nil }), nil
}

// client returns the one client that a request names. Each has its own name for the
// field that names it, so the request is held against all; one that names two is nobody's.
func (p *Provider) client(ctx context.Context, enterprise string, v url.Values) (server.Client, error) {
	clients, err := p.clients(ctx, enterprise)
	if err != nil {
		return server.Client{}, err
	}
	named := slices.DeleteFunc(clients, func(c server.Client) bool { return v.Get(param(c, paramClient)) != c.ID })
	if len(named) != 1 {
		return server.Client{}, auth.ErrNotFound
	}
	return named[0], nil
}
