package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
)

const (
	// farewellEvent is what a logout token is about (OpenID Connect Back-Channel Logout
	// 1.0, section 2.4), farewellLife how long a token may be believed.
	farewellEvent = "http://schemas.openid.net/event/backchannel-logout"
	farewellLife  = 2 * time.Minute

	// farewellLease is how long an instance has for what it has claimed, farewellsAtOnce
	// how many that is.
	farewellLease   = time.Minute
	farewellsAtOnce = 8
	// farewellGivenUp is how old a message becomes.
	farewellGivenUp = 24 * time.Hour
)

// farewellWaits is how long after each failed try the next one comes; the last repeats.
var farewellWaits = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour,
}

// WakeFarewells says that there may be messages to send. It never blocks.
func (b *Broker) WakeFarewells() {
	select {
	case b.woken <- struct{}{}:
	default: // it will look anyway
	}
}

// SendFarewells tells apps that sessions have ended, until ctx ends: what it finds at the
// start, then whatever [Broker.WakeFarewells] announces. Between two messages it waits for
// the time at which the next is due; while there is none, for nothing but to be woken.
// Several instances may do so on one database: each message is claimed by one of them.
func (b *Broker) SendFarewells(ctx context.Context) {
	if b.cfg.HTTP == nil {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.woken:
		case <-timer.C:
		}
		timer.Stop()
		next, err := b.sendDue(ctx)
		if err != nil && ctx.Err() == nil {
			b.log.WarnContext(ctx, "farewells not sent", "err", err)
			next = b.cfg.Base.Time().Add(farewellLease) // the database is back by then, or we ask again
		}
		if !next.IsZero() {
			timer.Reset(max(next.Sub(b.cfg.Base.Time()), 0))
		}
	}
}

// sendDue sends what is due and returns when to look again.
func (b *Broker) sendDue(ctx context.Context) (time.Time, error) {
	for ctx.Err() == nil {
		now := b.cfg.Base.Time()
		due, err := b.cfg.Farewells.ClaimFarewells(ctx, now, now.Add(farewellLease), farewellsAtOnce)
		var sent sync.WaitGroup
		for _, f := range due {
			sent.Go(func() { b.sendFarewell(ctx, f) })
		}
		sent.Wait()
		if err != nil {
			return time.Time{}, err
		}
		if len(due) == 0 {
			break
		}
	}
	return b.cfg.Farewells.NextFarewell(ctx)
}

// sendFarewell sends one message and settles what becomes of it.
func (b *Broker) sendFarewell(ctx context.Context, f server.Farewell) {
	log := b.log.With("enterprise", f.EnterpriseID, "client", f.ClientID, "session", f.SessionID, "tries", f.Tries)
	err := b.postFarewell(ctx, f)
	now := b.cfg.Base.Time()
	wait := farewellWaits[min(max(f.Tries, 1), len(farewellWaits))-1]
	switch {
	case err == nil:
		log.InfoContext(ctx, "app told that a session has ended")
	case ctx.Err() != nil:
		return // the next start, or another instance, has it when the claim is over
	case now.Add(wait).Sub(f.CreatedAt) > farewellGivenUp:
		log.WarnContext(ctx, "app not told that a session has ended, given up", "err", err)
	default:
		log.InfoContext(ctx, "app not told yet that a session has ended", "again_in", wait, "err", err)
		if err := b.cfg.Farewells.RetryFarewell(ctx, f.EnterpriseID, f.ID, now.Add(wait)); err != nil {
			log.WarnContext(ctx, "farewell not put off", "err", err)
		}
		return
	}
	if err := b.cfg.Farewells.DoneFarewell(ctx, f.EnterpriseID, f.ID); err != nil {
		log.WarnContext(ctx, "farewell not deleted", "err", err)
	}
}

// farewellClaims are those of a logout token: never a nonce, so that it cannot pass for
// an id_token.
type farewellClaims struct {
	Issuer   string              `json:"iss"`
	Subject  string              `json:"sub"`
	Audience string              `json:"aud"`
	Issued   int64               `json:"iat"`
	Expires  int64               `json:"exp"`
	ID       string              `json:"jti"`
	Session  string              `json:"sid"`
	Events   map[string]struct{} `json:"events"`
}

// postFarewell posts a logout token of its own for each try: an app may remember the ids
// of those that it saw, and the answer to the last try may have got lost. A client that
// is no more, or wants to be told no more, is no error.
func (b *Broker) postFarewell(ctx context.Context, f server.Farewell) error {
	client, err := b.cfg.Clients.Client(ctx, f.EnterpriseID, f.ClientID)
	if errors.Is(err, auth.ErrNotFound) || err == nil && client.Farewell == "" {
		return nil
	}
	if err != nil {
		return err
	}
	alg := client.Alg
	if alg == "" {
		alg = algES256
	}
	now := b.cfg.Base.Time()
	token, err := b.keys.signAs(ctx, f.EnterpriseID, alg, typeFarewell, farewellClaims{
		Issuer: b.cfg.Base.Issuer(f.EnterpriseID), Subject: f.PersonID, Audience: f.ClientID,
		Issued: now.Unix(), Expires: now.Add(farewellLife).Unix(), ID: auth.RandomID(), Session: f.SessionID,
		Events: map[string]struct{}{farewellEvent: {}},
	})
	if err != nil {
		return err
	}
	form := url.Values{"logout_token": {token}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, client.Farewell, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("post farewell: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.cfg.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("post farewell: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10)) // so that the connection is used again
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("post farewell: answered %d", resp.StatusCode)
	}
	return nil
}
