package threestep

import (
	"net/url"
	"slices"
	"strings"

	"lanyard/auth/server"
)

// appID is the query field by which vendors of such interfaces tell their customers
// apart at one callback address.
const appID = "app_id"

// redirectAllowed reports whether an answer to the client may go to uri.
func redirectAllowed(c server.Client, uri string) bool {
	for i := range len(uri) { // what a browser would strip, trim or read otherwise
		if b := uri[i]; b <= ' ' || b >= 0x7f || strings.IndexByte("#\\\"<>^`{|}", b) >= 0 {
			return false
		}
	}
	address, query, _ := strings.Cut(uri, "?")
	asked, err := parse(query)
	if err != nil {
		return false
	}
	for name := range asked {
		// The answer's own fields would be there twice.
		if name == param(c, paramCode) || name == param(c, paramState) || name == "code" || name == "state" {
			return false
		}
		if name != appID && strings.EqualFold(name, appID) {
			return false
		}
	}
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		own, query, _ := strings.Cut(registered, "?")
		pinned, err := url.ParseQuery(query)
		return err == nil && own != "" && own == address && fits(pinned, asked)
	})
}

// unregistered returns the app_id of a callback that would be allowed if its app_id were
// registered, else "". Such vendors tell an admin their app_id late or nowhere; the
// refusal does.
func unregistered(c server.Client, uri string) string {
	_, query, _ := strings.Cut(uri, "?")
	asked, err := parse(query)
	id := asked.Get(appID)
	if err != nil || len(id) > 64 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	c.RedirectURIs = slices.Clone(c.RedirectURIs)
	for i, registered := range c.RedirectURIs {
		address, query, _ := strings.Cut(registered, "?")
		if pinned, err := url.ParseQuery(query); err == nil {
			pinned.Set(appID, id)
			c.RedirectURIs[i] = address + "?" + pinned.Encode()
		}
	}
	if id == "" || !redirectAllowed(c, uri) {
		return ""
	}
	return id
}

// fits reports whether a callback's query holds what the registered one pins. Fields
// that it does not know are the application's own, but for app_id.
func fits(pinned, asked url.Values) bool {
	if asked.Has(appID) && !pinned.Has(appID) {
		return false
	}
	for name := range pinned {
		if !asked.Has(name) || asked.Get(name) != pinned.Get(name) {
			return false
		}
	}
	return true
}

// withAnswer appends code and state to an address whose own query stays as it is.
func withAnswer(c server.Client, address, code, state string) string {
	var out strings.Builder
	out.WriteString(address)
	switch {
	case !strings.Contains(address, "?"):
		out.WriteByte('?')
	case !strings.HasSuffix(address, "?") && !strings.HasSuffix(address, "&"):
		out.WriteByte('&')
	}
	out.WriteString(url.QueryEscape(param(c, paramCode)) + "=" + url.QueryEscape(code))
	if state != "" {
		out.WriteString("&" + url.QueryEscape(param(c, paramState)) + "=" + url.QueryEscape(state))
	}
	return out.String()
}
