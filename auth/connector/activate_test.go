package connector_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// activating is a connector whose activation has an upstream client of its own.
func activating(origin string) connector.Connector {
	c := preset()
	c.Vars["client_id"] = "page-client"
	c.Activate = &connector.Activate{
		Secrets: []string{"sdk_secret"},
		Steps: []connector.Step{{
			ID: "sdk", Method: "POST", URL: origin + "/token",
			Form: texts{"client_id": "sdk-client", "client_secret": "{sdk_secret}", "code": "{code}"},
			Set:  paths{"sub": {"id"}, "name": {"name"}}, Require: []string{"sub"},
		}},
	}
	return c
}

func TestActivate(t *testing.T) {
	var form string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form = string(body)
		_, _ = io.WriteString(w, `{"id":"u-1","name":"张三"}`)
	}))
	t.Cleanup(s.Close)
	c, err := connector.Load(activating(s.URL), texts{"base": "https://api.acme.com"})
	if err != nil {
		t.Fatal(err)
	}
	e := &connector.Engine{HTTP: connector.NewHTTPClient(connector.Policy{Loopback: true})}
	run := connector.Run{Secrets: map[string]auth.Secret{
		"client_secret": auth.NewSecret("page-secret"), "sdk_secret": auth.NewSecret("sdk-secret"),
	}}
	got, err := e.Activate(context.Background(), c, run, auth.NewSecret("c0de"))
	if err != nil || got.Subject != "u-1" || got.Name != "张三" {
		t.Fatalf("%+v, %v", got, err)
	}
	if form != "client_id=sdk-client&client_secret=sdk-secret&code=c0de" {
		t.Errorf("sent %s", form)
	}
	c.Activate = nil
	if _, err := e.Activate(context.Background(), c, run, auth.NewSecret("c0de")); err == nil {
		t.Error("activated without an activate block")
	}
}

func TestActivateNeedsItsOwnClient(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(*connector.Connector)
		want string
	}{
		{"no secret", func(c *connector.Connector) {
			c.Activate.Secrets, c.Activate.Steps[0].Form["client_secret"] = nil, "x"
		}, "activate.secrets: is missing"},
		{"the page's secret by name", func(c *connector.Connector) { c.Activate.Secrets = []string{"sdk_secret", "client_secret"} }, "activate.secrets.1: is the connector's own secret"},
		{"the page's secret in a step", func(c *connector.Connector) { c.Activate.Steps[0].Form["client_secret"] = "{client_secret}" }, "activate.steps.0.form.client_secret: holds the secret {client_secret}, which may not stand here"},
		{"the page's client", func(c *connector.Connector) { c.Activate.Steps[0].Form["client_id"] = "{client_id}" }, "activate.steps.0.form.client_id: holds {client_id}"},
		{"the page's client by Basic", func(c *connector.Connector) { c.Activate.Steps[0].Auth = "basic" }, "activate.steps.0.auth: would show the client of the sign-in page"},
		{"the page's verifier", func(c *connector.Connector) { c.Activate.Steps[0].Form["v"] = "{code_verifier}" }, "activate.steps.0.form.v: holds {code_verifier}"},
		{"nobody", func(c *connector.Connector) {
			delete(c.Activate.Steps[0].Set, "sub")
			c.Activate.Steps[0].Require = nil
		}, "activate.steps: no step sets sub"},
		{"unpinned", func(c *connector.Connector) {
			c.Steps[0].Set["tenant"], c.Expect["tenant"] = connector.Paths{"corp"}, "acme"
		}, "activate.steps: no step sets tenant, which expect pins"},
		{"target with a query", func(c *connector.Connector) { c.Targets = []string{"https://a.example/?x=1"} }, "targets.0: must be an https:// address"},
		{"target by http", func(c *connector.Connector) { c.Targets = []string{"https://a.example/", "http://a.example/"} }, "targets.1: must be an https:// address"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := activating("https://sso.acme.com")
			row.edit(&c)
			_, err := connector.Load(c, texts{"base": "https://api.acme.com"})
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v\nwant %s", err, row.want)
			}
		})
	}
}
