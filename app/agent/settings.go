package agent

import (
	"context"

	"lanyard/app/local"
	"lanyard/auth"
)

// Settings returns the person's choices.
func (a *Agent) Settings(context.Context) (local.Settings, error) {
	a.mu.Lock()
	s := a.settings
	a.mu.Unlock()
	if a.cfg.Autostart == nil {
		s.Locked = append(s.Locked, "autostart")
		return s, nil
	}
	var err error
	if s.Autostart, err = a.cfg.Autostart.Enabled(); err != nil {
		a.log.Warn("autostart not known", "err", err)
	}
	return s, nil
}

// SetSettings takes the person's choices and returns what holds now. A language that
// there are no words for is fault BadInput.
func (a *Agent) SetSettings(ctx context.Context, s local.Settings) (local.Settings, error) {
	if s.Language != "" && s.Language != "en" && s.Language != "zh" {
		return local.Settings{}, auth.Fail(auth.BadInput, auth.Args{"reason": "language"}, nil)
	}
	if err := a.setAutostart(s.Autostart); err != nil {
		return local.Settings{}, err
	}
	a.mu.Lock()
	a.settings = local.Settings{Language: s.Language, Browser: s.Browser}
	err := a.remember()
	a.publish() // texts in State follow the language
	a.mu.Unlock()
	if err != nil {
		return local.Settings{}, err
	}
	return a.Settings(ctx)
}

func (a *Agent) setAutostart(want bool) error {
	if a.cfg.Autostart == nil {
		return nil
	}
	have, err := a.cfg.Autostart.Enabled()
	if err != nil || have == want {
		return err
	}
	if want {
		return a.cfg.Autostart.Enable()
	}
	return a.cfg.Autostart.Disable()
}
