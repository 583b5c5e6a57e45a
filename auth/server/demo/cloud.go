package demo

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/crewjam/saml"
)

// The cloud is shaped like Alibaba Cloud's role SSO; names that the vendor fixes are its
// own, so that what opens it would open the real one but for the address.
const (
	CloudEntity  = "urn:alibaba:cloudcomputing"
	CloudAccount = "1234567890123456" // of the pretend company there
	// CloudProvider is what the company's administrator called us there.
	CloudProvider = "lanyard"

	RoleAttribute        = "https://www.aliyun.com/SAML-Role/Attributes/Role"
	SessionNameAttribute = "https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName"
	// DisplayNameAttribute is the demo's own: the vendor's page shows the session's name.
	DisplayNameAttribute = "https://cloudberry.example/attributes/name"
)

// CloudACS is where the cloud takes responses.
func CloudACS(base string) string { return base + "/saml-role/sso" }

// CloudRole is the value of a Role attribute for one of the company's roles there.
func CloudRole(role string) string {
	return fmt.Sprintf("acs:ram::%[1]s:role/%[2]s,acs:ram::%[1]s:saml-provider/%[3]s", CloudAccount, role, CloudProvider)
}

var (
	roleValue   = regexp.MustCompile(`^acs:ram::` + CloudAccount + `:role/([A-Za-z0-9.-]{1,64}),acs:ram::` + CloudAccount + `:saml-provider/` + CloudProvider + `$`)
	sessionName = regexp.MustCompile(`^[A-Za-z0-9.@_=-]{2,64}$`)
)

// cloud is the service provider.
type cloud struct {
	cfg      AppConfig
	client   *http.Client
	sessions memory[visitor]
	seen     memory[struct{}] // assertions, by id
}

// NewCloud returns the app that signs in by SAML, of the identity provider whose metadata
// are at {issuer}/saml/metadata. Like the real one it never asks for a sign-in itself: it
// takes what the company's side posts to /saml-role/sso, and is strict about it.
func NewCloud(cfg AppConfig) http.Handler {
	c := &cloud{cfg: cfg, client: &http.Client{Timeout: 10 * time.Second}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.home)
	mux.HandleFunc("POST /saml-role/sso", c.assertion)
	mux.HandleFunc("POST /logout", c.logout)
	same := http.NewCrossOriginProtection()
	same.AddInsecureBypassPattern("POST /saml-role/sso") // the identity provider's page posts it
	return same.Handler(mux)
}

func (c *cloud) home(w http.ResponseWriter, r *http.Request) {
	if who, ok := c.sessions.get(cookie(r, "cloud")); ok {
		showApp(w, r, c.cfg, "cloud", who)
		return
	}
	showLeft(w, r, "cloud", c.cfg.Start)
}

func (c *cloud) logout(w http.ResponseWriter, r *http.Request) {
	c.sessions.take(cookie(r, "cloud"))
	showLeft(w, r, "cloud", c.cfg.Start)
}

// assertion takes a response. Which check it has failed is for the log of a real one; a
// person reads that it was refused.
func (c *cloud) assertion(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
	who, err := c.read(r)
	if err != nil {
		showProblem(w, r, http.StatusForbidden, "cloud", "demo.cloud.refused", c.cfg.Start)
		return
	}
	setCookie(w, c.cfg.BaseURL, "cloud", c.sessions.put(who, sessionLife), 0)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// read checks a response as Alibaba Cloud's documents say that it does: signed by the
// provider's certificate, for this address and audience, not expired, not used before,
// with a role and a session name of the right form.
func (c *cloud) read(r *http.Request) (visitor, error) {
	provider, err := c.metadata(r.Context())
	if err != nil {
		return visitor{}, err
	}
	message, err := base64.StdEncoding.DecodeString(r.PostFormValue("SAMLResponse"))
	if err != nil {
		return visitor{}, fmt.Errorf("read response: %w", err)
	}
	acs, err := url.Parse(CloudACS(c.cfg.BaseURL))
	if err != nil {
		return visitor{}, err
	}
	sp := saml.ServiceProvider{
		EntityID: CloudEntity, AcsURL: *acs, MetadataURL: *acs, IDPMetadata: provider, AllowIDPInitiated: true,
	}
	a, err := sp.ParseXMLResponse(message, nil, *acs)
	if err != nil {
		return visitor{}, fmt.Errorf("check response: %w", err)
	}
	// What the library lets pass: an assertion for anybody, one that nobody may show, and
	// the same one twice.
	if len(a.Conditions.AudienceRestrictions) == 0 || a.Subject == nil || len(a.Subject.SubjectConfirmations) == 0 || len(a.AuthnStatements) == 0 {
		return visitor{}, errors.New("check response: not for this audience, or without a statement")
	}
	if !c.seen.first(a.ID, time.Hour) {
		return visitor{}, errors.New("check response: used before")
	}
	return rolesOf(a)
}

func rolesOf(a *saml.Assertion) (visitor, error) {
	values := map[string][]string{}
	for _, statement := range a.AttributeStatements {
		for _, attribute := range statement.Attributes {
			for _, v := range attribute.Values {
				values[attribute.Name] = append(values[attribute.Name], v.Value)
			}
		}
	}
	var roles []string
	for _, v := range values[RoleAttribute] {
		m := roleValue.FindStringSubmatch(v)
		if m == nil {
			return visitor{}, errors.New("check response: not a role of this account")
		}
		roles = append(roles, m[1])
	}
	names := values[SessionNameAttribute]
	if len(roles) == 0 || len(names) != 1 || !sessionName.MatchString(names[0]) {
		return visitor{}, errors.New("check response: no role, or no name for the session")
	}
	who := visitor{Facts: []fact{
		{"demo.cloud.role", strings.Join(roles, ", ")},
		{"demo.cloud.session", names[0]},
		{"demo.cloud.account", CloudAccount},
	}}
	if a.Subject.NameID != nil {
		who.ID = a.Subject.NameID.Value
	}
	if shown := values[DisplayNameAttribute]; len(shown) == 1 {
		who.Name = shown[0]
	}
	return who, nil
}

// metadata reads the provider's, each time: its certificates change. An administrator
// would upload the file.
func (c *cloud) metadata(ctx context.Context) (*saml.EntityDescriptor, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.cfg.Issuer+"/saml/metadata", nil)
	if err != nil {
		return nil, err
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read metadata: status %d", res.StatusCode)
	}
	var d saml.EntityDescriptor
	if err := xml.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	return &d, nil
}
