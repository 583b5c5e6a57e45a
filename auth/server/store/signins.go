package store

import (
	"context"

	"lanyard/auth/server"
)

const signInColumns = `enterprise_id, reference, connector_id, person_id, stage, fault, detail, happened_at, app_id`

var (
	insertSignIn  = writes(`INSERT INTO sign_ins (` + signInColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
	selectSignIns = reads(`SELECT ` + signInColumns + ` FROM sign_ins WHERE enterprise_id = $1 AND reference = $2
		ORDER BY happened_at`)
)

func scanSignIn(row scanner) (v server.SignIn, err error) {
	err = row.Scan(&v.EnterpriseID, &v.Reference, &v.ConnectorID, &v.PersonID, &v.Stage, &v.Fault, &v.Detail, at(&v.At), &v.AppID)
	return v, err
}

// RecordSignIn implements [server.SignIns].
func (s *Store) RecordSignIn(ctx context.Context, v server.SignIn) error {
	return recordSignIn(ctx, s.exec, v)
}

func recordSignIn(ctx context.Context, exec execer, v server.SignIn) error {
	n, err := exec(ctx, insertSignIn, v.EnterpriseID, v.Reference, v.ConnectorID, v.PersonID, v.Stage, string(v.Fault),
		text(v.Detail), ms(v.At), text(v.AppID))
	return saved("sign-in", n, err)
}

// SignInsByReference implements [server.SignIns], oldest first.
func (s *Store) SignInsByReference(ctx context.Context, enterprise, reference string) ([]server.SignIn, error) {
	return many(ctx, s, "sign-ins", selectSignIns, scanSignIn, enterprise, reference)
}
