// Package session keeps a profile signed in. A [Session] hands out the access token,
// renews it before it ends, and makes sure that one refresh runs at a time however many
// goroutines ask, that a rotated token is saved before anybody uses it, and that a
// sign-out during a refresh wins.
//
// It tells apart what a person must mend (sign in again) from what time mends (the
// network): only the provider's own "no" ever asks for the person, and only after the
// store has been read once more. It has no timer of its own: [Session.NextRefresh] says
// when the owner's single timer should call [Session.Refresh].
//
// It knows no protocol (a [Refresher] speaks that) and no file (a [Store] does).
package session
