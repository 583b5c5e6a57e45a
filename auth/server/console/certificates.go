package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

const certificates = "/admin/settings/certificates"

// renewBefore is how long before its end a certificate is warned of: many apps want theirs
// changed by hand, by other people.
const renewBefore = 60 * 24 * time.Hour

func (c *Console) mountCertificates(mux *http.ServeMux) {
	mux.HandleFunc("GET "+certificates, c.ofCompany(administrators, (*visit).showCertificates))
	mux.HandleFunc("POST "+certificates+"/new", c.ofCompany(administrators, (*visit).prepareCertificate))
	mux.HandleFunc("POST "+certificates+"/use", c.ofCompany(administrators, (*visit).useCertificate))
}

// showCertificates shows what SAML answers are signed with, and, while two are published,
// what is to be done at the apps before the second one takes over.
func (v *visit) showCertificates() error {
	list, err := v.c.cfg.Certificates.Certificates(v.Context(), v.id)
	if err != nil {
		return err
	}
	apps, err := v.samlApps()
	if err != nil {
		return err
	}
	body := map[string]any{
		"Now": list[0], "Apps": apps, "Metadata": v.c.cfg.Base.Issuer(v.id) + "/saml/metadata",
		"Late": list[0].NotAfter.Before(v.c.cfg.Base.Time().Add(renewBefore)),
	}
	if len(list) > 1 {
		body["Next"] = list[1]
	}
	return v.show("certificates", v.t("cert.title"), body)
}

// samlApps are the apps that a certificate is for.
func (v *visit) samlApps() ([]server.App, error) {
	all, err := v.c.cfg.Catalogue.Apps(v.Context(), v.id)
	if err != nil {
		return nil, err
	}
	var out []server.App
	for _, app := range all {
		var spec server.LaunchSpec
		if json.Unmarshal(app.Launch, &spec) == nil && spec.Kind == server.LaunchSAML {
			out = append(out, app)
		}
	}
	return out, nil
}

// prepareCertificate publishes a second certificate; a second press changes nothing.
func (v *visit) prepareCertificate() error {
	err := v.c.cfg.Certificates.Rotate(v.Context(), v.id, time.Time{})
	if errors.Is(err, auth.ErrConflict) {
		v.redirect(certificates, "")
		return nil
	}
	if err != nil {
		return err
	}
	list, err := v.c.cfg.Certificates.Certificates(v.Context(), v.id)
	if err != nil {
		return err
	}
	v.audit("certificate.prepared", list[len(list)-1].Fingerprint, "")
	v.redirect(certificates, "cert_prepared")
	return nil
}

// useCertificate lets the second certificate take over: the one that the form showed, and
// no other that a colleague has prepared since.
func (v *visit) useCertificate() error {
	list, err := v.c.cfg.Certificates.Certificates(v.Context(), v.id)
	if err != nil {
		return err
	}
	if len(list) < 2 || list[1].ID != v.PostFormValue("id") {
		v.redirect(certificates, "")
		return nil
	}
	err = v.c.cfg.Certificates.Switch(v.Context(), v.id)
	if errors.Is(err, auth.ErrConflict) {
		v.redirect(certificates, "")
		return nil
	}
	if err != nil {
		return err
	}
	v.audit("certificate.used", list[1].Fingerprint, "")
	v.redirect(certificates, "cert_used")
	return nil
}
