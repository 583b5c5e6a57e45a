// Package catalog opens a person's apps, signed in: the desktop's API for apps and
// launch links, the links themselves, the access link that every app has, and My apps
// in the browser.
//
// A launch link signs in whatever browser opens it, so it is worth a password for a
// minute. It binds itself to the first browser that presents it (a random cookie) and
// sends that browser through the agent on the same computer, which proves with the
// link's key that it is the one that asked for it; only then does the browser get an
// SSO session, a child of the agent's. Where the agent cannot be reached, the person
// says so on a page. Whatever else happens to a link, it goes on as the app's access
// link and signs nobody in; presented by a second browser, it ends what the first one
// got.
//
// An app opens by its kind (server.LaunchSpec): link and oidc are addresses that are
// filled here, steps are HTTP calls that auth/connector makes, native is a code for a
// program of the device, and every other kind has a package of its own (server.Opener).
// Who may open an app is asked at each opening, in one place; what became of the opening
// is written down in the same place, and for two minutes My apps asks the person whether the
// app wanted a password. The package does not sign anybody in itself
// (server.Gate), check tokens (server.Bearer), make them (server.Minter) or store anything
// (the interfaces of auth/server). No app ever gets a cookie or token of ours, but for the
// id_token that steps show to a vendor on its behalf.
package catalog
