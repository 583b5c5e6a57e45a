package server

import (
	"context"
	"time"

	"lanyard/auth"
)

// SignInFilter chooses lines of the sign-in log; empty fields do not choose.
type SignInFilter struct {
	Reference string
	PersonID  string
	AppID     string
	Person    string // part of a person's name or e-mail address
	Failed    bool
	Fault     auth.Fault
	Stage     string
	Since     time.Time
	Limit     int
	Offset    int
}

// SignInCause is how often sign-ins ended in one way: by fault and stage.
type SignInCause struct {
	Fault auth.Fault // empty: they worked
	Stage string
	Count int
	Last  time.Time
}

// SignInLog is the log of sign-ins as admins read it.
type SignInLog interface {
	// FindSignIns returns lines, newest first.
	FindSignIns(ctx context.Context, enterprise string, f SignInFilter) ([]SignIn, error)
	// SignInCauses groups what happened since, the most frequent first.
	SignInCauses(ctx context.Context, enterprise string, since time.Time) ([]SignInCause, error)
}

// PeopleList is the people of an enterprise as admins see them.
type PeopleList interface {
	// FindPeople returns those whose name or e-mail address holds text, last seen first.
	FindPeople(ctx context.Context, enterprise, text string, limit, offset int) ([]Person, error)
	CountPeople(ctx context.Context, enterprise string) (int, error)
	// RestorePerson gives access back to a person whose access was ended.
	RestorePerson(ctx context.Context, enterprise, id string) error
}
