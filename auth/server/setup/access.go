package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"lanyard/auth/server"
)

// everyone is an Access as a file writes it where there is nothing to list.
const everyone = "everyone"

// Access is who may open an app, or sign in at all: everyone, or those on a list.
type Access struct {
	Everyone bool     `json:"everyone,omitempty"`
	Accounts []string `json:"accounts,omitempty"` // account IDs or verified e-mail addresses
	Groups   []string `json:"groups,omitempty"`
	// Values are what an assignment carries, by the account or group it belongs to.
	Values map[string]map[string]string `json:"values,omitempty"`
}

// UnmarshalJSON reads "everyone" or the list.
func (a *Access) UnmarshalJSON(data []byte) error {
	var word string
	if json.Unmarshal(data, &word) == nil {
		if word != everyone {
			return fmt.Errorf("read access: want %q or a list", everyone)
		}
		*a = Access{Everyone: true}
		return nil
	}
	type plain Access
	return json.Unmarshal(data, (*plain)(a))
}

// MarshalJSON writes the short form where it says all.
func (a Access) MarshalJSON() ([]byte, error) {
	if a.Everyone && len(a.Accounts)+len(a.Groups) == 0 {
		return json.Marshal(everyone)
	}
	type plain Access
	return json.Marshal(plain(a))
}

func (a *Access) check(at string, bad *faults) {
	if a == nil {
		return
	}
	for _, name := range sortedKeys(a.Values) {
		if !slices.Contains(a.Accounts, name) && !slices.Contains(a.Groups, name) {
			bad.add(at+".values."+name, "is neither one of accounts nor of groups")
		}
	}
}

// audience is the record of it.
func (a *Access) audience(enterprise, app string) server.Audience {
	out := server.Audience{EnterpriseID: enterprise, AppID: app, Everyone: a.Everyone}
	for _, account := range a.Accounts {
		out.Members = append(out.Members, server.Member{Account: account, Values: a.Values[account]})
	}
	for _, group := range a.Groups {
		out.Members = append(out.Members, server.Member{Group: group, Values: a.Values[group]})
	}
	return out
}

// accessOf is a record as a file says it; nil where it is everyone's and carries nothing.
func accessOf(a server.Audience) *Access {
	if a.Everyone && len(a.Members) == 0 {
		return nil
	}
	out := &Access{Everyone: a.Everyone}
	for _, m := range a.Members {
		name := m.Account
		if m.Group != "" {
			name = m.Group
			out.Groups = append(out.Groups, name)
		} else {
			out.Accounts = append(out.Accounts, name)
		}
		if len(m.Values) > 0 {
			if out.Values == nil {
				out.Values = map[string]map[string]string{}
			}
			out.Values[name] = m.Values
		}
	}
	slices.Sort(out.Accounts)
	slices.Sort(out.Groups)
	return out
}

// sameAudience compares two records whatever the order of their members.
func sameAudience(a, b server.Audience) bool {
	if a.Everyone != b.Everyone || len(a.Members) != len(b.Members) {
		return false
	}
	left := slices.Clone(b.Members)
	for _, m := range a.Members {
		i := slices.IndexFunc(left, func(o server.Member) bool {
			return o.Account == m.Account && o.Group == m.Group && maps.Equal(o.Values, m.Values)
		})
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// saveAccess saves what the file says of who may what.
func (s *Setup) saveAccess(ctx context.Context, report *Report, f *File) error {
	save := func(app string, access *Access) error {
		if access == nil {
			return nil
		}
		if s.cfg.Audiences == nil {
			return errors.New("this server keeps no lists of people")
		}
		next := access.audience(report.ID, app)
		old, err := s.cfg.Audiences.Audience(ctx, report.ID, app)
		if err != nil || sameAudience(old, next) {
			return err
		}
		next.UpdatedAt = s.cfg.Base.Time()
		if app == "" {
			report.change("who may sign in changed")
		} else {
			report.change("who may open app %s changed", app)
		}
		return s.cfg.Audiences.SaveAudience(ctx, next)
	}
	if err := save("", f.Access); err != nil {
		return err
	}
	for _, a := range f.Apps {
		if err := save(a.ID, a.Access); err != nil {
			return err
		}
	}
	return nil
}

func (s *Setup) exportAccess(ctx context.Context, f *File) error {
	if s.cfg.Audiences == nil {
		return nil
	}
	of := func(app string) (*Access, error) {
		a, err := s.cfg.Audiences.Audience(ctx, f.ID, app)
		if err != nil {
			return nil, err
		}
		return accessOf(a), nil
	}
	var err error
	if f.Access, err = of(""); err != nil {
		return err
	}
	for i := range f.Apps {
		if f.Apps[i].Access, err = of(f.Apps[i].ID); err != nil {
			return err
		}
	}
	return nil
}
