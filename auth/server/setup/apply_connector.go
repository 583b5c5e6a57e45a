package setup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// connector returns the record that the file wants. Its secrets are those of the file,
// else those that are stored.
func (s *Setup) connector(f *File, enterprise string, old state) (server.Connector, *connector.Connector, error) {
	filled, err := f.Connector.fill()
	if err != nil {
		return server.Connector{}, nil, err
	}
	document, err := json.Marshal(filled)
	if err != nil {
		return server.Connector{}, nil, fmt.Errorf("write connector: %w", err)
	}
	secrets, err := f.secrets(filled, old.secrets)
	if err != nil {
		return server.Connector{}, nil, err
	}
	now := s.cfg.Base.Time()
	next := old.connector
	if next.ID == "" {
		next.ID = f.Connector.ID
		if next.ID == "" {
			next.ID = auth.RandomID()
		}
		next.AppID, next.CreatedAt = cmp.Or(f.Connector.appID, newAppID(now)), now
	}
	next.EnterpriseID, next.Document, next.Active, next.UpdatedAt = enterprise, document, true, now
	if !maps.Equal(secrets, old.secrets) {
		if next.Sealed, err = s.sealSecrets(next.ID, secrets); err != nil {
			return server.Connector{}, nil, err
		}
	}
	return next, filled, nil
}

// secrets reads the secrets of a connector; all that are missing are named at once.
func (f *File) secrets(filled *connector.Connector, stored map[string]string) (map[string]string, error) {
	return f.readSecrets("connector", secretNames(filled), f.Connector.Given, f.Connector.Secrets, stored)
}

// readSecrets reads the named secrets of what stands at a path of the file.
func (f *File) readSecrets(at string, names []string, given map[string]auth.Secret, wheres, stored map[string]string) (map[string]string, error) {
	var bad faults
	var out map[string]string
	for _, name := range names {
		value, isGiven := given[name]
		if where := wheres[name]; !isGiven && where != "" {
			var err error
			if value, err = f.secret(where); err != nil {
				bad.add(at+".secrets."+name, "%v", err)
				continue
			}
		} else if !isGiven {
			value = auth.NewSecret(stored[name])
		}
		if value.IsZero() {
			bad.add(at+".secrets."+name, "is missing: say where it is, file:NAME or env:NAME")
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = value.Reveal()
	}
	return out, errors.Join(bad...)
}

// openSecrets returns a stored connector's secrets by name.
func (s *Setup) openSecrets(c server.Connector) (map[string]string, error) {
	return s.openSealed(c.Sealed, c.ID)
}

// openSealed returns secrets by name that were sealed with a context.
func (s *Setup) openSealed(sealed []byte, context string) (map[string]string, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := s.cfg.Base.Sealer.Open(sealed, context)
	if err != nil {
		return nil, fmt.Errorf("open secrets of %s: %w", context, err)
	}
	var secrets map[string]string
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return nil, fmt.Errorf("read secrets of %s: not as they were sealed", context) // the cause would quote them
	}
	return secrets, nil
}

// sealSecrets seals secrets by name with a context: a connector's with its id, an app's
// with "app " and its id.
func (s *Setup) sealSecrets(context string, secrets map[string]string) ([]byte, error) {
	if len(secrets) == 0 {
		return nil, nil
	}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return nil, fmt.Errorf("seal secrets of %s: %w", context, err)
	}
	return s.cfg.Base.Sealer.Seal(plain, context), nil
}

func (s *Setup) saveConnector(ctx context.Context, report *Report, old state, next server.Connector, keeps bool) error {
	if was := old.connector; was.ID == next.ID && was.Active &&
		bytes.Equal(was.Document, next.Document) && bytes.Equal(was.Sealed, next.Sealed) {
		return nil
	}
	if old.connector.ID == "" {
		report.change("connector added, Lanyard APPID %s", next.AppID)
	} else {
		report.change("connector changed")
	}
	save := func(ctx context.Context, c server.Connector) error { return s.cfg.Connectors.SaveConnector(ctx, c) }
	if keeps {
		save = s.replace
	}
	if err := save(ctx, next); err != nil {
		return fmt.Errorf("save connector: %w", err)
	}
	return nil
}

// newAppID makes a Lanyard APPID as the seed shows it: AK, the day, six letters.
func newAppID(now time.Time) string {
	letters := make([]byte, 6)
	for i := range letters {
		var b [1]byte
		for {
			_, _ = rand.Read(b[:])
			if b[0] < 26*9 { // no bias
				break
			}
		}
		letters[i] = 'A' + b[0]%26
	}
	return "AK" + now.Format("20060102") + string(letters)
}

// sharedCallback is the seed's own callback, which three-interface connectors share.
const sharedCallback = "/oauth/v1/code"

// callback returns the redirect address to register at a connector's provider.
func (s *Setup) callback(row server.Connector, c *connector.Connector) string {
	switch {
	case direct(c):
		host := c.Redirect.Host
		if c.Redirect.Port != 0 {
			host = fmt.Sprintf("%s:%d", host, c.Redirect.Port)
		}
		return "http://" + host + c.Redirect.Path
	case c.Redirect.Path != sharedCallback:
		return s.cfg.Base.PublicURL + "/c/" + row.ID + "/callback"
	case c.Redirect.Query == "forbidden":
		return s.cfg.Base.PublicURL + sharedCallback
	}
	return s.cfg.Base.PublicURL + sharedCallback + "?app_id=" + url.QueryEscape(row.AppID)
}

// direct reports whether desktops sign in at the provider itself, without our broker.
func direct(c *connector.Connector) bool {
	return c.Kind == connector.KindOIDC && c.Redirect.Via == "loopback"
}
