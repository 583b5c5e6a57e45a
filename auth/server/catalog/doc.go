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
// The package knows the kinds of app that a browser can be sent to (link, oidc) and
// how their addresses are filled; it does not sign anybody in itself (server.Gate),
// check tokens (server.Bearer) or store anything (the interfaces of auth/server). No
// app ever gets a cookie or token of ours.
package catalog
