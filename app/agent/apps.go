package agent

import (
	"context"
	"net/url"
	"slices"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
	"lanyard/auth/session"
	"lanyard/auth/workbench"
)

// listPatience is how long a person who looks at the list waits for a fresh one.
const listPatience = 5 * time.Second

// Apps returns a profile's apps: fresh where the company can be asked, else the kept
// list, marked stale. A profile that is signed out is fault SignInRequired.
func (a *Agent) Apps(ctx context.Context, q local.AppsQuery) (local.AppList, error) {
	a.retryKeyring(ctx)
	a.mu.Lock()
	acc, err := a.account(q.Profile)
	if err != nil {
		a.mu.Unlock()
		return local.AppList{}, err
	}
	id, phase := acc.ID, a.phase(acc)
	company := acc.Enterprise.Name.In(a.langOf(local.Lang(ctx), nil))
	a.mu.Unlock()
	if phase == local.SignedOut {
		return local.AppList{}, auth.Fail(auth.SignInRequired, auth.Args{"company": company}, nil)
	}
	stale := true
	if phase == local.SignedIn {
		asking, cancel := context.WithTimeout(ctx, listPatience)
		defer cancel()
		stale = a.refreshApps(asking, id) != nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	entries := acc.entries()
	if q.Query != "" {
		apps := make([]auth.App, len(entries))
		for i, e := range entries {
			apps[i] = e.App
		}
		found := workbench.Search(apps, q.Query, a.lang())
		entries = slices.DeleteFunc(entries, func(e local.AppEntry) bool {
			return !slices.ContainsFunc(found, func(app auth.App) bool { return app.ID == e.ID })
		})
	}
	return local.AppList{Profile: id, Apps: entries, Stale: stale}, nil
}

// refreshApps fetches a profile's apps: from the company's server, or, where it has
// none, from its signed document and the app steps in it.
func (a *Agent) refreshApps(ctx context.Context, id string) error {
	s, rec, err := a.liveSession(ctx, id)
	if err != nil {
		return err
	}
	var apps []auth.App
	var etag string
	if rec.Workbench {
		var same bool
		err = a.asSession(ctx, s, func() (err error) {
			apps, etag, same, err = a.workbench(rec, s.Token).Apps(ctx, rec.ETag)
			return err
		})
		if same {
			a.answers(id, true)
			return nil
		}
	} else {
		apps, err = a.documentApps(ctx, rec, s)
	}
	if err != nil {
		return err
	}
	a.answers(id, true)
	a.update(func() {
		if acc, err := a.account(id); err == nil && !acc.SignedOut {
			acc.Apps, acc.ETag = apps, etag
			a.rememberOrWarn()
		}
	})
	return nil
}

// documentApps lists the apps of an enterprise without a server of ours.
func (a *Agent) documentApps(ctx context.Context, rec record, s *session.Session) ([]auth.App, error) {
	found, err := a.directory().Resolve(ctx, directory.Query{Code: rec.Code, Directory: rec.Origin, Typed: rec.Code})
	if err != nil {
		return nil, err
	}
	apps := found.Document.Apps
	conn, err := usable(found.Document)
	if err != nil || len(conn.Apps) == 0 {
		return apps, err
	}
	token, err := s.Token(ctx)
	if err != nil {
		return nil, err
	}
	engine := connector.Engine{HTTP: a.cfg.HTTP, Now: a.cfg.Now, Logger: a.log}
	listed, err := engine.Apps(ctx, conn, connector.Run{Secrets: map[string]auth.Secret{"access_token": token}})
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(apps), listed...), nil
}

// liveSession returns the session of a profile, opening the vault first if need be,
// and, with or without an error, what is remembered of the profile.
func (a *Agent) liveSession(ctx context.Context, id string) (*session.Session, record, error) {
	_, vaultErr := a.openVault(ctx, false)
	a.mu.Lock()
	defer a.mu.Unlock()
	acc, err := a.account(id)
	if err != nil {
		return nil, record{}, err
	}
	if vaultErr != nil {
		return nil, acc.record, vaultErr
	}
	if acc.session == nil {
		return nil, acc.record, auth.Fail(auth.SignInRequired, auth.Args{"company": acc.Enterprise.Name.In(a.langOf(local.Lang(ctx), nil))}, nil)
	}
	return acc.session, acc.record, nil
}

// workbench returns the client of a profile's company, which asks as token says.
func (a *Agent) workbench(rec record, token func(context.Context) (auth.Secret, error)) *workbench.Client {
	return &workbench.Client{HTTP: a.cfg.HTTP, Issuer: rec.Issuer, Token: token}
}

// Pin keeps an app at the top of the current profile's list, or lets it go.
func (a *Agent) Pin(_ context.Context, app string, pinned bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc, err := a.account("")
	if err != nil {
		return err
	}
	found, err := workbench.Find(acc.Apps, app)
	if err != nil {
		return err
	}
	acc.Pinned = slices.DeleteFunc(acc.Pinned, func(id string) bool { return id == found.ID })
	if pinned {
		acc.Pinned = append(acc.Pinned, found.ID)
	}
	a.rememberOrWarn()
	a.publish()
	return nil
}

// Icon returns the picture with that SHA-256 from the server of a profile that has an
// app with it; one that nobody has is auth.ErrNotFound.
func (a *Agent) Icon(ctx context.Context, sha256 string) ([]byte, string, error) {
	a.mu.Lock()
	id := ""
	for _, acc := range a.accounts {
		if acc.Workbench && !acc.SignedOut && slices.ContainsFunc(acc.Apps, func(app auth.App) bool { return app.Icon == sha256 }) {
			id = acc.ID
		}
	}
	a.mu.Unlock()
	if id == "" || sha256 == "" {
		return nil, "", auth.Fail(auth.AppUnknown, auth.Args{"app": sha256}, nil)
	}
	s, rec, err := a.liveSession(ctx, id)
	if err != nil {
		return nil, "", err
	}
	return a.workbench(rec, s.Token).Icon(ctx, sha256)
}

// ownAddress returns the address of an app of an enterprise without a server of ours,
// with what OpenID Connect Core section 4 lets it know where the app asks for that.
func ownAddress(app auth.App, rec record) (string, error) {
	if app.Kind != "oidc" {
		return app.URL, nil
	}
	u, err := url.Parse(app.URL)
	if err != nil {
		return "", auth.Fail(auth.AppNotLaunched, auth.Args{"app": app.ID}, err)
	}
	q := u.Query()
	q.Set("iss", rec.Issuer)
	if rec.Identity.Email != "" {
		q.Set("login_hint", rec.Identity.Email)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
