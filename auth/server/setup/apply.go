package setup

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/directory"
	"lanyard/auth/server"
)

// Report says what an [Setup.Apply] did.
type Report struct {
	ID, Code string // of the enterprise
	AppID    string // the Lanyard APPID of its connector
	// Callback is the address to register at the provider.
	Callback string
	// Logout is where the provider may say that a session there has ended; empty: it cannot.
	Logout string
	// Changes says what changed, a line each ("app notes added"); none when all was as
	// the file says.
	Changes []string
}

func (r *Report) change(format string, args ...any) {
	r.Changes = append(r.Changes, fmt.Sprintf(format, args...))
}

// state is what the store holds of the enterprise that a file describes.
type state struct {
	enterprise server.Enterprise
	connector  server.Connector
	secrets    map[string]string
}

// Apply makes the store agree with the file. Everything is checked and read before
// anything is written; a break in the middle leaves what a second Apply completes. The
// same file again changes nothing. A connector that changes keeps its id, so that
// nobody is signed out. What is wrong with the file comes as joined
// connector.FieldErrors, for schema.At to say where.
func (s *Setup) Apply(ctx context.Context, f File) (Report, error) {
	if err := f.check(); err != nil {
		return Report{}, err
	}
	s.applying.Lock()
	defer s.applying.Unlock()
	report, err := s.apply(ctx, &f)
	if err != nil {
		return Report{}, placed(f.Code, err)
	}
	s.log.InfoContext(ctx, "enterprise applied", "enterprise", report.ID, "code", report.Code, "changes", len(report.Changes))
	return report, nil
}

func (s *Setup) apply(ctx context.Context, f *File) (Report, error) {
	old, err := s.find(ctx, f)
	if err != nil {
		return Report{}, err
	}
	next, err1 := s.enterprise(f, old.enterprise)
	conn, filled, err2 := s.connector(f, next.ID, old)
	apps, icons, err3 := s.catalogue(ctx, f, next.ID)
	clients, err4 := s.clients(ctx, f, next.ID)
	if err := errors.Join(err1, err2, err3, err4); err != nil { // all that is wrong, at once
		return Report{}, err
	}

	report := Report{ID: next.ID, Code: next.Code, AppID: conn.AppID, Callback: s.callback(conn, filled), Logout: s.logout(conn.ID, filled)}
	if old.enterprise.ID == "" { // what belongs to an enterprise needs one
		report.change("enterprise %s added", next.Code)
		if err := s.saveEnterprise(ctx, next); err != nil {
			return report, err
		}
	} else if changed := differences(old.enterprise, next); len(changed) > 0 {
		report.change("enterprise %s: %s changed", next.Code, strings.Join(changed, ", "))
	}
	if err := s.saveConnector(ctx, &report, old, conn, f.Connector.keeps); err != nil {
		return report, err
	}
	if err := s.saveApps(ctx, &report, f, apps, icons); err != nil {
		return report, err
	}
	if err := s.saveClients(ctx, &report, f, clients); err != nil {
		return report, err
	}
	if err := s.saveAccess(ctx, &report, f); err != nil {
		return report, err
	}
	if old.enterprise.ID != "" && len(report.Changes) > 0 {
		// Last, because it drops the signed document: the next one says all of it.
		err = s.saveEnterprise(ctx, next)
	}
	return report, err
}

// placed leaves faults of the file bare and says of others what was being done.
func placed(code string, err error) error {
	var field *connector.FieldError
	if errors.As(err, &field) {
		return err
	}
	return fmt.Errorf("apply enterprise %q: %w", code, err)
}

// find loads what is there.
func (s *Setup) find(ctx context.Context, f *File) (state, error) {
	var st state
	var err error
	if f.ID != "" {
		st.enterprise, err = s.cfg.Enterprises.Enterprise(ctx, f.ID)
	} else {
		st.enterprise, err = s.cfg.Enterprises.EnterpriseByCode(ctx, directory.Hash(f.Code))
	}
	isNew := errors.Is(err, auth.ErrNotFound)
	if err != nil && !isNew {
		return state{}, err
	}
	switch {
	case f.Connector.ID != "":
		st.connector, err = s.cfg.Connectors.Connector(ctx, f.Connector.ID)
		if err == nil && st.connector.EnterpriseID != st.enterprise.ID {
			return state{}, &connector.FieldError{Path: "connector.id", Message: "is another enterprise's"}
		}
	case !isNew:
		st.connector, err = s.cfg.Connectors.ActiveConnector(ctx, st.enterprise.ID)
	}
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return state{}, err
	}
	st.secrets, err = s.openSecrets(st.connector)
	return st, err
}

// enterprise returns the record as the file wants it, without a signed document.
func (s *Setup) enterprise(f *File, old server.Enterprise) (server.Enterprise, error) {
	logo, err := f.logo()
	if err != nil {
		return server.Enterprise{}, &connector.FieldError{Path: "logo", Message: err.Error()}
	}
	now := s.cfg.Base.Time()
	next := old
	next.Enterprise = auth.Enterprise{
		ID: old.ID, Code: f.Code, Name: f.Name, Logo: logo, Domains: lower(f.Domains), Help: f.Help,
	}
	if next.ID == "" {
		next.ID, next.CreatedAt = f.ID, now
	}
	if next.ID == "" {
		next.ID = auth.RandomID()
	}
	next.Public, next.Device, next.UpdatedAt = f.Public, f.Device, now
	next.Document, next.DocumentExpires = nil, time.Time{}
	return next, nil
}

// differences names what an admin would see change.
func differences(old, next server.Enterprise) []string {
	var names []string
	for _, field := range []struct {
		name string
		same bool
	}{
		{"code", old.Code == next.Code},
		{"name", same(old.Name, next.Name)},
		{"domains", same(old.Domains, next.Domains)},
		{"help", old.Help == next.Help},
		{"logo", old.Logo == next.Logo},
		{"public", old.Public == next.Public},
		{"device", old.Device == next.Device},
	} {
		if !field.same {
			names = append(names, field.name)
		}
	}
	return names
}

// same compares lists and maps as their reader does: an empty one is none.
func same[T any](a, b T) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.Len() == 0 && y.Len() == 0 || reflect.DeepEqual(a, b)
}

func lower(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, strings.ToLower(s))
	}
	return out
}

func (s *Setup) saveEnterprise(ctx context.Context, e server.Enterprise) error {
	err := s.cfg.Enterprises.SaveEnterprise(ctx, e)
	if errors.Is(err, auth.ErrConflict) {
		return &connector.FieldError{Path: "code", Message: "is another enterprise's"}
	}
	return err
}
