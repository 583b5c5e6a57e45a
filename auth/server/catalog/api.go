package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

// apps answers GET {issuer}/v1/apps: the person's apps, with an ETag.
func (c *Catalog) apps(w http.ResponseWriter, r *http.Request) {
	token, ok := c.cfg.Bearer.Bearer(w, r, r.PathValue("id"), server.AudienceAPI)
	if !ok {
		return
	}
	who, err := c.cfg.People.Person(r.Context(), token.EnterpriseID, token.PersonID)
	if err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	stored, err := c.theirs(r, who)
	if err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	apps := make([]auth.App, 0, len(stored))
	for _, app := range stored {
		apps = append(apps, c.listed(app))
	}
	body, err := json.Marshal(map[string]any{"apps": apps})
	if err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	sum := sha256.Sum256(body)
	etag := `"` + hex.EncodeToString(sum[:16]) + `"`
	w.Header().Set("ETag", etag)
	w.Header().Set("Cache-Control", "private, no-cache")
	if matches(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// listed is an app as the desktop sees it. A program of the device has no address that a
// browser could be sent to.
func (c *Catalog) listed(app server.App) auth.App {
	out := auth.App{ID: app.ID, Title: app.Title, Icon: app.Icon, Plain: app.Plain}
	if out.Native = nativeID(app); out.Native == "" {
		out.URL = c.accessLink(app.EnterpriseID, app.ID)
	}
	return out
}

// nativeID is the program that an app is; empty for a web app.
func nativeID(app server.App) string {
	if !bytes.Contains(app.Launch, []byte(server.LaunchNative)) { // hardly any is; reading them all costs
		return ""
	}
	var l server.LaunchSpec
	if err := json.Unmarshal(app.Launch, &l); err != nil || l.Kind != server.LaunchNative || l.Native == nil {
		return ""
	}
	return l.Native.ID
}

// matches is the weak comparison of RFC 9110, section 13.1.2.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// apiIcon answers GET {issuer}/v1/icons/{sha256}.
func (c *Catalog) apiIcon(w http.ResponseWriter, r *http.Request) {
	token, ok := c.cfg.Bearer.Bearer(w, r, r.PathValue("id"), server.AudienceAPI)
	if !ok {
		return
	}
	if err := c.icon(w, r, token.EnterpriseID); err != nil {
		c.refuseAPI(w, r, err)
	}
}

// icon writes a picture. Its name is its content, so it may be kept for ever. A kind
// that can hold a script (SVG) is none of ours.
func (c *Catalog) icon(w http.ResponseWriter, r *http.Request, enterprise string) error {
	icon, err := c.cfg.Catalogue.Icon(r.Context(), enterprise, r.PathValue("sha256"))
	if err != nil {
		return err
	}
	switch icon.MediaType {
	case "image/png", "image/jpeg", "image/webp":
	default:
		return auth.ErrNotFound
	}
	h := w.Header()
	h.Set("Content-Type", icon.MediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write(icon.Data) //nolint:gosec // a raster picture, never sniffed
	return nil
}

// mint answers POST {issuer}/v1/launches with a launch link and its key, or with a code
// for a program of the device.
func (c *Catalog) mint(w http.ResponseWriter, r *http.Request) {
	token, ok := c.cfg.Bearer.Bearer(w, r, r.PathValue("id"), server.AudienceAPI)
	if !ok {
		return
	}
	var wish struct {
		App   string `json:"app"`
		Port  int    `json:"port"`
		Nonce string `json:"nonce"`
		// Challenge is a program's, S256 (RFC 7636 section 4.2).
		Challenge string `json:"challenge"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&wish); err != nil {
		c.refuseAPI(w, r, auth.Fail(auth.BadInput, nil, err))
		return
	}
	if wish.Port < 0 || wish.Port > 65535 || wish.Port > 0 && !validNonce(wish.Nonce) {
		c.refuseAPI(w, r, auth.Fail(auth.BadInput, nil, errors.New("port or nonce cannot be used")))
		return
	}
	app, err := c.cfg.Catalogue.App(r.Context(), token.EnterpriseID, wish.App)
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.Fail(auth.AppUnknown, nil, err)
	}
	if err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	if _, err := c.visitor(r, app, token.PersonID); err != nil {
		o := c.newOpening()
		o.EnterpriseID, o.AppID, o.PersonID = app.EnterpriseID, app.ID, token.PersonID
		c.refuseAPI(w, c.noted(r, o, err), err)
		return
	}
	if nativeID(app) != "" {
		c.native(w, r, app, token, wish.Challenge)
		return
	}
	link, now := auth.RandomToken(), c.cfg.Base.Time()
	hash := server.Hash(link)
	l := server.Launch{
		ID: auth.RandomID(), Hash: hash, EnterpriseID: token.EnterpriseID, AppID: app.ID, PersonID: token.PersonID,
		SessionID: token.SessionID, Port: wish.Port, Nonce: wish.Nonce,
		CreatedAt: now, ExpiresAt: now.Add(c.cfg.Base.Lifetimes.LaunchLink),
	}
	if err := c.cfg.Launches.SaveLaunch(r.Context(), l); err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	body, err := json.Marshal(map[string]string{
		"id":         l.ID,
		"url":        c.cfg.Base.PublicURL + path(l.EnterpriseID, "launch", link),
		"key":        c.key(hash),
		"expires_at": l.ExpiresAt.Format(time.RFC3339),
	})
	if err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, body)
}

// key is what the agent proves with that a launch is its own. It is kept nowhere.
func (c *Catalog) key(linkHash string) string { return c.cfg.Base.Sealer.Derive("launch " + linkHash) }

// validNonce reports whether a nonce can stand in a path as it is and is not to be guessed.
func validNonce(s string) bool {
	for i := range len(s) {
		b := s[i]
		if (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') && b != '-' && b != '_' {
			return false
		}
	}
	return len(s) >= 16 && len(s) <= 128
}

// apiSignOut answers POST {issuer}/v1/sign-out: it ends the agent's session with all
// that it launched, or everything the person has here.
func (c *Catalog) apiSignOut(w http.ResponseWriter, r *http.Request) {
	token, ok := c.cfg.Bearer.Bearer(w, r, r.PathValue("id"), server.AudienceAPI)
	if !ok {
		return
	}
	var wish struct {
		Everywhere bool `json:"everywhere"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&wish); err != nil {
		c.refuseAPI(w, r, auth.Fail(auth.BadInput, nil, err))
		return
	}
	var err error
	if now := c.cfg.Base.Time(); wish.Everywhere {
		err = c.cfg.Sessions.EndSessionsOf(r.Context(), token.EnterpriseID, token.PersonID, now)
	} else {
		err = c.cfg.Sessions.EndSession(r.Context(), token.EnterpriseID, token.SessionID, now)
	}
	if err != nil {
		c.refuseAPI(w, r, err)
		return
	}
	c.log.InfoContext(r.Context(), "signed out", "enterprise", token.EnterpriseID, "person", token.PersonID, "everywhere", wish.Everywhere)
	w.WriteHeader(http.StatusNoContent)
}

// refuseAPI answers a program: the fault's name, in the form of an OAuth error, and the
// number under which the admin finds it, if it was noted.
func (c *Catalog) refuseAPI(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	fault, _ := auth.FaultOf(err)
	if fault == auth.Internal && errors.Is(err, auth.ErrNotFound) {
		fault, status = "not_found", http.StatusNotFound
	}
	switch { // by the outermost fault: what caused it is another matter
	case status == http.StatusNotFound:
	case errors.Is(fault, auth.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(fault, auth.ErrUsage):
		status = http.StatusBadRequest
	case errors.Is(fault, auth.ErrDenied), errors.Is(fault, auth.ErrSignInRequired):
		status = http.StatusForbidden
	default:
		c.log.ErrorContext(r.Context(), "request not answered", "path", r.URL.Path, "err", err)
	}
	body, err := json.Marshal(struct {
		Error     auth.Fault `json:"error"`
		Reference string     `json:"reference,omitempty"`
	}{fault, server.Reference(r.Context())})
	if err != nil {
		w.WriteHeader(status)
		return
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
