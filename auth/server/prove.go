package server

import "context"

// Prover is what auth/server/sso gives to those who keep people signed in: the
// upstream's word that they still belong.
type Prover interface {
	// Prove asks the upstream about a session's person where its last word is older than
	// upstream_proof. The fault AccessEnded says that the person has left: everything of
	// theirs has ended. An error of kind auth.ErrOffline says that the upstream has not
	// answered for longer than upstream_grace: nobody may go on, but nobody is signed out.
	Prove(ctx context.Context, s Session) error
	// Due reports whether the person has to pass the company's page before the next app
	// opens, because the upstream cannot be asked and its last word is too old.
	Due(ctx context.Context, s Session) (bool, error)
}
