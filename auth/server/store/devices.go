package store

import (
	"context"
	"fmt"
	"time"

	"lanyard/auth/server"
)

var _ server.DeviceGrants = (*Store)(nil)

const deviceColumns = `hash, user_hash, enterprise_id, client_id, scope, challenge, nonce, number, tries, address,
	device, person_id, session_id, auth_time, denied_at, approved_at, used_at, polled_at, created_at, expires_at`

// openDevice is true for a grant that nobody has answered in time; $3 is the present.
const openDevice = `approved_at = 0 AND denied_at = 0 AND expires_at > $3`

var (
	insertDevice = writes(`INSERT INTO device_grants (` + deviceColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`)

	selectDeviceByUser = reads(`SELECT ` + deviceColumns + ` FROM device_grants WHERE enterprise_id = $1 AND user_hash = $2`)

	selectDeviceAnywhere = reads(`SELECT ` + deviceColumns + ` FROM device_grants WHERE user_hash = $1`)

	selectDevice = reads(`SELECT ` + deviceColumns + ` FROM device_grants WHERE enterprise_id = $1 AND hash = $2`)

	pollDevice = writes(`UPDATE device_grants SET polled_at = $3 WHERE enterprise_id = $1 AND hash = $2`)

	tryDevice = writes(`UPDATE device_grants SET tries = tries + 1,
			denied_at = CASE WHEN tries + 1 >= $4 THEN $3 ELSE denied_at END
		WHERE enterprise_id = $1 AND hash = $2 AND ` + openDevice + ` RETURNING tries`)

	approveDevice = writes(`UPDATE device_grants SET approved_at = $3, person_id = $4, session_id = $5, auth_time = $6
		WHERE enterprise_id = $1 AND hash = $2 AND ` + openDevice)
	denyDevice = writes(`UPDATE device_grants SET denied_at = $3 WHERE enterprise_id = $1 AND hash = $2 AND ` + openDevice)

	useDevice = writes(`UPDATE device_grants SET used_at = $3
		WHERE enterprise_id = $1 AND hash = $2 AND approved_at <> 0 AND used_at = 0
			AND ` + sessionStands + ` AND NOT ` + personEnded)

	tellDevices = writes(`UPDATE sessions SET new_device = $4, new_device_at = $5
		WHERE enterprise_id = $1 AND person_id = $2 AND id <> $3 AND client = '` + server.DesktopClient + `'
			AND ended_at = 0 AND expires_at > $5`)
)

func scanDevice(row scanner) (g server.DeviceGrant, err error) {
	err = row.Scan(&g.Hash, &g.UserHash, &g.EnterpriseID, &g.ClientID, &g.Scope, &g.Challenge, &g.Nonce, &g.Number,
		&g.Tries, &g.Address, &g.Device, &g.PersonID, &g.SessionID, at(&g.AuthTime), at(&g.DeniedAt), at(&g.ApprovedAt),
		at(&g.UsedAt), at(&g.PolledAt), at(&g.CreatedAt), at(&g.ExpiresAt))
	return g, err
}

// SaveDeviceGrant implements [server.DeviceGrants].
func (s *Store) SaveDeviceGrant(ctx context.Context, g server.DeviceGrant) error {
	n, err := s.exec(ctx, insertDevice, g.Hash, g.UserHash, g.EnterpriseID, g.ClientID, text(g.Scope), g.Challenge,
		text(g.Nonce), g.Number, g.Tries, text(g.Address), text(g.Device), g.PersonID, g.SessionID, ms(g.AuthTime),
		ms(g.DeniedAt), ms(g.ApprovedAt), ms(g.UsedAt), ms(g.PolledAt), ms(g.CreatedAt), ms(g.ExpiresAt))
	return saved("device grant", n, err)
}

// DeviceGrantByUser implements [server.DeviceGrants].
func (s *Store) DeviceGrantByUser(ctx context.Context, enterprise, userHash string) (server.DeviceGrant, error) {
	return one(ctx, s, "device grant by user code", selectDeviceByUser, scanDevice, enterprise, userHash)
}

// DeviceGrantAnywhere implements [server.DeviceGrants].
func (s *Store) DeviceGrantAnywhere(ctx context.Context, userHash string) (server.DeviceGrant, error) {
	return one(ctx, s, "device grant by user code", selectDeviceAnywhere, scanDevice, userHash)
}

// PollDeviceGrant implements [server.DeviceGrants].
func (s *Store) PollDeviceGrant(ctx context.Context, enterprise, hash string, now time.Time) (server.DeviceGrant, error) {
	g, err := one(ctx, s, "device grant", selectDevice, scanDevice, enterprise, hash)
	if err != nil {
		return g, err
	}
	n, err := s.exec(ctx, pollDevice, enterprise, hash, ms(now))
	return g, found("note poll of device grant", n, err)
}

// TryDeviceGrant implements [server.DeviceGrants]. One that is no longer open is not found.
func (s *Store) TryDeviceGrant(ctx context.Context, enterprise, hash string, most int, now time.Time) (int, error) {
	return changedOne(ctx, s, "open device grant", tryDevice, func(row scanner) (tries int, err error) {
		err = row.Scan(&tries)
		return tries, err
	}, enterprise, hash, ms(now), most)
}

// SettleDeviceGrant implements [server.DeviceGrants].
func (s *Store) SettleDeviceGrant(ctx context.Context, enterprise, hash, person, session string, authTime, now time.Time) error {
	var n int64
	var err error
	if person == "" {
		n, err = s.exec(ctx, denyDevice, enterprise, hash, ms(now))
	} else {
		n, err = s.exec(ctx, approveDevice, enterprise, hash, ms(now), person, session, ms(authTime))
	}
	return saved("answer to device grant", n, err)
}

// UseDeviceGrant implements [server.DeviceGrants].
func (s *Store) UseDeviceGrant(ctx context.Context, hash string, g server.Grant, session *server.Session) error {
	return s.give(ctx, g, session, func(ctx context.Context, exec execer) error {
		n, err := exec(ctx, useDevice, g.EnterpriseID, hash, ms(g.UsedAt))
		if err := used("use device grant", n, err); err != nil {
			return err
		}
		return saveGrant(ctx, exec, g)
	})
}

// TellDevices implements [server.DeviceGrants].
func (s *Store) TellDevices(ctx context.Context, enterprise, person, but, device string, now time.Time) error {
	if _, err := s.exec(ctx, tellDevices, enterprise, person, but, text(device), ms(now)); err != nil {
		return fmt.Errorf("tell devices: %w", err)
	}
	return nil
}
