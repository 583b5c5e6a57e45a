package openid

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"lanyard/auth"
)

// tokenFault is the fault of a token request that failed; refused is the one for a
// grant that the provider does not take. Of the answer only status and error code are
// kept: its body may repeat what was sent.
func (p *Provider) tokenFault(ctx context.Context, doing string, refused auth.Fault, err error) error {
	var answered *oauth2.RetrieveError
	if !errors.As(err, &answered) {
		if noAnswer(ctx, err) {
			return unreachable(ctx, doing, p.TokenEndpoint, err)
		}
		return auth.Fail(auth.AnswerNotData, auth.Args{"stage": "token"}, fmt.Errorf("%s: %w", doing, errNotData))
	}
	status, code := answered.Response.StatusCode, errorCode(answered.ErrorCode)
	cause := fmt.Errorf("%s: %s answered %d %s", doing, answered.Response.Request.URL.Host, status, code)
	switch {
	case code == "invalid_grant" && answered.ErrorDescription == string(auth.AccessEnded) && refused == auth.SignInRequired:
		return auth.Fail(auth.AccessEnded, nil, cause)
	case code == "invalid_grant":
		return auth.Fail(refused, nil, cause)
	case code == "invalid_client" && !p.secret.IsZero():
		return auth.Fail(auth.ProviderSecret, auth.Args{"stage": "token", "code": code}, cause)
	case code == "invalid_client" || code == "unauthorized_client":
		return misconfigured(code, cause)
	case status >= 500 || status == http.StatusTooManyRequests:
		return auth.Fail(auth.ProviderUnreachable, hostArg(p.TokenEndpoint), cause)
	default:
		args := auth.Args{"stage": "token", "code": code}
		if code == "" {
			args["code"] = fmt.Sprint(status)
		}
		return auth.Fail(auth.ProviderFailed, args, cause)
	}
}

// refreshFault is the fault of a refresh that failed. Network trouble, a provider
// that is down and a page in place of an answer are all "offline": nobody is signed
// out by them.
func (p *Provider) refreshFault(ctx context.Context, err error) error {
	err = p.tokenFault(ctx, "refresh", auth.SignInRequired, err)
	var own *auth.Error
	if errors.As(err, &own) && (own.Fault == auth.ProviderUnreachable || own.Fault == auth.AnswerNotData) {
		return auth.Fail(auth.Offline, own.Args, own.Err)
	}
	return err
}

// noAnswer reports whether a token request failed before there was an answer.
func noAnswer(ctx context.Context, err error) bool {
	var transport *url.Error
	return ctx.Err() != nil || errors.As(err, &transport)
}

// errorCode returns an OAuth error code if it looks like one; anything else could be
// text of the provider's own, or what was sent to it.
func errorCode(code string) string {
	if len(code) > 40 || strings.ContainsFunc(code, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		return ""
	}
	return code
}
