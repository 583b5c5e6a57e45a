package saml

import (
	"slices"

	crewjam "github.com/crewjam/saml"

	"lanyard/auth/server"
)

// status is why there is no assertion, for the service provider (core, section 3.2.2.2).
type status struct{ top, detail string }

// The second-level codes that the library does not name.
const (
	statusPrefix           = "urn:oasis:names:tc:SAML:2.0:status:"
	statusNoPassive        = statusPrefix + "NoPassive"
	statusNameIDPolicy     = statusPrefix + "InvalidNameIDPolicy"
	statusNoContext        = statusPrefix + "NoAuthnContext"
	statusUnsupported      = statusPrefix + "RequestUnsupported"
	statusRequestDenied    = statusPrefix + "RequestDenied"
	statusUnknownPrincipal = crewjam.StatusUnknownPrincipal
)

func (s status) code() crewjam.StatusCode {
	return crewjam.StatusCode{Value: s.top, StatusCode: &crewjam.StatusCode{Value: s.detail}}
}

// wishes reads what the service provider asks for. Where we cannot do it the request
// gets a status.
func (q *authnRequest) wishes(sp server.SAML, out *request) {
	out.Fresh = boolean(q.ForceAuthn)
	out.Passive = boolean(q.IsPassive)
	if len(q.Subject) == 1 {
		if len(q.Subject[0].NameID) != 1 {
			out.status = &status{crewjam.StatusResponder, statusUnsupported}
			return
		}
		out.Subject = q.Subject[0].NameID[0]
	}
	if len(q.Conditions) > 0 {
		out.status = &status{crewjam.StatusResponder, statusUnsupported}
		return
	}
	if q.ProtocolBinding != "" && q.ProtocolBinding != bindingPost {
		out.status = &status{crewjam.StatusRequester, crewjam.StatusUnsupportedBinding}
		return
	}
	if !q.named(sp, out) {
		out.status = &status{crewjam.StatusRequester, statusNameIDPolicy}
		return
	}
	if !q.context(out) {
		out.status = &status{crewjam.StatusResponder, statusNoContext}
	}
}

// named reports whether we can give the person the kind of name that is asked for.
func (q *authnRequest) named(sp server.SAML, out *request) bool {
	if len(q.Policy) == 0 {
		return true
	}
	policy := q.Policy[0]
	if policy.SPNameQualifier != "" && policy.SPNameQualifier != sp.EntityID {
		return false // a name of another group of service providers
	}
	switch policy.Format {
	case "", formatUnspecified, formatOf(sp):
		return true
	case formatTransient:
		// Nobody has said what the app gets: it may have what it asks for.
		out.Format = formatTransient
		return sp.NameID == "" && sp.NameFormat == ""
	}
	return false
}

// context reports whether how we sign people in is good enough. The common class is
// answered as it is asked: the company's page is reached by TLS, what it asks of people is
// the company's matter. Nothing stronger is ever claimed.
func (q *authnRequest) context(out *request) bool {
	if len(q.Context) == 0 {
		return true
	}
	asked := q.Context[0]
	if asked.Comparison == "better" || len(asked.Others) > 0 {
		return false
	}
	switch {
	case len(asked.Classes) == 0, slices.Contains(asked.Classes, contextUnspecified):
		return true
	case asked.Comparison == "maximum":
		return true
	case slices.Contains(asked.Classes, contextPassword):
		out.Context = contextPassword
		return true
	}
	return false
}

// boolean is an xs:boolean.
func boolean(text string) bool { return text == "true" || text == "1" }
