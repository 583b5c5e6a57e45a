package broker

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"lanyard/auth"
	"lanyard/auth/server"
)

// readRequest reads the form of the token or revocation endpoint and the client that
// sent it.
func (b *Broker) readRequest(w http.ResponseWriter, r *http.Request, enterprise string) (url.Values, server.Client, error) {
	form, err := readForm(w, r)
	if err != nil {
		return nil, server.Client{}, &Error{Code: codeInvalidRequest, Description: "the form cannot be read", cause: err}
	}
	for name, values := range form {
		if len(values) != 1 { // RFC 6749 section 3.2
			return nil, server.Client{}, refuse(codeInvalidRequest, printable(name)+" is there more than once")
		}
	}
	client, err := b.authenticate(r.Context(), r, form, enterprise)
	return form, client, err
}

// authenticate returns the client that sent the request: a confidential one proves
// itself by its secret, in one of two ways (RFC 6749 section 2.3.1), a public one has
// none to show.
func (b *Broker) authenticate(ctx context.Context, r *http.Request, form url.Values, enterprise string) (server.Client, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		name, err1 := url.QueryUnescape(user)
		word, err2 := url.QueryUnescape(password)
		if err := errors.Join(err1, err2); err != nil {
			return server.Client{}, unknownClient(err)
		}
		if secret != "" || (id != "" && id != name) {
			return server.Client{}, refuse(codeInvalidRequest, "the client shows itself in two ways")
		}
		id, secret = name, word
	} else if r.Header.Get("Authorization") != "" {
		return server.Client{}, unknownClient(errors.New("authorization header is not Basic"))
	}
	if id == "" {
		return server.Client{}, unknownClient(errors.New("no client_id"))
	}
	client, err := b.client(ctx, enterprise, id)
	if errors.Is(err, auth.ErrNotFound) {
		return server.Client{}, unknownClient(err)
	}
	if err != nil {
		return server.Client{}, err
	}
	shown := "" // an empty secret is no secret, for public and confidential clients alike
	if secret != "" {
		shown = server.Hash(secret)
	}
	if !auth.NewSecret(shown).Equal(auth.NewSecret(client.SecretHash)) {
		return server.Client{}, unknownClient(errors.New("wrong client secret"))
	}
	return client, nil
}

func unknownClient(cause error) error {
	return &Error{Code: codeInvalidClient, Status: http.StatusUnauthorized, cause: cause}
}
