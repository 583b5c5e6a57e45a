package openid

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

const (
	maxBody = 1 << 20
	timeout = 10 * time.Second
)

var (
	errNotData  = errors.New("answered something else than data")
	errTooLarge = errors.New("answered more than 1 MiB")
)

// direct returns a copy of client that follows no redirect, so that nothing that is sent
// to an endpoint ends up elsewhere.
func direct(client *http.Client) *http.Client {
	if client == nil {
		client = connector.NewHTTPClient(connector.Policy{})
	}
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// answer is an HTTP answer, read to its end.
type answer struct {
	host   string // that answered
	status int
	date   time.Time
	body   []byte
}

// get reads an address, with the access token if there is one.
func (p *Provider) get(ctx context.Context, address, access string) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if access != "" {
		req.Header.Set("Authorization", "Bearer "+access)
	}
	return p.do(req)
}

// do sends a request and reads its answer within the time limit. The limit is the
// context's: http.Client.Timeout would start a goroutine for each request.
func (p *Provider) do(req *http.Request) (*answer, error) {
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	res, err := p.http.Do(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, auth.Fail(auth.AnswerNotData, nil, errTooLarge)
	}
	a := &answer{host: req.URL.Host, status: res.StatusCode, body: body}
	if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		a.date = date
	}
	return a, nil
}

// decode reads the answer's body as one JSON value; its error holds nothing of it.
func (a *answer) decode(into any) error {
	if a.status != http.StatusOK {
		return fmt.Errorf("answered %d", a.status)
	}
	if !decodeJSON(a.body, into) {
		return errNotData
	}
	return nil
}

// fault is the fault of an answer that is not what stage was asked for. A server that
// is down says so by its status; nothing of its body is kept.
func (a *answer) fault(stage string, err error) error {
	err = fmt.Errorf("read %s: %w", stage, err)
	switch {
	case a.status >= 500 || a.status == http.StatusTooManyRequests:
		return auth.Fail(auth.ProviderUnreachable, auth.Args{"host": a.host}, err)
	case a.status != http.StatusOK:
		return auth.Fail(auth.ProviderFailed, auth.Args{"stage": stage, "code": fmt.Sprint(a.status)}, err)
	default:
		return auth.Fail(auth.AnswerNotData, auth.Args{"stage": stage}, err)
	}
}

// unreachable is the fault of a call to address that got no answer. What the HTTP
// client itself refused keeps the fault that the client gave it.
func unreachable(ctx context.Context, doing, address string, err error) error {
	err = fmt.Errorf("%s: %w", doing, err)
	var own *auth.Error
	var authority x509.UnknownAuthorityError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return auth.Fail(auth.SignInCanceled, nil, err)
	case errors.As(err, &own):
		return err
	case errors.As(err, &authority):
		return auth.Fail(auth.ProxyInterferes, hostArg(address), err)
	default:
		return auth.Fail(auth.ProviderUnreachable, hostArg(address), err)
	}
}

func hostArg(address string) auth.Args {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	return auth.Args{"host": u.Host}
}
