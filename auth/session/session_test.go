package session_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lanyard/auth"
	"lanyard/auth/session"
)

// memoryStore behaves like the vault, with one profile; saveErr is what Replace answers.
type memoryStore struct {
	mu      sync.Mutex
	tokens  *auth.TokenSet
	saveErr error
	saved   []string // refresh tokens, in order
}

func (m *memoryStore) Tokens(string) (auth.TokenSet, auth.Identity, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens == nil {
		return auth.TokenSet{}, auth.Identity{}, auth.ErrNotFound
	}
	return *m.tokens, auth.Identity{Subject: "42"}, nil
}

func (m *memoryStore) Replace(_ string, old, fresh auth.TokenSet) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.saveErr != nil:
		return m.saveErr
	case m.tokens == nil:
		return auth.ErrNotFound
	case !m.tokens.Refresh.Equal(old.Refresh):
		return auth.ErrConflict
	}
	m.tokens = &fresh
	m.saved = append(m.saved, fresh.Refresh.Reveal())
	return nil
}

func (m *memoryStore) put(t *auth.TokenSet) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens = t
}

func (m *memoryStore) holds() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens == nil {
		return ""
	}
	return m.tokens.Refresh.Reveal()
}

// provider rotates: a refresh token works once, the next is its number plus one.
type provider struct {
	mu    sync.Mutex
	life  time.Duration
	delay time.Duration
	err   error
	keep  bool   // sends no new refresh token
	hook  func() // runs while the request is under way
	asked []string
	used  map[string]bool
}

func (p *provider) Refresh(ctx context.Context, t auth.TokenSet, want auth.Identity) (auth.TokenSet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := t.Refresh.Reveal()
	p.asked = append(p.asked, r)
	if want.Subject != "42" {
		return auth.TokenSet{}, errors.New("asked for somebody else")
	}
	select {
	case <-time.After(p.delay):
	case <-ctx.Done():
		return auth.TokenSet{}, auth.Fail(auth.Offline, nil, ctx.Err())
	}
	if p.hook != nil {
		p.hook()
	}
	if p.err != nil {
		return auth.TokenSet{}, p.err
	}
	if p.used == nil {
		p.used = map[string]bool{}
	}
	if p.used[r] {
		return auth.TokenSet{}, auth.Fail(auth.SignInRequired, nil, errors.New("invalid_grant"))
	}
	fresh := auth.TokenSet{Access: auth.NewSecret(fmt.Sprint("access ", len(p.asked))), Expiry: time.Now().Add(p.life)}
	if !p.keep {
		p.used[r] = true
		fresh.Refresh = auth.NewSecret(r + "'")
	}
	return fresh, nil
}

func tokens(refresh string, life time.Duration) *auth.TokenSet {
	return &auth.TokenSet{
		Access: auth.NewSecret("access of " + refresh), Refresh: auth.NewSecret(refresh),
		ID: auth.NewSecret("id"), Expiry: time.Now().Add(life), Scope: "openid",
	}
}

// bench is a session with all that is around it.
type bench struct {
	*session.Session
	store *memoryStore
	idp   *provider

	mu      sync.Mutex
	changes []session.Status
}

func newBench(have *auth.TokenSet) *bench {
	b := &bench{store: &memoryStore{tokens: have}, idp: &provider{life: 10 * time.Minute, delay: time.Second}}
	b.Session = session.New(session.Config{
		Profile:   "p",
		Store:     b.store,
		Refresher: func(context.Context) (session.Refresher, error) { return b.idp, nil },
		OnChange: func(st session.Status) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.changes = append(b.changes, st)
		},
	})
	return b
}

func TestValidTokenAsksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", time.Hour))
		got, err := b.Token(t.Context())
		if err != nil || got.Reveal() != "access of r" || len(b.idp.asked) != 0 {
			t.Errorf("got %q, %v, provider asked %d times", got.Reveal(), err, len(b.idp.asked))
		}
		if st := b.Status(); st.Phase != session.SignedIn || st.Err != nil || !st.ExpiresAt.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("status %+v", st)
		}
	})
}

func TestOneRefreshForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", 5*time.Second)) // less than the leeway
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				if i%5 == 0 {
					if err := b.Refresh(t.Context()); err != nil {
						t.Error(err)
					}
					return
				}
				got, err := b.Token(t.Context())
				if err != nil || got.Reveal() != "access 1" {
					t.Errorf("got %q, %v", got.Reveal(), err)
				}
				if b.store.holds() != "r'" {
					t.Error("a token was given out before it was saved")
				}
			})
		}
		all.Wait()
		if len(b.idp.asked) != 1 {
			t.Errorf("provider asked %d times, want once", len(b.idp.asked))
		}
		if n := len(b.changes); n != 2 || !b.changes[0].Refreshing || b.changes[1].Refreshing {
			t.Errorf("changes %+v, want refreshing and then not", b.changes)
		}
		kept, _, _ := b.store.Tokens("p")
		if kept.ID.Reveal() != "id" || kept.Scope != "openid" {
			t.Error("what the provider did not send again was lost")
		}
	})
}

func TestProviderThatDoesNotRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", time.Hour))
		b.idp.keep = true
		for range 2 {
			if err := b.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if b.store.holds() != "r" {
			t.Errorf("store holds %q, want the old refresh token", b.store.holds())
		}
	})
}

func TestCallerThatGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", 0))
		b.idp.delay = 10 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
		b.Wait(t.Context())
		if b.store.holds() != "r'" {
			t.Error("the refresh that nobody waited for was lost")
		}
	})
}

func TestInvalidGrantReadsTheStoreAgain(t *testing.T) {
	no := auth.Fail(auth.SignInRequired, nil, errors.New("invalid_grant"))
	for name, tt := range map[string]struct {
		meanwhile func() *auth.TokenSet // what the store holds once the provider said no
		keepSame  bool
		wantErr   error
		wantHeld  string
		wantAsked int
		wantPhase session.Phase
	}{
		"same token: the person is needed": {
			keepSame: true, wantErr: auth.ErrSignInRequired, wantHeld: "r", wantAsked: 1, wantPhase: session.NeedsYou,
		},
		"other token, valid: used as it is": {
			meanwhile: func() *auth.TokenSet { return tokens("s", time.Hour) }, wantHeld: "s", wantAsked: 1, wantPhase: session.SignedIn,
		},
		"other token, expired: refreshed": {
			meanwhile: func() *auth.TokenSet { return tokens("s", 0) }, wantHeld: "s'", wantAsked: 2, wantPhase: session.SignedIn,
		},
		"none: signed out": {
			meanwhile: func() *auth.TokenSet { return nil }, wantErr: auth.ErrSignInRequired, wantAsked: 1, wantPhase: session.SignedOut,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(tokens("r", 0))
				b.idp.err = no
				b.idp.hook = func() {
					if !tt.keepSame {
						b.store.put(tt.meanwhile())
						b.idp.hook, b.idp.err = nil, nil
						b.idp.used = map[string]bool{"r": true}
					}
				}
				_, err := b.Token(t.Context())
				if tt.wantErr == nil && err != nil || tt.wantErr != nil && !errors.Is(err, tt.wantErr) {
					t.Errorf("got %v, want %v", err, tt.wantErr)
				}
				if b.store.holds() != tt.wantHeld || len(b.idp.asked) != tt.wantAsked {
					t.Errorf("store holds %q, asked %q; want %q and %d", b.store.holds(), b.idp.asked, tt.wantHeld, tt.wantAsked)
				}
				if st := b.Status(); st.Phase != tt.wantPhase {
					t.Errorf("phase %v, want %v", st.Phase, tt.wantPhase)
				}
			})
		})
	}
}

func TestRefusedAsksOnceAndHealsBySigningIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", time.Hour))
		b.idp.used = map[string]bool{"r": true}
		for range 3 {
			if err := b.Refresh(t.Context()); !errors.Is(err, auth.ErrSignInRequired) {
				t.Errorf("got %v, want ErrSignInRequired", err)
			}
		}
		if _, err := b.Token(t.Context()); !errors.Is(err, auth.ErrSignInRequired) {
			t.Errorf("token: got %v, want ErrSignInRequired", err)
		}
		if len(b.idp.asked) != 1 {
			t.Errorf("provider asked %d times, want once", len(b.idp.asked))
		}
		if !b.NextRefresh().IsZero() {
			t.Error("a refresh is planned that cannot succeed")
		}
		b.store.put(tokens("new", time.Hour))
		if st := b.Status(); st.Phase != session.SignedIn || st.Err != nil {
			t.Errorf("after signing in: %+v", st)
		}
		if err := b.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestNetworkTroubleNeverSignsOut(t *testing.T) {
	for name, tt := range map[string]struct {
		err     error
		offline bool
	}{
		"no network":  {auth.Fail(auth.Offline, nil, errors.New("dial")), true},
		"unreachable": {auth.Fail(auth.ProviderUnreachable, nil, nil), true},
		"bad answer":  {auth.Fail(auth.TokenInvalid, nil, nil), false},
		"plain error": {errors.New("status 500"), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(tokens("r", 0))
				b.idp.err = tt.err
				last := time.Duration(0)
				for i := range 12 {
					if err := b.Refresh(t.Context()); !errors.Is(err, tt.err) {
						t.Fatalf("got %v, want %v", err, tt.err)
					}
					st := b.Status()
					if st.Phase != session.SignedIn || st.Offline != tt.offline || !errors.Is(st.Err, tt.err) {
						t.Fatalf("status %+v", st)
					}
					wait := time.Until(b.NextRefresh())
					base := min(15*time.Minute, 15*time.Second<<i)
					if wait < base*3/4 || wait > base*5/4 {
						t.Errorf("failure %d: next try in %v, want about %v", i+1, wait, base)
					}
					if i > 0 && i < 6 && wait <= last {
						t.Errorf("failure %d: next try in %v, after %v before", i+1, wait, last)
					}
					last = wait
				}
				if b.store.holds() != "r" {
					t.Error("tokens lost")
				}
				b.idp.err = nil
				if _, err := b.Token(t.Context()); err != nil {
					t.Fatal(err)
				}
				if st := b.Status(); st.Offline || st.Err != nil {
					t.Errorf("after the network came back: %+v", st)
				}
			})
		})
	}
}

func TestProviderThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", 0))
		b.idp.delay = 24 * time.Hour
		if _, err := b.Token(t.Context()); !errors.Is(err, auth.ErrOffline) {
			t.Errorf("got %v, want ErrOffline", err)
		}
		if st := b.Status(); !st.Offline || st.Phase != session.SignedIn {
			t.Errorf("status %+v", st)
		}
	})
}

func TestRefresherThatCannotBeMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memoryStore{tokens: tokens("r", 0)}
		s := session.New(session.Config{Store: store, Refresher: func(context.Context) (session.Refresher, error) {
			return nil, auth.Fail(auth.ProviderUnreachable, nil, nil)
		}})
		if err := s.Refresh(t.Context()); !errors.Is(err, auth.ErrOffline) {
			t.Errorf("got %v, want ErrOffline", err)
		}
		if st := s.Status(); st.Phase != session.SignedIn || !st.Offline {
			t.Errorf("status %+v", st)
		}
	})
}

func TestSignOutDuringRefreshWins(t *testing.T) {
	for name, signOut := range map[string]func(b *bench){
		"end, then delete": func(b *bench) { b.End(); b.store.put(nil) },
		"end alone":        func(b *bench) { b.End() },
		"delete alone":     func(b *bench) { b.store.put(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(tokens("r", 0))
				b.idp.hook = func() { signOut(b) }
				before := b.store.holds()
				if got, err := b.Token(t.Context()); !errors.Is(err, auth.ErrSignInRequired) || !got.IsZero() {
					t.Errorf("got a token: %v, err %v; want ErrSignInRequired", !got.IsZero(), err)
				}
				if held := b.store.holds(); held != "" && held != before {
					t.Errorf("signed out, and the store holds %q", held)
				}
				if st := b.Status(); st.Phase != session.SignedOut || st.Refreshing {
					t.Errorf("status %+v", st)
				}
				if !b.NextRefresh().IsZero() {
					t.Error("a refresh is planned after signing out")
				}
			})
		})
	}
}

func TestSignInDuringRefreshWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", 0))
		b.idp.hook = func() { b.store.put(tokens("somebody else", time.Hour)) }
		got, err := b.Token(t.Context())
		if err != nil || got.Reveal() != "access of somebody else" || b.store.holds() != "somebody else" {
			t.Errorf("got %q, %v, store holds %q", got.Reveal(), err, b.store.holds())
		}
	})
}

func TestTokensThatCannotBeSavedAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", 0))
		full := errors.New("no space left on device")
		b.store.saveErr = full
		for range 2 {
			if got, err := b.Token(t.Context()); !errors.Is(err, full) || !got.IsZero() {
				t.Errorf("got a token: %v, err %v; want none before it is saved", !got.IsZero(), err)
			}
		}
		if st := b.Status(); st.Phase != session.SignedIn || !errors.Is(st.Err, full) {
			t.Errorf("status %+v", st)
		}
		b.store.saveErr = nil
		if got, err := b.Token(t.Context()); err != nil || got.Reveal() != "access 1" {
			t.Errorf("got %q, %v", got.Reveal(), err)
		}
		if len(b.idp.asked) != 1 || b.store.holds() != "r'" {
			t.Errorf("provider asked %q, store holds %q", b.idp.asked, b.store.holds())
		}
	})
}

