package sso

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// attempt is what is known of one sign-in while it runs: what the log and the page of
// its failure say.
type attempt struct {
	reference  string
	enterprise server.Enterprise
	connector  string
	edition    int64 // of the connector
	fresh      bool  // see server.BeginOptions, and so is the next
	maxAge     time.Duration
	begun      time.Time
	second     bool // begun anew, since the connector changed
	person     string
	stage      string
	ret        string // where "try again" leads; "" where it makes no sense
	asker      string // who is told of a refusal instead of the person; "" for nobody
}

// refusals are the faults by which a person was not let in, whatever they try next.
var refusals = []auth.Fault{auth.SignInDenied, auth.SignInWrongCompany, auth.AccessEnded, auth.SignInNotOpen}

// failed records a sign-in that did not work and says so: to whoever asked for it where
// the person was not let in and the asker can be told, else to the person. A callback
// that belongs to no attempt has no reference yet and is not recorded: anybody can send
// such.
func (s *SSO) failed(w http.ResponseWriter, r *http.Request, a *attempt, err error) {
	s.record(r.Context(), a, err)
	if a.reference == "" {
		a.reference = auth.NewTrace()
	}
	fault, args := auth.FaultOf(err)
	if a.asker != "" && slices.Contains(refusals, fault) {
		s.log.InfoContext(r.Context(), "sign-in refused", "reference", a.reference, "enterprise", a.enterprise.ID, "fault", string(fault))
		reason := strings.TrimPrefix(strings.TrimPrefix(args["reason"], args["code"]), ": ") // the words alone
		switch fault {
		case auth.SignInWrongCompany:
			reason = string(fault) // a desktop knows more words for it than fit in here
		case auth.SignInNotOpen:
			lang := words.Match(r.Header.Get("Accept-Language"))
			reason = words.ExplainFault(fault, auth.Args{"account": args["account"], "company": a.enterprise.Name.In(lang)}, lang).Sentence
		}
		seeOther(w, s.cfg.Base.Refused(a.asker, reason))
		return
	}
	s.page(w, r, a, err)
}

// Fail answers with the page that explains err to a person, in the look of the
// enterprise ("" where none is known), with a reference and whom to ask.
func (s *SSO) Fail(w http.ResponseWriter, r *http.Request, enterprise string, err error) {
	a := attempt{reference: server.Reference(r.Context())}
	if a.reference == "" {
		a.reference = auth.NewTrace()
	}
	if enterprise != "" {
		if e, missing := s.cfg.Enterprises.Enterprise(r.Context(), enterprise); missing == nil {
			a.enterprise = e
		}
	}
	s.page(w, r, &a, err)
}

func (s *SSO) page(w http.ResponseWriter, r *http.Request, a *attempt, err error) {
	fault, args := auth.FaultOf(err)
	logged := s.log.InfoContext
	if fault == auth.Internal {
		logged = s.log.ErrorContext
	}
	logged(r.Context(), "request not answered", "reference", a.reference, "enterprise", a.enterprise.ID,
		"path", r.URL.Path, "fault", string(fault), "err", err)

	lang := words.Match(r.Header.Get("Accept-Language"))
	contact := words.Contact(a.enterprise.Help)
	args = maps.Clone(args)
	if args == nil {
		args = auth.Args{}
	}
	for name, fact := range map[string]string{"company": a.enterprise.Name.In(lang), "help": contact} {
		if args[name] == "" {
			args[name] = fact
		}
	}
	text := words.ExplainFault(fault, args, lang)
	help := words.AskIT(a.enterprise.Help, lang)
	if contact != "" && strings.Contains(text.Hint, contact) {
		help = "" // said already
	}
	again, other := a.ret, ""
	if !localPath(again) {
		again = ""
	}
	if again != "" && fault.OtherAccount() {
		other = switchURL(a.enterprise.ID, again)
	}
	againText := words.T(lang, "sso.again")
	switch fault {
	case auth.SignInWrongCompany:
		again = "" // the same account would come again, often unseen
	case auth.AppUnknown: // the hint is for a terminal; here My apps is a click away
		text.Hint, again = "", ""
		if a.enterprise.ID != "" {
			again, againText = "/e/"+a.enterprise.ID+"/", words.T(lang, "catalog.apps.all")
		}
	}
	werr := s.pages.Write(w, status(err), "page", server.View{
		Lang: lang, Title: text.Title, Enterprise: a.enterprise,
		Body: map[string]any{
			"Sentence": text.Sentence, "Hint": text.Hint, "Help": help,
			"Again": again, "AgainText": againText,
			"Switch": other, "SwitchText": words.T(lang, "page.switch"),
			"Reference": words.T(lang, "common.reference", "reference", a.reference),
		},
	})
	if werr != nil {
		s.log.ErrorContext(r.Context(), "page not written", "reference", a.reference, "err", werr)
	}
}

// status is the HTTP status of the page about err.
func status(err error) int {
	fault, _ := auth.FaultOf(err)
	if fault == auth.TooManyRequests {
		return http.StatusTooManyRequests
	}
	for _, row := range []struct {
		kind   error
		status int
	}{
		{auth.ErrNotFound, http.StatusNotFound},
		{auth.ErrUsage, http.StatusBadRequest},
		{auth.ErrExpired, http.StatusBadRequest},
		{auth.ErrTampered, http.StatusBadRequest},
		{auth.ErrDenied, http.StatusForbidden},
		{auth.ErrSignInRequired, http.StatusForbidden},
		{auth.ErrOffline, http.StatusBadGateway},
		{auth.ErrMisconfigured, http.StatusBadGateway},
	} {
		if errors.Is(fault, row.kind) {
			return row.status
		}
	}
	if fault == auth.ProviderFailed {
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}
