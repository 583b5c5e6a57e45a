// Package openid is the relying party of OpenID Connect, without a listener: it
// finds a provider ([Client.Discover]), makes the address that the browser opens
// ([Provider.AuthorizeRequest]), redeems the code that comes back
// ([Provider.Exchange]), or has the person finish on another device
// ([Provider.AskDevice], [Provider.AwaitDevice]), and keeps the tokens alive
// ([Provider.Refresh]) until they are given back ([Provider.Revoke]).
//
// Signatures and the claims iss, aud, exp and nbf are checked by go-oidc; this
// package checks what go-oidc leaves to its caller: nonce, azp, at_hash, iat, the
// allowed algorithms, the subject of userinfo, and the values that a connector
// expects of every token (the enterprise's tenant). Of what a provider answers in
// an error nothing but its code is kept, for the rest may hold what was sent.
//
// It opens no port and no browser (auth/signin and the agent do), stores nothing
// but the provider's discovery document and keys, in memory, and starts no
// goroutine. The desktop and the server use it alike; the client that makes the
// calls comes from auth/connector, which decides where a call may go.
package openid