func TestNextRefresh(t *testing.T) {
	for name, tt := range map[string]struct {
		tokens   func() *auth.TokenSet
		min, max time.Duration // zero max: never
	}{
		"ten minutes": {func() *auth.TokenSet { return tokens("r", 10*time.Minute) }, 7 * time.Minute, 8*time.Minute + 30*time.Second},
		"expired":     {func() *auth.TokenSet { return tokens("r", -time.Hour) }, 15 * time.Second, 15 * time.Second},
		"short":       {func() *auth.TokenSet { return tokens("r", 5*time.Second) }, 15 * time.Second, 15 * time.Second},
		"no expiry": {func() *auth.TokenSet {
			set := tokens("r", 0)
			set.Expiry = time.Time{}
			return set
		}, 42 * time.Minute, 51 * time.Minute},
		"no refresh token": {func() *auth.TokenSet { return tokens("", time.Hour) }, time.Hour, time.Hour},
		"signed out":       {func() *auth.TokenSet { return nil }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				drawn := map[time.Duration]bool{}
				for range 20 {
					b := newBench(tt.tokens())
					next := b.NextRefresh()
					if tt.max == 0 {
						if !next.IsZero() {
							t.Errorf("got %v, want never", next)
						}
						return
					}
					wait := time.Until(next)
					if wait < tt.min || wait > tt.max {
						t.Errorf("in %v, want %v to %v", wait, tt.min, tt.max)
					}
					if again := b.NextRefresh(); !again.Equal(next) {
						t.Errorf("asked twice: %v and %v", next, again)
					}
					drawn[wait] = true
				}
				if tt.min != tt.max && len(drawn) < 2 {
					t.Error("no jitter")
				}
			})
		})
	}
}

func TestWithoutRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("", time.Hour))
		if err := b.Refresh(t.Context()); err != nil {
			t.Errorf("still valid: %v", err)
		}
		time.Sleep(time.Until(b.NextRefresh()))
		if err := b.Refresh(t.Context()); !errors.Is(err, auth.ErrSignInRequired) {
			t.Errorf("expired: got %v, want ErrSignInRequired", err)
		}
		if st := b.Status(); st.Phase != session.NeedsYou || len(b.idp.asked) != 0 {
			t.Errorf("status %+v, provider asked %d times", st, len(b.idp.asked))
		}
	})
}

// TestClockOfTheWall keeps times without a monotonic reading, by which a token would not
// age while the computer sleeps.
func TestClockOfTheWall(t *testing.T) {
	b := newBench(tokens("r", time.Hour))
	if due := b.NextRefresh(); due.IsZero() || due != due.Round(0) {
		t.Errorf("next refresh %v goes by the monotonic clock", due)
	}
}

// TestClockPutBack refreshes soon where the clock was hours ahead when the next time was
// reckoned, after a success and after a failure: a computer with two systems starts like
// that, until the network tells it the time.
func TestClockPutBack(t *testing.T) {
	for _, failure := range []error{nil, auth.Fail(auth.Offline, nil, nil)} {
		clock := time.Now()
		p := &provider{life: time.Hour}
		s := session.New(session.Config{
			Store: &memoryStore{tokens: tokens("r", time.Minute)}, Now: func() time.Time { return clock },
			Refresher: func(context.Context) (session.Refresher, error) { return p, nil },
		})
		ahead := clock.Add(8 * time.Hour)
		clock = ahead
		p.err = failure
		if err := s.Refresh(t.Context()); !errors.Is(err, failure) {
			t.Fatalf("refreshed: %v, want %v", err, failure)
		}
		if due := s.NextRefresh(); !due.After(clock) {
			t.Errorf("after %v: due %v, at once", failure, due)
		}
		clock = clock.Add(-time.Second) // as clocks are corrected all the time
		if due := s.NextRefresh(); !due.After(clock) {
			t.Errorf("after %v: a second put back makes it due at once", failure)
		}
		clock = ahead.Add(-8 * time.Hour)
		if due := s.NextRefresh(); due.After(clock) {
			t.Errorf("after %v: the next refresh is %v away", failure, due.Sub(clock))
		}
	}
}

// TestSavedTooLate gives nobody a token that expired while the disk was full.
func TestSavedTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", 0))
		b.store.saveErr = errors.New("no space left on device")
		if _, err := b.Token(t.Context()); !errors.Is(err, b.store.saveErr) {
			t.Fatalf("got %v, want %v", err, b.store.saveErr)
		}
		time.Sleep(time.Hour)
		b.store.saveErr = nil
		got, err := b.Token(t.Context())
		if err != nil || got.Reveal() != "access 2" || b.store.holds() != "r''" {
			t.Errorf("got %q, %v; the store holds %q", got.Reveal(), err, b.store.holds())
		}
	})
}

// TestDayOfOneTimer drives a session as the agent does, for a day: always signed in,
// never an expired token, no more refreshes than needed.
func TestDayOfOneTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(tokens("r", 10*time.Minute))
		end := time.Now().Add(24 * time.Hour)
		for time.Now().Before(end) {
			time.Sleep(time.Until(b.NextRefresh()))
			if st := b.Status(); !st.ExpiresAt.After(time.Now()) {
				t.Fatal("token expired before its refresh")
			}
			if err := b.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(b.idp.asked); n < 160 || n > 220 {
			t.Errorf("%d refreshes in a day of 144 lives", n)
		}
	})
}
