package server

import (
	"context"
	"time"
)

// Role is what an admin may do in the console.
type Role string

// The roles.
const (
	RoleOperator      Role = "operator"      // the whole server
	RoleAdministrator Role = "administrator" // one enterprise
	// RoleHelpDesk sees the sign-ins and people of one enterprise and signs devices out.
	RoleHelpDesk Role = "help_desk"
)

// Admin is somebody who may open the console: an operator with a password of this
// server, or a person of an enterprise, named exactly, who signs in by its connector.
type Admin struct {
	ID           string
	EnterpriseID string // empty for an operator
	PersonID     string // empty for an operator
	Name         string // an operator's sign-in name; a person's name when it was given the role
	PasswordHash string // an operator's; empty until one is chosen
	Role         Role
	CreatedAt    time.Time
	LastSeen     time.Time
}

// AdminLink is a one-time link into the console.
type AdminLink struct {
	Hash      string // of the link's token
	CreatedAt time.Time
	ExpiresAt time.Time
}

// AdminSession is a browser that an admin has opened the console in.
type AdminSession struct {
	ID         string
	AdminID    string
	CookieHash string
	// EnterpriseID is the enterprise that every page of the session is about. An operator
	// may change it; one that does not exist yet is being set up.
	EnterpriseID string
	ByLink       bool // a one-time link made it: a new password needs no old one
	CreatedAt    time.Time
	LastSeen     time.Time
	ExpiresAt    time.Time
}

// Admins keeps who may open the console. A session that has expired, or whose admin is
// no more or whose person's access has ended or who has left, is not found.
type Admins interface {
	Admin(ctx context.Context, id string) (Admin, error)
	// AdminByName finds an operator.
	AdminByName(ctx context.Context, name string) (Admin, error)
	AdminByPerson(ctx context.Context, enterprise, person string) (Admin, error)
	// ListAdmins lists those of an enterprise, or the operators where it is empty.
	ListAdmins(ctx context.Context, enterprise string) ([]Admin, error)
	SaveAdmin(ctx context.Context, a Admin) error
	// DeleteAdmin deletes an admin of the enterprise with their sessions.
	DeleteAdmin(ctx context.Context, enterprise, id string) error

	SaveAdminLink(ctx context.Context, l AdminLink) error
	// UseAdminLink deletes a link that has not expired; a second use is auth.ErrNotFound.
	UseAdminLink(ctx context.Context, hash string, now time.Time) error

	// OpenAdminSession keeps a session of an admin and, at once, their Name and LastSeen.
	// Whose password or role has changed since a was found, or who is no admin any more, is
	// auth.ErrConflict.
	OpenAdminSession(ctx context.Context, a Admin, s AdminSession) error
	// TouchAdminSession notes that a session is used, MoveAdminSession makes it another
	// enterprise's, and ProveAdminSession says that its admin has given a password (ByLink).
	// Each changes that alone, so that pages shown at once undo nothing of each other. One
	// that has ended meanwhile is auth.ErrConflict and stays so.
	TouchAdminSession(ctx context.Context, id string, now time.Time) error
	MoveAdminSession(ctx context.Context, id, enterprise string) error
	ProveAdminSession(ctx context.Context, id string) error
	AdminSession(ctx context.Context, cookieHash string, now time.Time) (AdminSession, error)
	EndAdminSession(ctx context.Context, id string) error
	// EndAdminSessionsOf ends all sessions of an admin but one ("" for none).
	EndAdminSessionsOf(ctx context.Context, admin, but string) error
}

// Audit is one line of what admins did: who changed or opened what.
type Audit struct {
	ID           string
	EnterpriseID string // empty: about the server itself
	AdminID      string
	Actor        string // the admin's name at the time
	Action       string // "app.saved"; auth/words has a text for each
	Object       string // what it was done to, as people know it
	Detail       string // what changed, never a secret
	At           time.Time
}

// AuditFilter chooses lines of the audit; empty fields do not choose.
type AuditFilter struct {
	EnterpriseID string
	Server       bool // those about the server itself too
	Text         string
	Since, Until time.Time
	Limit        int
	Offset       int
}

// Audits is the log of what admins did.
type Audits interface {
	RecordAudit(ctx context.Context, a Audit) error
	// FindAudits returns lines, newest first.
	FindAudits(ctx context.Context, f AuditFilter) ([]Audit, error)
}
