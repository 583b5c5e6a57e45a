package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/connector/schema"
	"lanyard/auth/server"
	"lanyard/auth/server/demo"
	"lanyard/auth/server/setup"
)

// ownSignIn is the shipped preset for three interfaces, filled as the company's IT
// would: field names and all as in the interface's own description. The description
// promises a refresh token and says no more of it; the company's IT knows that theirs
// works, so a person who has left is noticed.
func (d *demoCompany) ownSignIn() (setup.Connector, error) {
	preset, err := schema.FindPreset("wps-style")
	if err != nil {
		return setup.Connector{}, err
	}
	document := preset.Connector
	document.Refresh = []connector.Step{{
		ID: "refresh", Method: http.MethodPost, URL: "{token_url}",
		Form: map[string]string{
			"grant_type": "refresh_token", "client_id": "{client_id}", "client_secret": "{client_secret}", "refresh_token": "{refresh_token}",
		},
		Fail: connector.Fail{Code: []string{"error"}, Means: map[string]string{
			"user_left": connector.MeansGone, "invalid_grant": connector.MeansAgain, "invalid_client": connector.MeansSecret,
		}},
		Set:     map[string]connector.Paths{"access_token": {"access_token"}, "refresh_token": {"refresh_token"}},
		Require: []string{"access_token"},
	}}
	return setup.Connector{
		Document: &document,
		Vars: map[string]string{
			"authorize_url": d.sso + "/authorize", "token_url": d.sso + "/accessToken",
			"user_url": d.sso + "/userInfo", "client_id": demo.ClientID,
		},
		Given: map[string]auth.Secret{"client_secret": auth.NewSecret(demo.ClientSecret)},
	}, nil
}

// apps are the company's, one for each way of opening an app signed in.
func (d *demoCompany) apps() []setup.App {
	// Who is what at the cloud stands beside each person in the list, as IT keeps it.
	roles := &setup.Access{Everyone: true, Accounts: []string{"ZhangSan", "LiSi"}, Values: map[string]map[string]string{
		"ZhangSan": {"role": "administrator"}, "LiSi": {"role": "reader"},
	}}
	link := func(url string) server.LaunchSpec { return server.LaunchSpec{Kind: server.LaunchLink, URL: url} }
	return []setup.App{
		{
			ID: "notes", Title: auth.Text{"en": "Notes", "zh": "笔记"}, Plain: d.notes,
			Launch: server.LaunchSpec{Kind: server.LaunchOIDC, URL: d.notes + "/login"},
		},
		{ID: "handbook", Title: auth.Text{"en": "Handbook", "zh": "员工手册"}, Plain: d.handbook, Launch: link(d.handbook + "/")},
		{ID: "docs", Title: auth.Text{"en": "Documents", "zh": "云文档"}, Plain: d.docs, Launch: link(demo.DocsLink(d.docs))},
		{ID: "cloud", Title: auth.Text{"en": "Cloud console", "zh": "云控制台"}, Plain: d.cloud, Launch: d.cloudLaunch(), Access: roles},
		{ID: "ops", Title: auth.Text{"en": "Operations", "zh": "运维控制台"}, Plain: d.ops, Launch: d.opsLaunch(), Access: roles},
		{ID: "intranet", Title: auth.Text{"en": "Intranet", "zh": "内网门户"}, Plain: d.intranet, Launch: link(d.intranet + "/auth")},
	}
}

func (d *demoCompany) cloudLaunch() server.LaunchSpec {
	return server.LaunchSpec{Kind: server.LaunchSAML, SAML: &server.SAML{
		EntityID: demo.CloudEntity, ACS: []string{demo.CloudACS(d.cloud)},
		Attributes: []server.SAMLAttribute{
			{Name: demo.RoleAttribute, Values: []string{demo.CloudRole("{assigned.role}")}},
			{Name: demo.SessionNameAttribute, Values: []string{"{sub}"}},
			{Name: demo.DisplayNameAttribute, Values: []string{"{name}"}},
		},
	}}
}

func (d *demoCompany) opsLaunch() server.LaunchSpec {
	return server.LaunchSpec{
		Kind: server.LaunchSteps, URL: d.ops + "/federation",
		Params: []connector.Pair{{"Action", "Login"}, {"Destination", d.ops + "/"}, {"SigninToken", "{signin_token}"}},
		Steps: []connector.Step{
			{
				ID: "sts", Method: http.MethodPost, URL: d.ops + "/sts",
				Form: map[string]string{
					"Action": "AssumeRoleWithOIDC", "Version": "2015-04-01", "Format": "JSON",
					"Timestamp": "{now_utc}", "SignatureNonce": "{nonce}",
					"OIDCProviderArn": demo.OpsProviderArn, "RoleArn": demo.OpsRoleArn("{assigned.role}"),
					"OIDCToken": "{id_token}", "RoleSessionName": "{sub}", "DurationSeconds": "3600",
				},
				Fail: connector.Fail{Code: []string{"Code"}, Text: []string{"Message"}},
				Set: map[string]connector.Paths{
					"ak": {"Credentials.AccessKeyId"}, "sk": {"Credentials.AccessKeySecret"}, "st": {"Credentials.SecurityToken"},
				},
				Require: []string{"ak", "sk", "st"},
			},
			{
				ID: "signin", Method: http.MethodGet, URL: d.ops + "/federation",
				Query: map[string]string{
					"Action": "GetSigninToken", "AccessKeyId": "{ak}", "AccessKeySecret": "{sk}", "SecurityToken": "{st}", "TicketType": "mini",
				},
				Fail:    connector.Fail{Code: []string{"Code"}, Text: []string{"Message"}},
				Set:     map[string]connector.Paths{"signin_token": {"SigninToken"}},
				Require: []string{"signin_token"},
			},
		},
	}
}

