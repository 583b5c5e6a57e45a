package demo

import "net/http"

// The SSO's client for the broker, as in the seed's document.
const (
	ClientID     = "c1ebe466-1cdc-4bd3-ab69-77c3561b9dee"
	ClientSecret = "d8346ea2-6017-43ed-ad68-19c0f971738b" //nolint:gosec // published in the interface's own document
)

// Password is every demo account's.
const Password = "lanyard"

// Account is one person of the pretend company.
type Account struct {
	Username, Name, UnionID string
}

// Accounts are the people of the pretend company.
func Accounts() []Account { return nil }

// SSOConfig is what the company's own sign-in is made of.
type SSOConfig struct {
	BaseURL      string
	RedirectURIs []string
}

// AppConfig is what one of the company's apps is made of.
type AppConfig struct {
	BaseURL      string
	Issuer       string
	ClientID     string
	ClientSecret string
}

// NewSSO returns the company's own sign-in.
func NewSSO(cfg SSOConfig) http.Handler { return http.NotFoundHandler() }

// NewNotes returns the app that signs in by OpenID Connect with a library.
func NewNotes(cfg AppConfig) http.Handler { return http.NotFoundHandler() }

// NewHandbook returns the app that signs in without a library.
func NewHandbook(cfg AppConfig) http.Handler { return http.NotFoundHandler() }
