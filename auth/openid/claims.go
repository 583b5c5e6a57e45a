package openid

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// standardClaims are where our names are found unless the connector says otherwise
// (OpenID Connect Core section 5.1).
var standardClaims = map[string]connector.Paths{
	"sub":            {"sub"},
	"name":           {"name", "nickname", "preferred_username"},
	"email":          {"email"},
	"email_verified": {"email_verified"},
	"avatar":         {"picture"},
}

// claims are what a provider says of a person: its id_token's claims, then userinfo's.
type claims struct {
	sources []map[string]any
	paths   map[string]connector.Paths
}

// find returns the value of one of our names; a name that nobody maps is the claim of
// that name itself ("tid", "hd").
func (c claims) find(name string) (string, bool) {
	for _, source := range c.sources {
		if value, ok := c.path(name).Find(source); ok {
			return value, true
		}
	}
	return "", false
}

func (c claims) path(name string) connector.Paths {
	if paths := c.paths[name]; len(paths) > 0 {
		return paths
	}
	if paths := standardClaims[name]; len(paths) > 0 {
		return paths
	}
	return connector.Paths{name}
}

// email returns the address if the same source says that it was verified: one source
// must not vouch for the other's address. trusted is the admin's word that every address
// of this provider is.
func (c claims) email(trusted bool) string {
	for _, source := range c.sources {
		address, ok := c.path("email").Find(source)
		verified, _ := c.path("email_verified").Find(source)
		if ok && (trusted || verified == "true") {
			return address
		}
	}
	return ""
}

// groups returns the groups that the first source which has any lists, where the
// connector says where they are.
func (c claims) groups() []string {
	for _, source := range c.sources {
		if found := c.paths["groups"].FindAll(source); len(found) > 0 {
			return slices.DeleteFunc(found, twisted)
		}
	}
	return nil
}

// twisted reports whether a value that others will trust has a control character: a
// group with a line break in it would be read as two.
func twisted(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

// authoritative returns what the connector marks so, groups one a line.
func (c claims) authoritative(names []string) map[string]string {
	var out map[string]string
	for _, name := range names {
		value, _ := c.find(name)
		if name == "groups" {
			value = strings.Join(c.groups(), "\n")
		}
		if value == "" || name != "groups" && twisted(value) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = value
	}
	return out
}

// identify says who signed in. Where the id_token lacks the name, the subject, the
// groups or a value that the connector expects or trusts, userinfo is asked.
func (p *Provider) identify(ctx context.Context, subject string, idToken map[string]any, access string) (Result, error) {
	c := claims{paths: p.claims}
	if idToken != nil {
		c.sources = append(c.sources, idToken)
	}
	if missing, required := p.lacks(c); missing && p.UserinfoEndpoint != "" {
		more, err := p.userinfo(ctx, subject, access)
		switch {
		case err == nil:
			c.sources = append(c.sources, more)
		case required || errors.Is(err, auth.TokenInvalid) || ctx.Err() != nil:
			return Result{}, err
		default: // only what is nice to have is missing: no reason to keep anybody out
			p.log.WarnContext(ctx, "userinfo not answered", "issuer", p.Issuer, "err", err)
		}
	}
	id := auth.Identity{Issuer: p.Issuer, Email: clip(c.email(slices.Contains(p.trusted, "email")))}
	var ok bool
	if id.Subject, ok = c.find("sub"); !ok {
		return Result{}, invalid("sub", fmt.Errorf("identify: no %s", strings.Join(c.path("sub"), " or ")))
	}
	if len(id.Subject) > 255 || twisted(id.Subject) {
		return Result{}, invalid("sub", errors.New("identify: the subject is longer than 255 characters, or of several lines"))
	}
	name, _ := c.find("name")
	id.Name = clip(name)
	if avatar, _ := c.find("avatar"); isHTTPS(avatar) {
		id.Avatar = avatar
	}
	if err := p.expected(c, id); err != nil {
		return Result{}, err
	}
	result := Result{Identity: id, Authoritative: c.authoritative(p.trusted)}
	for _, group := range c.groups() {
		result.Groups = append(result.Groups, clip(group))
	}
	return result, nil
}

// lacks reports whether userinfo should be asked for more, and whether nothing can
// be decided without it.
func (p *Provider) lacks(c claims) (missing, required bool) {
	_, named := c.find("name")
	_, known := c.find("sub")
	missing, required = !named, !known
	if len(p.claims["groups"]) > 0 && c.groups() == nil {
		missing = true
	}
	for _, name := range p.trusted {
		_, ok := c.find(name)
		missing = missing || !ok
	}
	for name := range p.expect {
		_, ok := c.find(name)
		required = required || !ok
	}
	return missing || required, required
}

// expected checks the values that pin the enterprise at a provider which serves many
// (tid, hd). It fails closed: a value that is missing is the wrong one.
func (p *Provider) expected(c claims, id auth.Identity) error {
	for name, want := range p.expect {
		if got, ok := c.find(name); !ok || got != want {
			who := id.Name
			if who == "" {
				who = id.Email
			}
			return auth.Fail(auth.SignInWrongCompany, auth.Args{"name": who},
				fmt.Errorf("identify: %s is %q, not %q", name, clip(got), want))
		}
	}
	return nil
}

// userinfo asks the provider about the owner of access, who must be subject (OpenID
// Connect Core section 5.3.2) unless there is no id_token to say who that is.
func (p *Provider) userinfo(ctx context.Context, subject, access string) (map[string]any, error) {
	a, err := p.get(ctx, p.UserinfoEndpoint, access)
	if err != nil {
		return nil, unreachable(ctx, "ask userinfo", p.UserinfoEndpoint, err)
	}
	var more map[string]any
	if err := a.decode(&more); err != nil {
		return nil, a.fault("userinfo", err)
	}
	got, _ := more["sub"].(string)
	if got == "" || len(got) > 255 || subject != "" && got != subject {
		return nil, invalid("userinfo sub", errors.New("ask userinfo: it is about another subject"))
	}
	return more, nil
}

// clip bounds what is only shown: the whole answer may be one long name.
func clip(s string) string {
	const longest = 200
	if r := []rune(s); len(r) > longest {
		return string(r[:longest])
	}
	return s
}

func isHTTPS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && len(address) <= 2048
}
