package setup

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/openid"
	"lanyard/auth/server"
)

// keptTrial is a test sign-in of a draft: while it is under way what the callback needs,
// afterwards what it showed.
type keptTrial struct {
	State       string      `json:"state,omitempty"`
	Nonce       string      `json:"nonce,omitempty"`
	Verifier    string      `json:"verifier,omitempty"`
	RedirectURI string      `json:"redirect_uri,omitempty"`
	Began       time.Time   `json:"began,omitzero"`
	Done        bool        `json:"done,omitempty"`
	Failed      *keptFault  `json:"failed,omitempty"` // at the sign-in page
	Calls       []keptStage `json:"calls,omitempty"`
	// Life is the token's, in seconds; Found who it was.
	Life  int64          `json:"life,omitempty"`
	Found *server.Mapped `json:"found,omitempty"`
}

// keptStage is one call of a test.
type keptStage struct {
	ID      string     `json:"id"`
	Request string     `json:"request"`
	Answer  string     `json:"answer"`
	Fault   *keptFault `json:"fault,omitempty"`
}

// keptFault is an auth.Error without its cause.
type keptFault struct {
	Fault auth.Fault `json:"fault"`
	Args  auth.Args  `json:"args,omitempty"`
}

func keepFault(err error) *keptFault {
	if err == nil {
		return nil
	}
	fault, args := auth.FaultOf(err)
	return &keptFault{fault, args}
}

func (f *keptFault) err() error {
	if f == nil {
		return nil
	}
	return auth.Fail(f.Fault, f.Args, nil)
}

// BeginTrial starts a test sign-in of a draft and returns the page to open.
func (s *Setup) BeginTrial(ctx context.Context, enterprise string) (string, error) {
	d, err := s.draft(ctx, enterprise)
	if err != nil {
		return "", err
	}
	c, secrets, err := d.ready()
	if err != nil {
		return "", err
	}
	callbacks := s.callbacks(d, c)
	t, err := s.TestConnector(ctx, c, secrets, callbacks[len(callbacks)-1])
	if err != nil {
		return "", err
	}
	q := t.request
	d.Trial = &keptTrial{
		State: q.State.Reveal(), Nonce: q.Nonce.Reveal(), Verifier: q.Verifier.Reveal(), RedirectURI: q.RedirectURI,
		Began: s.cfg.Base.Time(),
	}
	return t.URL, s.saveDraft(ctx, enterprise, d)
}

// ready returns the draft's connector and secrets.
func (d *draft) ready() (*connector.Connector, map[string]auth.Secret, error) {
	preset, err := d.preset()
	if err != nil {
		return nil, nil, err
	}
	c, faults := d.fill(preset)
	if c == nil {
		return nil, nil, auth.Fail(auth.BadInput, nil, errors.New("the draft has faults: "+orNone(sortedKeys(faults))))
	}
	return c, d.setup().Given, nil
}

// FinishTrial takes what the browser brought back to a draft's callback. mine is false
// where it does not belong to a test that is under way; then nothing has happened.
// ours says that a sign-in of somebody's own may have come to the same address: only an
// answer with the test's own state is taken then.
func (s *Setup) FinishTrial(ctx context.Context, enterprise string, callback *url.URL, ours bool) (mine bool, err error) {
	d, err := s.draft(ctx, enterprise)
	if errors.Is(err, auth.ErrNotFound) {
		return false, nil
	}
	if err != nil || d.Trial == nil || d.Trial.Done || s.cfg.Base.Time().Sub(d.Trial.Began) > s.trialLife() {
		return false, err
	}
	c, secrets, err := d.ready()
	if err != nil {
		return false, err
	}
	query := callback.Query()
	same := auth.NewSecret(c.ReadCallback(query).State).Equal(auth.NewSecret(d.Trial.State))
	registered, err := url.Parse(d.Trial.RedirectURI)
	if err != nil || registered.Path != callback.Path || !same && (ours || query.Get("app_id") != registered.Query().Get("app_id")) {
		return false, err
	}
	kept := *d.Trial
	d.Trial = &keptTrial{Done: true, Failed: keepFault(auth.Fail(auth.SignInCanceled, nil, nil))}
	if err := s.saveDraft(ctx, enterprise, d); err != nil { // once: the exchange may take its time
		return true, err
	}
	d.Trial.Failed = nil
	s.runTrial(ctx, d.Trial, c, secrets, kept, query)
	return true, s.saveDraft(ctx, enterprise, d)
}

// runTrial runs the stages after the sign-in page and notes what they showed.
func (s *Setup) runTrial(ctx context.Context, into *keptTrial, c *connector.Connector, secrets map[string]auth.Secret, kept keptTrial, query url.Values) {
	trial, err := s.resumeTrial(ctx, c, secrets, openid.Request{
		State: auth.NewSecret(kept.State), Nonce: auth.NewSecret(kept.Nonce),
		Verifier: auth.NewSecret(kept.Verifier), RedirectURI: kept.RedirectURI,
	})
	if err != nil {
		into.Failed = keepFault(err)
		return
	}
	result, err := trial.Finish(ctx, query)
	for _, stage := range result.Stages {
		into.Calls = append(into.Calls, keptStage{stage.ID, stage.Request, stage.Answer, keepFault(stage.Err)})
	}
	switch {
	case err != nil && len(into.Calls) == 0:
		into.Failed = keepFault(err)
	case err != nil:
		// The last call is where it ended, also where nothing but the end result is wrong.
		into.Calls[len(into.Calls)-1].Fault = keepFault(err)
	default:
		into.Found = &server.Mapped{
			Subject: result.Subject, Name: result.Name, Avatar: result.Avatar, Email: result.Email, Groups: result.Groups,
		}
	}
	if expiry := result.Tokens.Expiry; !expiry.IsZero() {
		into.Life = int64(expiry.Sub(s.cfg.Base.Time()).Round(time.Second) / time.Second)
		return
	}
	// What went wrong afterwards does not make the token's life unknown.
	for _, call := range into.Calls {
		if c.Kind == connector.KindSteps {
			life, _ := c.Steps[step(c, call)].Set["expires_in"].Find(call.answer())
			if seconds, err := strconv.ParseInt(life, 10, 32); err == nil {
				into.Life = seconds
			}
		}
	}
}

// PickValues says where in the answer the results are that an admin may choose a place
// for, and reads the answer of the last test again.
func (s *Setup) PickValues(ctx context.Context, enterprise string, places map[string]string) error {
	d, err := s.draft(ctx, enterprise)
	if err != nil {
		return err
	}
	preset, err := d.preset()
	if err != nil {
		return err
	}
	for result, name := range picks(preset) {
		if place, ok := places[result]; ok && d.Document == nil {
			set(&d.Vars, name, place)
		}
	}
	c, _, err := d.ready()
	if err != nil {
		return err
	}
	if d.Trial != nil && d.Trial.Done {
		d.Trial.reread(c)
	}
	return s.saveDraft(ctx, enterprise, d)
}
