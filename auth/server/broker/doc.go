// Package broker is the OpenID provider of every enterprise: towards Lanyard's desktop
// program and towards apps. It serves discovery, authorize, token, userinfo, keys,
// revocation and end-session below {public_url}/e/{id}, in a strict profile: code with
// PKCE S256 for every client, redirect addresses compared exactly (any port on
// loopback), iss in every answer, rotating refresh tokens, opaque access tokens with an
// audience.
//
// It knows no upstream provider and signs nobody in: who sits at the browser comes from
// server.Gate (auth/server/sso), and records from the store's interfaces. It imports
// neither texts nor templates; cmd/lanyard-server gives it both.
//
// Its parts meet in three values. A request (request.go) is a verified authorize request;
// grants.go turns a code or a refresh token into an answer; keys.go signs. Every failure
// that a client reads is an [Error] with one writer.
package broker
