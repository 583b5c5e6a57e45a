package setup

import (
	"errors"
	"net/http"
	"strings"

	"lanyard/auth"
	"lanyard/auth/directory"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// joinBody is what web/join.html shows; without a Code only Unknown and the
// way into the console.
type joinBody struct {
	Code, CodeTitle, CodeHint  string
	GetTitle, Get, CommandHint string
	HelpTitle, Help, HelpLink  string
	Unknown                    string
	Console, ConsoleLink       string
}

// join is the page that an admin hands out: how to get the program, the code to copy,
// whom to ask. It says no more than the directory does.
func (s *Setup) join(w http.ResponseWriter, r *http.Request) {
	lang := words.Match(r.Header.Get("Accept-Language"))
	if !s.limit.allow(r) {
		w.Header().Set("Retry-After", "60")
		s.trouble(w, r, http.StatusTooManyRequests, auth.TooManyRequests)
		return
	}
	e, err := s.cfg.Enterprises.EnterpriseByCode(r.Context(), directory.Hash(r.PathValue("code")))
	if errors.Is(err, auth.ErrNotFound) {
		s.limit.missed(r)
		s.page(w, r, http.StatusNotFound, server.View{
			Lang: lang, Title: words.T(lang, "join.unknown"), Body: joinBody{Unknown: words.T(lang, "join.unknown_hint")},
		})
		return
	}
	if err != nil {
		s.log.ErrorContext(r.Context(), "join page did not answer", "err", err)
		s.trouble(w, r, http.StatusInternalServerError, auth.Internal)
		return
	}
	help := e.Help
	help.Link = "" // stands by itself, to be clicked
	s.page(w, r, http.StatusOK, server.View{
		Lang: lang, Title: words.T(lang, "join.title", "company", e.Name.In(lang)), Enterprise: e,
		Body: joinBody{
			Code:      host(s.cfg.Base) + "/" + e.Code,
			CodeTitle: words.T(lang, "join.code"), CodeHint: words.T(lang, "join.code_hint"),
			GetTitle: words.T(lang, "join.get"), Get: words.T(lang, "join.get_ask"), CommandHint: words.T(lang, "join.command"),
			HelpTitle: words.T(lang, "join.help"), Help: words.AskIT(help, lang), HelpLink: e.Help.Link,
		},
	})
}

// typed answers who pasted a code into a browser: it looks like an address, login.acme.com/acme.
// A program that has lost its way is told so in the usual way.
func (s *Setup) typed(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.Contains(r.Header.Get("Accept"), "text/html"):
		http.NotFound(w, r)
	case r.PathValue("code") == "":
		s.front(w, r)
	default:
		s.join(w, r)
	}
}

// front is the page at the server's own address, the first one that its admin sees.
func (s *Setup) front(w http.ResponseWriter, r *http.Request) {
	lang := words.Match(r.Header.Get("Accept-Language"))
	s.page(w, r, http.StatusOK, server.View{Lang: lang, Title: words.T(lang, "join.front"), Body: joinBody{
		Unknown: words.T(lang, "join.front_hint"), Console: words.T(lang, "join.console"), ConsoleLink: s.cfg.Base.PublicURL + "/admin/",
	}})
}

// trouble is the page of who asks when nothing can be said of their code.
func (s *Setup) trouble(w http.ResponseWriter, r *http.Request, status int, fault auth.Fault) {
	lang := words.Match(r.Header.Get("Accept-Language"))
	m := words.ExplainFault(fault, nil, lang)
	s.page(w, r, status, server.View{Lang: lang, Title: m.Title, Body: joinBody{Unknown: words.Follow(m.Sentence, m.Hint)}})
}

func (s *Setup) page(w http.ResponseWriter, r *http.Request, status int, v server.View) {
	if err := s.pages.Write(w, status, "join", v); err != nil {
		s.log.WarnContext(r.Context(), "join page not written", "err", err)
	}
}
