package server

import (
	"context"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
)

// The kinds of kept connector that do not serve.
const (
	DraftNext     = "next"     // on its way: filled, tested, not yet saved
	DraftPrevious = "previous" // what served before, to switch back to
)

// Draft is a connector that does not serve. auth/server/setup knows what is in it.
type Draft struct {
	EnterpriseID string // which need not exist yet
	Kind         string
	Sealed       []byte
	UpdatedAt    time.Time
}

// Drafts keeps at most one draft of each kind for an enterprise.
type Drafts interface {
	Draft(ctx context.Context, enterprise, kind string) (Draft, error)
	// DraftsOfNobody returns those on their way of enterprises that do not exist yet, the
	// latest first.
	DraftsOfNobody(ctx context.Context) ([]Draft, error)
	SaveDraft(ctx context.Context, d Draft) error
	DeleteDraft(ctx context.Context, enterprise, kind string) error
}

// Preset is a shipped connector as the wizard offers it.
type Preset struct {
	ID     string
	Title  auth.Text
	Blanks []connector.Blank
	Secret map[string]bool // the blanks that are secrets
}

// The stages of a test sign-in.
const (
	StageSignIn = iota // the sign-in page
	StageToken         // the token
	StagePerson        // who it is
	Stages             // how many there are
)

// Trial is what a test sign-in of a draft has shown so far.
type Trial struct {
	Stages [Stages]TrialStage
	// Tree is the answer that says who it is, and Picks the results that an admin may
	// choose a place in it for, with their present place and value.
	Tree  []Leaf
	Picks []Pick
	// Mapped is set where all three stages worked: colleagues will appear like this.
	Mapped *Mapped
}

// TrialStage is one of the three.
type TrialStage struct {
	Done  bool
	Err   error // an *auth.Error
	Calls []TrialCall
	Life  time.Duration // of the token; 0 where the provider does not say
}

// TrialCall is one call to the provider, secrets masked.
type TrialCall struct{ Request, Answer string }

// Leaf is one line of an answer's tree. A line that only holds others has no Path.
type Leaf struct {
	Depth      int
	Name, Path string
	Value      string
}

// Pick is a result whose place an admin chooses.
type Pick struct {
	Result string // sub, name, avatar, email
	Path   string // its present place; a leaf of the tree, or not there
	// Doubt says that the value looks like something that changes: "email", "phone" or "name".
	Doubt string
}

// Mapped is who a test sign-in found.
type Mapped struct {
	Subject, Name, Avatar, Email string
	Groups                       []string
}

// DraftView is a draft as the wizard shows it.
type DraftView struct {
	EnterpriseID string
	Preset       Preset
	Values       map[string]string // by blank, without secrets
	// Default are the blanks that the preset has filled.
	Default map[string]bool
	// Kept are the secrets that have a value; it is not shown.
	Kept map[string]bool
	// Faults are what is wrong with the values, by blank; "" for the rest.
	Faults    map[string]string
	Ready     bool // all blanks are right: it can be tested
	Change    bool // of the connector that serves, whose people stay who they are
	AppID     string
	Callbacks []string // to register at the provider
	// Logout is where the provider may say that a session there has ended; empty where its
	// kind cannot.
	Logout string
	Host   string // of the provider's sign-in page
	// Reverify is how soon a leaver loses access where the provider cannot be asked;
	// Asked says that it can.
	Reverify string
	Asked    bool
	Running  bool // a test sign-in is under way
	Trial    *Trial
	// UpdatedAt is when something of it was last typed or tested, in a list of drafts.
	UpdatedAt time.Time
}

// ConnectorView is the connector that serves, or served before, as the console shows it.
type ConnectorView struct {
	Title     auth.Text
	Host      string
	AppID     string
	Callbacks []string
	Logout    string
	UpdatedAt time.Time
}

// NewEnterprise is what the wizard asks of an enterprise that does not exist yet.
type NewEnterprise struct {
	Code string // empty: one is made up
	Name auth.Text
}
