package broker

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lanyard/auth/server"
)

// redirectAllowed reports whether uri is one of the registered addresses, compared as
// strings (RFC 9700 section 2.1). Only on loopback may the port differ (RFC 8252
// section 7.3), and nothing else may.
func redirectAllowed(registered []string, uri string) bool {
	if uri == "" || strings.Contains(uri, "#") {
		return false
	}
	if slices.Contains(registered, uri) {
		return true
	}
	asked, ok := withoutPort(uri)
	return ok && slices.ContainsFunc(registered, func(r string) bool {
		own, ok := withoutPort(r)
		return ok && own == asked
	})
}

// withoutPort takes the port out of an http address on the literal 127.0.0.1 or [::1].
// It works on the text, so that no parser can see another host than a browser does.
func withoutPort(uri string) (string, bool) {
	for _, origin := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(uri, origin)
		if !ok {
			continue
		}
		if after, ok := strings.CutPrefix(rest, ":"); ok {
			port, _, _ := strings.Cut(after, "/")
			n, err := strconv.ParseUint(port, 10, 16)
			if err != nil || n == 0 || port[0] == '0' {
				return "", false
			}
			rest = after[len(port):]
		}
		if !strings.HasPrefix(rest, "/") {
			return "", false
		}
		return origin + rest, true
	}
	return "", false
}

// field is one parameter of an answer.
type field struct{ Name, Value string }

// submit sends the form of post.html; its button is for browsers without scripts.
const submit template.JS = "document.forms[0].submit();"

// answer sends the browser back to the client's verified redirect address, with iss
// (RFC 9207) and state added.
func (b *Broker) answer(w http.ResponseWriter, r *http.Request, req *request, fields ...field) {
	fields = append(fields, field{"iss", b.cfg.Base.Issuer(req.enterprise.ID)})
	if req.state != "" {
		fields = append(fields, field{"state", req.state})
	}
	if req.mode == modeFormPost {
		b.answerByPost(w, r, req, fields)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	// 303, never 307: a form that was posted here must not be posted on (RFC 9700 section 4.12).
	h.Set("Location", withQuery(req.redirect, fields...))
	w.WriteHeader(http.StatusSeeOther)
}

// withQuery adds fields to an address that may have a query of its own.
func withQuery(address string, fields ...field) string {
	var out strings.Builder
	out.WriteString(address)
	separator := byte('?')
	if strings.Contains(address, "?") {
		separator = '&'
	}
	for _, f := range fields {
		out.WriteByte(separator)
		out.WriteString(f.Name + "=" + url.QueryEscape(f.Value))
		separator = '&'
	}
	return out.String()
}

// answerByPost answers with a form that posts itself (OAuth 2.0 Form Post Response Mode).
func (b *Broker) answerByPost(w http.ResponseWriter, r *http.Request, req *request, fields []field) {
	lang := b.lang(r, req.locales)
	b.show(w, r, req.enterprise.ID, "post", server.View{
		Lang: lang, Title: b.cfg.Text(lang, "broker.post.title"), Enterprise: req.enterprise,
		FormTo: beyond(req.redirect), Script: submit,
		Body: map[string]any{
			"Action": req.redirect, "Fields": fields, "Continue": b.cfg.Text(lang, "common.continue"),
		},
	})
}

// answerError sends an error back to the client.
func (b *Broker) answerError(w http.ResponseWriter, r *http.Request, req *request, err error) {
	e := asError(err)
	if e.Code == codeServerError {
		b.log.ErrorContext(r.Context(), "authorize request not answered", "enterprise", req.enterprise.ID, "client", req.client.ID, "err", e.cause)
	} else {
		b.log.InfoContext(r.Context(), "authorize request refused", "enterprise", req.enterprise.ID, "client", req.client.ID, "err", e)
	}
	fields := []field{{"error", e.Code}}
	if e.Description != "" {
		fields = append(fields, field{"error_description", e.Description})
	}
	b.answer(w, r, req, fields...)
}

// show writes a page, or the page that says that it could not be written.
func (b *Broker) show(w http.ResponseWriter, r *http.Request, enterprise, page string, v server.View) {
	if err := b.pages.Write(w, http.StatusOK, page, v); err != nil {
		b.cfg.Fail(w, r, enterprise, err)
	}
}

// lang is the language of a page: the first of locales (ui_locales: tags with spaces
// between them) that there is, else what the browser prefers.
func (b *Broker) lang(r *http.Request, locales string) string {
	return b.cfg.Lang(server.AcceptLanguage(r, locales))
}

// beyond is form-action for a page whose form ends at a client's verified address: that
// address, and wherever the client goes on to from there by https. A browser holds the
// whole chain of redirects against the policy, and apps often begin at another of their
// own hosts.
func beyond(uri string) string {
	origin := originOf(uri)
	if origin == "" {
		return ""
	}
	return origin + " https:"
}

// originOf returns scheme and host of a verified redirect address, for form-action.
func originOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, " ;,'\"") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
