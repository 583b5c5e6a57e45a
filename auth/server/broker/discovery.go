package broker

import (
	"encoding/json"
	"net/http"
)

// metadata is the discovery document (OpenID Connect Discovery section 3, RFC 8414,
// RFC 9207).
type metadata struct {
	Issuer             string   `json:"issuer"`
	Authorization      string   `json:"authorization_endpoint"`
	Token              string   `json:"token_endpoint"`
	Userinfo           string   `json:"userinfo_endpoint"`
	Keys               string   `json:"jwks_uri"`
	Revocation         string   `json:"revocation_endpoint"`
	EndSession         string   `json:"end_session_endpoint"`
	Device             string   `json:"device_authorization_endpoint,omitempty"` // RFC 8628 section 4
	Scopes             []string `json:"scopes_supported"`
	ResponseTypes      []string `json:"response_types_supported"`
	ResponseModes      []string `json:"response_modes_supported"`
	GrantTypes         []string `json:"grant_types_supported"`
	SubjectTypes       []string `json:"subject_types_supported"`
	Algs               []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth          []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth     []string `json:"revocation_endpoint_auth_methods_supported"`
	Claims             []string `json:"claims_supported"`
	Prompts            []string `json:"prompt_values_supported"`
	Locales            []string `json:"ui_locales_supported"`
	ChallengeMethods   []string `json:"code_challenge_methods_supported"`
	IssInAnswer        bool     `json:"authorization_response_iss_parameter_supported"`
	Farewell           bool     `json:"backchannel_logout_supported"` // Back-Channel Logout 1.0 section 2.1
	FarewellSession    bool     `json:"backchannel_logout_session_supported"`
	ClaimsParameter    bool     `json:"claims_parameter_supported"`
	RequestParameter   bool     `json:"request_parameter_supported"`
	RequestURI         bool     `json:"request_uri_parameter_supported"` // its default is true
	RequireRequestURIs bool     `json:"require_request_uri_registration"`
}

func (b *Broker) discovery(w http.ResponseWriter, r *http.Request) {
	e, ok := b.known(w, r)
	if !ok {
		return
	}
	issuer := b.cfg.Base.Issuer(e.ID)
	device, grants := "", []string{"authorization_code", "refresh_token"}
	if e.Device {
		device, grants = issuer+"/device_authorization", append(grants, deviceGrantType)
	}
	methods := []string{"none", "client_secret_basic", "client_secret_post"}
	writePublic(w, metadata{
		Issuer:           issuer,
		Authorization:    issuer + "/authorize",
		Token:            issuer + "/token",
		Userinfo:         issuer + "/userinfo",
		Keys:             issuer + "/keys",
		Revocation:       issuer + "/revoke",
		EndSession:       issuer + "/end-session",
		Device:           device,
		Scopes:           scopes,
		ResponseTypes:    []string{"code"},
		ResponseModes:    []string{modeQuery, modeFormPost},
		GrantTypes:       grants,
		SubjectTypes:     []string{"public"},
		Algs:             []string{algES256, algRS256},
		TokenAuth:        methods,
		RevocationAuth:   methods,
		Claims:           []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "azp", "sid", "name", "picture", "email", "email_verified"},
		Prompts:          prompts,
		Locales:          []string{"en", "zh"},
		ChallengeMethods: []string{"S256"},
		IssInAnswer:      true,
		Farewell:         true,
		FarewellSession:  true,
	})
}

func (b *Broker) publishKeys(w http.ResponseWriter, r *http.Request) {
	e, ok := b.known(w, r)
	if !ok {
		return
	}
	public, err := b.keys.public(r.Context(), e.ID)
	if err != nil {
		b.writeError(w, r, e.ID, err)
		return
	}
	writePublic(w, public)
}

// writePublic answers with a document that anybody may keep for a few minutes.
func writePublic(w http.ResponseWriter, value any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(value) // the client is gone when this fails
}