// developerClient is the public client that the company's page shows to developers.
const developerClient = "developer"

// secret is an app's. It follows from the key, so that it is the same at the next start
// and stored nowhere.
func (d *demoCompany) secret(app string) auth.Secret {
	return auth.NewSecret(d.front.base.Sealer.Derive("demo client " + app))
}

func (d *demoCompany) clients() []setup.Client {
	return []setup.Client{
		{ID: "notes", Name: "Notes", Given: d.secret("notes"), RedirectURIs: []string{d.notes + "/callback"}, Alg: "RS256"},
		{ID: "handbook", Name: "Handbook", Given: d.secret("handbook"), RedirectURIs: []string{d.handbook + "/callback"}},
		{ID: "docs", Name: "Documents", Given: d.secret("docs"), RedirectURIs: []string{demo.DocsCallback(d.docs)}, Three: &server.Three{}},
		// It is only ever the audience of a token, which nobody asks for by a browser.
		{ID: "ops", Name: "Operations", Given: d.secret("ops"), Alg: "RS256"},
		{ID: "intranet", Name: "Intranet", Public: true, RedirectURIs: []string{d.intranet + "/callback"}},
		{ID: developerClient, Name: "For developers", Public: true, RedirectURIs: []string{"http://127.0.0.1/callback"}},
	}
}

// staff are the company's own services, in the order of their listeners.
func (d *demoCompany) staff(base *server.Base, company, people setup.Report, provider http.Handler) []http.Handler {
	issuer := base.Issuer(company.ID)
	sso := demo.SSOConfig{
		BaseURL: d.sso, RedirectURIs: []string{company.Callback, people.Callback}, Admin: d.server + "/admin",
		Key:       d.front.base.Sealer.Derive("demo sign-in"),
		Developer: demo.Developer{Issuer: issuer, ClientID: developerClient},
	}
	for _, app := range d.apps() {
		sso.Apps = append(sso.Apps, demo.Link{Name: "demo." + app.ID + ".title", How: "demo." + app.ID + ".how", Address: issuer + "/a/" + app.ID})
	}
	config := func(app, origin string) demo.AppConfig {
		c := demo.AppConfig{
			BaseURL: origin, Issuer: issuer, ClientID: app, Start: issuer + "/a/" + app,
			Stopwatch: d.stopwatch.of(d.front, company.ID, app),
		}
		if app != "intranet" { // which is a public client
			c.ClientSecret = d.secret(app).Reveal()
		}
		return c
	}
	return []http.Handler{
		demo.NewSSO(sso),
		demo.NewNotes(config("notes", d.notes)),
		demo.NewHandbook(config("handbook", d.handbook)),
		provider,
		demo.NewCloud(config("cloud", d.cloud)),
		demo.NewDocs(config("docs", d.docs)),
		demo.NewOps(config("ops", d.ops)),
		demo.NewIntranet(config("intranet", d.intranet)),
	}
}

// stopwatch tells the apps' pages how long ago somebody clicked. An app cannot know; it is
// what the server writes down of each opening, read here for the demonstration.
type stopwatch struct {
	mu    sync.Mutex
	shown map[string]bool // openings
}

// clickLife is how old a click may be for an app's page to belong to it.
const clickLife = time.Minute

// of measures one app of an enterprise.
func (w *stopwatch) of(s *service, enterprise, app string) func(context.Context, string) (time.Duration, bool) {
	return func(ctx context.Context, person string) (time.Duration, bool) {
		now := s.base.Time()
		openings, err := s.store.FindOpenings(ctx, enterprise, app, now.Add(-clickLife), 10, 0)
		if err != nil {
			s.log.WarnContext(ctx, "click not found", "app", app, "err", err)
			return 0, false
		}
		for _, o := range openings { // newest first
			if o.PersonID != person {
				continue
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.shown[o.ID] {
				return 0, false
			}
			if w.shown == nil {
				w.shown = map[string]bool{}
			}
			w.shown[o.ID] = true
			return now.Sub(o.At), true
		}
		return 0, false
	}
}
