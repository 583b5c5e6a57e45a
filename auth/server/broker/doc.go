// Package broker is the OpenID provider of every enterprise: towards Lanyard's desktop
// program and towards apps. It serves discovery, authorize, token, userinfo, keys,
// revocation, device authorization and end-session below {public_url}/e/{id}, in a
// strict profile: code with PKCE S256 for every client, redirect addresses compared
// exactly (any port on loopback), iss in every answer, rotating refresh tokens, opaque
// access tokens with an audience.
//
// It knows no upstream provider and signs nobody in: who sits at the browser comes from
// server.Gate (auth/server/sso), and records from the store's interfaces. It imports
// neither texts nor templates; cmd/lanyard-server gives it both.
//
// Its parts meet in three values. A request (request.go) is a verified authorize request;
// code.go, refresh.go and device.go turn a code, a refresh token or a device code into an
// answer; keys.go signs, by keys that rotate.go changes. Every failure that a client reads
// is an [Error] with one writer.
//
// # Signing in with a browser on another machine
//
// RFC 8628, for the desktop program alone and only where the enterprise allows it: the
// discovery document then names a device_authorization_endpoint. The program asks there,
// by POST of a form:
//
//	client_id=lanyard  scope=openid …
//	code_challenge=…  code_challenge_method=S256
//	device=build-7     how a person would name the device; may be left out
//	nonce=…            comes back in the id_token; may be left out
//
// and is answered, beside the fields of RFC 8628 section 3.2 (device_code, user_code,
// verification_uri, verification_uri_complete, expires_in, interval), with
//
//	"number": "07"
//
// two digits that the device shows and that the page asks for, after the QR code too: a
// link that somebody else sent cannot be approved by who does not see the device.
// verification_uri is {public_url}/device, the same for every enterprise and short enough
// to be typed; it finds the enterprise by the code. The device then
// polls the token endpoint with grant_type=urn:ietf:params:oauth:grant-type:device_code,
// device_code, client_id and code_verifier, every interval seconds (5 more after each
// slow_down), until it gets tokens as for a code or an error other than
// authorization_pending: access_denied (also after five wrong numbers), expired_token,
// invalid_grant (the code is unknown or was used, or the verifier does not fit).
//
// The person's other desktops are told in their next answers to a refresh, for a day:
//
//	"new_device": {"name": "build-7", "at": 1795330000}
//
// # Saying goodbye
//
// What ends a session writes, in the same transaction, a message to each app that got
// tokens under it and has an address for such (server.Farewell); farewell.go sends them.
package broker
