package authtest

import "lanyard/auth"

// LogoutToken makes a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4)
// about [Provider.User], as faulty as f says; change changes its claims and may be nil.
func (p *Provider) LogoutToken(f Faults, change func(claims map[string]any)) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	claims := map[string]any{
		"iss": p.Issuer, "aud": ClientID, "sub": p.User["sub"], "iat": now.Unix(), "exp": now.Unix() + 120, "jti": auth.RandomID(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if sid, ok := p.User["sid"]; ok {
		claims["sid"] = sid
	}
	if change != nil {
		change(claims)
	}
	return p.keys.sign(claims, f)
}
