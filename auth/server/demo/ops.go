package demo

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"lanyard/auth"
)

// The operations console is shaped like Alibaba Cloud's, opened by OpenID Connect: a
// security token service that trades our id_token for credentials of a role, and a
// federation address that turns those into one sign-in. The names of actions, fields and
// errors are the vendor's.
const (
	OpsProviderArn = "acs:ram::" + CloudAccount + ":oidc-provider/" + CloudProvider
	stsVersion     = "2015-04-01"
	signinLife     = 30 * time.Second
)

// OpsRoleArn is one of the company's roles there.
func OpsRoleArn(role string) string { return "acs:ram::" + CloudAccount + ":role/" + role }

// ops is the service and its console.
type ops struct {
	cfg      AppConfig
	client   *http.Client
	sessions memory[visitor]
	keys     memory[credentials] // by AccessKeyId
	signins  memory[visitor]     // by SigninToken

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
}

// credentials are what the service gives for an id_token.
type credentials struct {
	secret, token string
	who           visitor
}

// NewOps returns the app that is opened by calls of the company's server: /sts gives
// credentials for an id_token of cfg.ClientID, /federation a one-time sign-in for them.
func NewOps(cfg AppConfig) http.Handler {
	o := &ops{cfg: cfg, client: &http.Client{Timeout: 10 * time.Second}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", o.home)
	mux.HandleFunc("POST /sts", o.assumeRole)
	mux.HandleFunc("GET /federation", o.federation)
	mux.HandleFunc("POST /logout", o.logout)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (o *ops) home(w http.ResponseWriter, r *http.Request) {
	if who, ok := o.sessions.get(cookie(r, "ops")); ok {
		showApp(w, r, o.cfg, "ops", who)
		return
	}
	showLeft(w, r, "ops", o.cfg.Start)
}

func (o *ops) logout(w http.ResponseWriter, r *http.Request) {
	o.sessions.take(cookie(r, "ops"))
	showLeft(w, r, "ops", o.cfg.Start)
}

var opsRole = regexp.MustCompile(`^acs:ram::` + CloudAccount + `:role/([A-Za-z0-9.-]{1,64})$`)

// assumeRole is AssumeRoleWithOIDC: unsigned, for the id_token is the proof.
func (o *ops) assumeRole(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if r.PostFormValue("Action") != "AssumeRoleWithOIDC" || r.PostFormValue("Version") != stsVersion {
		stsRefuse(w, http.StatusBadRequest, "InvalidParameter", "The action or its version is not known.")
		return
	}
	role := opsRole.FindStringSubmatch(r.PostFormValue("RoleArn"))
	name := r.PostFormValue("RoleSessionName")
	switch {
	case r.PostFormValue("OIDCProviderArn") != OpsProviderArn:
		stsRefuse(w, http.StatusNotFound, "EntityNotExist.OIDCProvider", "The OIDC provider does not exist.")
		return
	case role == nil:
		stsRefuse(w, http.StatusNotFound, "EntityNotExist.Role", "The role does not exist.")
		return
	case !sessionName.MatchString(name):
		stsRefuse(w, http.StatusBadRequest, "InvalidParameter.RoleSessionName", "The name of the session has the wrong form.")
		return
	}
	who, err := o.verify(r.Context(), r.PostFormValue("OIDCToken"))
	if err != nil {
		stsRefuse(w, http.StatusBadRequest, "AuthenticationFail.OIDCToken.Invalid", "The OIDC token is not valid for this provider.")
		return
	}
	who.Facts = []fact{{"demo.cloud.role", role[1]}, {"demo.cloud.session", name}, {"demo.cloud.account", CloudAccount}}
	c := credentials{secret: auth.RandomToken(), token: auth.RandomToken(), who: who}
	answerJSON(w, http.StatusOK, map[string]any{
		"RequestId": auth.RandomID(),
		"Credentials": map[string]string{
			"AccessKeyId": "STS." + o.keys.put(c, time.Hour), "AccessKeySecret": c.secret, "SecurityToken": c.token,
			"Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		},
		"AssumedRoleUser": map[string]string{"Arn": r.PostFormValue("RoleArn") + "/" + name},
		"OIDCTokenInfo":   map[string]string{"Issuer": o.cfg.Issuer, "Subject": who.ID, "ClientIds": o.cfg.ClientID},
	})
}

// verify checks an id_token by the issuer's published keys: signature, issuer, audience
// and expiry.
func (o *ops) verify(ctx context.Context, raw string) (visitor, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ctx = oidc.ClientContext(ctx, o.client)
	if o.verifier == nil {
		provider, err := oidc.NewProvider(ctx, o.cfg.Issuer)
		if err != nil {
			return visitor{}, err
		}
		o.verifier = provider.Verifier(&oidc.Config{ClientID: o.cfg.ClientID})
	}
	id, err := o.verifier.Verify(ctx, raw)
	if err != nil {
		return visitor{}, err
	}
	var claims struct {
		Name string `json:"name"`
	}
	if err := id.Claims(&claims); err != nil {
		return visitor{}, err
	}
	return visitor{ID: id.Subject, Name: claims.Name}, nil
}

// federation is the address at which credentials become a sign-in: GetSigninToken is
// asked by a program, Login opened by a browser.
func (o *ops) federation(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch q.Get("Action") {
	case "GetSigninToken":
		name, _ := strings.CutPrefix(q.Get("AccessKeyId"), "STS.")
		c, ok := o.keys.get(name)
		if !ok || !auth.NewSecret(c.secret).Equal(auth.NewSecret(q.Get("AccessKeySecret"))) ||
			!auth.NewSecret(c.token).Equal(auth.NewSecret(q.Get("SecurityToken"))) {
			stsRefuse(w, http.StatusForbidden, "InvalidSecurityToken", "The credentials are not known.")
			return
		}
		answerJSON(w, http.StatusOK, map[string]string{"RequestId": auth.RandomID(), "SigninToken": o.signins.put(c.who, signinLife)})
	case "Login":
		o.login(w, r, q)
	default:
		stsRefuse(w, http.StatusBadRequest, "InvalidParameter", "The action is not known.")
	}
}

// login takes a one-time token from a browser.
func (o *ops) login(w http.ResponseWriter, r *http.Request, q url.Values) {
	who, ok := o.signins.take(q.Get("SigninToken"))
	if !ok {
		showProblem(w, r, http.StatusForbidden, "ops", "demo.ops.refused", o.cfg.Start)
		return
	}
	to := "/"
	if path, ok := strings.CutPrefix(q.Get("Destination"), o.cfg.BaseURL+"/"); ok {
		to = "/" + strings.TrimLeft(path, `/\`)
	}
	setCookie(w, o.cfg.BaseURL, "ops", o.sessions.put(who, sessionLife), 0)
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a path here
}

// stsRefuse answers an error in the vendor's form.
func stsRefuse(w http.ResponseWriter, status int, code, message string) {
	answerJSON(w, status, map[string]string{"RequestId": auth.RandomID(), "Code": code, "Message": message})
}
