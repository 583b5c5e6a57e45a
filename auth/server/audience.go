package server

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Audience is who may open one app or, with AppID empty, who may sign in at all. What
// has no audience is everyone's.
type Audience struct {
	EnterpriseID string
	AppID        string
	// Everyone says that the app is open to all; its members are then those whose
	// assignment carries values.
	Everyone  bool
	Members   []Member
	UpdatedAt time.Time
}

// Member is one assignment: of a person, by the account ID or verified e-mail address
// that admins know, or of a group, where the connector gives groups.
type Member struct {
	Account string
	Group   string
	Values  map[string]string // what the assignment carries: an Alibaba Cloud role
}

// Key is the member in the form that people are compared in: an account ID as it is, but
// an e-mail address in lower case. Members with one key are one member.
func (m Member) Key() string {
	if m.Group != "" {
		return "g:" + strings.TrimSpace(m.Group)
	}
	return accountKey(m.Account)
}

func accountKey(account string) string {
	account = strings.TrimSpace(account)
	if strings.Contains(account, "@") {
		account = strings.ToLower(account)
	}
	return "a:" + account
}

// MemberKeys are the keys ([Member.Key]) that a person is a member by, their own before
// their groups': the account ID, the verified e-mail address, each group.
func (p Person) MemberKeys() []string {
	var keys []string
	add := func(key string) {
		if len(key) > len("a:") && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	add(accountKey(p.Account))
	if p.EmailVerified && strings.Contains(p.Email, "@") {
		add(accountKey(p.Email))
	}
	for _, group := range p.Groups {
		add(Member{Group: group}.Key())
	}
	return keys
}

// Admission is whether one person may open an app, and with which values.
type Admission struct {
	Allowed bool
	Values  map[string]string // of all the person's assignments; a person's own beats a group's
}

// Audiences keeps who may open what. Nobody need have signed in to be on a list.
type Audiences interface {
	// Audience returns an app's audience, Everyone where none was saved.
	Audience(ctx context.Context, enterprise, app string) (Audience, error)
	// SaveAudience replaces an app's audience.
	SaveAudience(ctx context.Context, a Audience) error
	// Admissions answers for one person, by app ("": signing in). An app that it does not
	// name is everyone's and carries nothing.
	Admissions(ctx context.Context, p Person) (map[string]Admission, error)
	// Admission answers for one person and one app ("": signing in).
	Admission(ctx context.Context, p Person, app string) (Admission, error)
	// ClientAdmission answers for the apps whose client this is: allowed by one of them is
	// allowed, and a client that is no app's is everyone's.
	ClientAdmission(ctx context.Context, p Person, client string) (Admission, error)
}

// What became of a launch, as far as we can know.
const (
	OpeningLinked  = "linked"  // the browser was sent to the app; no more is known
	OpeningBack    = "back"    // the app came back to us for the person
	OpeningPosted  = "posted"  // the browser was given a SAML response
	OpeningAnother = "another" // the app asked for, or got, another person
	OpeningOld     = "old"     // a used, expired or unknown link went on as access link
	OpeningAsked   = "asked"   // the person says that the app asked to sign in
	OpeningFailed  = "failed"  // it did not come to an opening at all
)

// Opening is one opening of one app, by a launch link or its access link, and what
// became of it.
type Opening struct {
	ID           string // the launch's, or one of its own
	EnterpriseID string
	AppID        string
	PersonID     string
	SessionID    string // the browser's, once there is one
	Outcome      string
	At           time.Time     // when it was asked for
	Took         time.Duration // until the last outcome
}

// OpeningRate is how the openings of one app went.
type OpeningRate struct {
	AppID string
	Count map[string]int // by outcome
}

// Openings keeps how launches went.
type Openings interface {
	// RecordOpening inserts or replaces by ID.
	RecordOpening(ctx context.Context, o Opening) error
	// Opening returns one by its ID.
	Opening(ctx context.Context, enterprise, id string) (Opening, error)
	// MarkOpening says what became of an opening. What the person said of it (OpeningAsked)
	// stands against whatever comes after.
	MarkOpening(ctx context.Context, enterprise, id, outcome string, now time.Time) error
	// MarkBack says that the newest opening, not older than since, of one of the apps whose
	// client this is has come back for the person. None is no error.
	MarkBack(ctx context.Context, enterprise, person, client, outcome string, since, now time.Time) error
	// MarkSession says of a session's newest opening, not older than since, that nothing has
	// come back of yet, what became of it. None is no error.
	MarkSession(ctx context.Context, enterprise, session, outcome string, since, now time.Time) error
	// OpeningRates counts openings since then, by app.
	OpeningRates(ctx context.Context, enterprise string, since time.Time) ([]OpeningRate, error)
	// FindOpenings returns an app's openings (of any app where empty), newest first.
	FindOpenings(ctx context.Context, enterprise, app string, since time.Time, limit, offset int) ([]Opening, error)
}
