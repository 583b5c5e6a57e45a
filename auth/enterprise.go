package auth

// Text is one text in several languages, keyed by a BCP 47 tag ("en", "zh").
type Text map[string]string

// In returns the text in the wanted language, else in English, else in any
// language (the alphabetically first, so that the answer does not change from
// call to call), else "".
func (t Text) In(lang string) string {
	for l := lang; l != ""; l = parentTag(l) {
		if s := t[l]; s != "" {
			return s
		}
	}
	if s := t["en"]; s != "" {
		return s
	}
	first := ""
	for l, s := range t {
		if s != "" && (first == "" || l < first) {
			first = l
		}
	}
	return t[first]
}

// parentTag cuts the last subtag: "zh-Hans-CN" → "zh-Hans" → "zh" → "".
func parentTag(tag string) string {
	for i := len(tag) - 1; i > 0; i-- {
		if tag[i] == '-' || tag[i] == '_' {
			return tag[:i]
		}
	}
	return ""
}

// Enterprise is what people see of a company: it comes signed from the company's
// directory and holds nothing secret.
type Enterprise struct {
	// ID never changes; codes may.
	ID string `json:"id"`
	// Code is the enterprise code that people type, in its normal form.
	Code string `json:"code"`
	Name Text   `json:"name"`
	// Logo is a data: URI (PNG or SVG-free raster, at most 32 KiB), or empty.
	Logo string `json:"logo,omitempty"`
	// Domains are the mail domains that this enterprise says are its own.
	Domains []string `json:"domains,omitempty"`
	Help    Help     `json:"help,omitzero"`
}

// Help is whom an employee asks. Every error that a person cannot mend ends with it.
type Help struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Chat  string `json:"chat,omitempty"`
	Link  string `json:"link,omitempty"` // https only
}

// Identity is who signed in. Issuer and Subject together are the person; the
// other fields are for showing and may change or be missing. An e-mail address is
// never an identity.
type Identity struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	Name    string `json:"name,omitempty"`
	// Email is set only where the provider says that it verified the address.
	Email  string `json:"email,omitempty"`
	Avatar string `json:"avatar,omitempty"`
}

// Same reports whether both are the same person at the same issuer.
func (id Identity) Same(other Identity) bool {
	return id.Issuer == other.Issuer && id.Subject == other.Subject
}

// App is one app of a person's workbench. It never holds a token or a secret.
type App struct {
	ID    string `json:"id"`
	Title Text   `json:"title"`
	// Icon is the SHA-256 (hex) under which the workbench serves the picture.
	Icon string `json:"icon,omitempty"`
	// URL is the app's access link at our server, or its own address where the
	// enterprise has no server of ours.
	URL string `json:"url"`
	// Plain is the app's own address, for when our server is down.
	Plain string `json:"plain,omitempty"`
	// Kind is "oidc" where the enterprise has no server of ours and URL is the app's
	// initiate_login_uri: the desktop adds iss and login_hint (OpenID Connect Core
	// section 4). Any other URL is opened as it is.
	Kind string `json:"kind,omitempty"`
	// Native names a program of the device's allow-list; empty for a web app.
	Native string `json:"native,omitempty"`
}
