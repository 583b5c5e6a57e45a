// Package threestep is the provider of the three interfaces that the WPS document "SSO
// 登录" describes (authorize page, /accessToken, /userInfo), so that an application that
// can be configured for nothing else signs its people in with us. They lie under
// {issuer}/three/. A client of theirs is a [server.Client] with Three set, and no client
// of the OpenID provider; the names of all fields are that client's.
//
// The document is silent where it is weak, so this package is strict there. The
// interfaces have no PKCE and no redirect_uri at /accessToken: whoever could choose
// where a code goes could put it into a sign-in of their own. So the callback's origin
// and path must be registered letter by letter, and every query field that the
// registered address carries is pinned; an app_id, which at such vendors names the
// customer, must be a registered one. The secret and the token stand in addresses
// because the interfaces say so: GET at /accessToken is off until the client's record
// allows it, the token is worth five minutes of /userInfo and nothing else, and no query
// of these pages is ever logged.
//
// The document has no error shape. /accessToken and /userInfo answer as OAuth does (RFC
// 6749, section 5.2), which it names as its base; at the authorize page a person is told,
// since an error at the callback would mean nothing to the application. Signing in
// (server.Gate), storage and pages come from outside.
package threestep
