package console

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/words"
)

// appBody is what an app's page shows.
func (v *visit) appBody(a server.AppView, wrong map[string]string) (map[string]any, error) {
	ctx := v.Context()
	later := func(name string) bool { return slices.Contains(a.Preset.Later, name) }
	then, optional := v.blanks(a.Preset, a.Values, a.Kept, wrong, later)
	then = append(then, optional...)
	v.sayForm(a.Form)
	first, more := v.blanks(a.Preset, a.Values, a.Kept, wrong, func(name string) bool { return !later(name) })
	audience, err := v.c.cfg.Audiences.Audience(ctx, v.id, a.App.ID)
	if err != nil {
		return nil, err
	}
	list, err := v.listBody(audience, a.Assigned, nil)
	if err != nil {
		return nil, err
	}
	rates, err := v.rates()
	if err != nil {
		return nil, err
	}
	places, err := v.c.cfg.Workshop.Places(ctx, v.id, a.App)
	if err != nil {
		return nil, err
	}
	unheard := v.unheard(a.Client)
	for i := range more {
		if more[i].Name == "farewell" {
			more[i].Warn = unheard
		}
	}
	editing := unheard != "" || anyWrong(first) || anyWrong(more) ||
		wrong["name"] != "" || wrong["icon"] != "" || wrong["plain"] != "" || wrong["metadata"] != ""
	return map[string]any{
		"A": a, "Then": then, "Fields": first, "More": more, "Open": anyWrong(more), "Edit": editing, "Wrong": wrong,
		"NameEN": a.App.Title[words.English], "NameZH": a.App.Title[words.Chinese], "File": a.Preset.ID == "",
		"Metadata": v.takesMetadata(a.Preset), "Opens": v.opens(a, audience), "List": list, "How": rates[a.App.ID], "Places": places,
		"Example": example(a), "OtherSide": v.otherSide(a), "Unheard": unheard,
	}, nil
}

// lookUp is how long a page waits to learn whether an address can be called.
const lookUp = 2 * time.Second

// unheard warns of a client that cannot be told that somebody has signed out: the server
// calls no address inside its network that its configuration does not name.
func (v *visit) unheard(c *server.Client) string {
	if c == nil || c.Farewell == "" || v.c.cfg.Reaches == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(v.Context(), lookUp)
	defer cancel()
	err := v.c.cfg.Reaches(ctx, c.Farewell)
	if err == nil {
		return ""
	}
	key, host := "farewell.private", ""
	switch fault, _ := auth.FaultOf(err); fault {
	case auth.InsecureAddress:
		key = "farewell.insecure"
	case auth.ProviderUnreachable:
		key = "farewell.unknown"
	}
	if u, err := url.Parse(c.Farewell); err == nil {
		host = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme]))
	}
	return v.t(key, "host", host)
}

// sayForm puts into words what the other side cannot be given as one value: it is another
// one for each person.
func (v *visit) sayForm(form []server.FormPart) {
	for _, part := range form {
		for i := range part.Fields {
			if f := &part.Fields[i]; strings.Contains(f.Value, "{assigned.") {
				f.Value, f.Note = "", auth.Text{v.lang: v.t("app.from_list")}
			}
		}
	}
}

// otherSide is whose settings the form is of: a vendor's, or the app's own.
func (v *visit) otherSide(a server.AppView) string {
	if a.Preset.ID == "oidc" || a.Preset.ID == "saml" {
		return called(a.App, v.lang)
	}
	return a.Preset.Title.In(v.lang)
}

// opens says honestly where an app opens signed in.
func (v *visit) opens(a server.AppView, audience server.Audience) map[string]string {
	upgrade := a.Preset.Upgrade.In(v.lang)
	missing := lacking(a, audience)
	switch {
	case a.Waits:
		return map[string]string{"State": "wait", "Text": v.t("opens.waits", "vendor", a.Preset.Title.In(v.lang))}
	case missing != "":
		return map[string]string{"State": "wait", "Text": v.t("opens.lacking", "name", missing)}
	case a.Direct:
		return map[string]string{"State": "wait", "Text": v.t("opens.there", "provider", a.Elsewhere), "Upgrade": v.t("opens.direct")}
	case a.Spec.Kind == server.LaunchNative:
		return map[string]string{"State": "good", "Text": v.t("opens.native")}
	case a.Elsewhere == "*":
		return map[string]string{"State": "wait", "Text": v.t("opens.unknown"), "Upgrade": upgrade}
	case a.Elsewhere != "":
		return map[string]string{"State": "wait", "Text": v.t("opens.there", "provider", a.Elsewhere), "Upgrade": upgrade}
	}
	return map[string]string{"State": "good", "Text": v.t("opens.here")}
}

// lacking names the first value that the app asks of everybody's assignment and that nobody
// has: nobody gets in.
func lacking(a server.AppView, audience server.Audience) string {
	for _, name := range a.Assigned {
		has := func(m server.Member) bool { return m.Values[name] != "" }
		if bytes.Contains(a.App.Launch, []byte("{assigned."+name+"}")) && !slices.ContainsFunc(audience.Members, has) {
			return name
		}
	}
	return ""
}

// example is a program that signs people in by an app's client, in ten lines.
func example(a server.AppView) string {
	c := a.Client
	if c == nil || c.Three != nil || len(c.RedirectURIs) == 0 {
		return ""
	}
	proof := ", process.env.CLIENT_SECRET"
	if c.SecretHash == "" {
		proof = ", undefined, oidc.None()"
	}
	return fmt.Sprintf(`import * as oidc from "openid-client";
const config = await oidc.discovery(new URL(%q), %q%s);
const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(); // keep both in the browser's session
response.redirect(oidc.buildAuthorizationUrl(config, {
  redirect_uri: %q, scope: "openid profile email", state,
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
}).href);
// where the person comes back:
const tokens = await oidc.authorizationCodeGrant(config, new URL(request.url, %q), { pkceCodeVerifier: verifier, expectedState: state });
console.log(tokens.claims().sub, tokens.claims().name); // sub never changes: keep that one`,
		a.Facts["issuer"], c.ID, proof, c.RedirectURIs[0], c.RedirectURIs[0])
}
