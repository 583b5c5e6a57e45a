package agent

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"lanyard/app/doctor"
	"lanyard/app/local"
	"lanyard/auth"
)

// Doctor makes the doctor's checks, with the keyring and the company's server in them.
func (a *Agent) Doctor(ctx context.Context) (local.Report, error) {
	probes := a.cfg.Probes
	probes.Keyring = a.probeKeyring
	probes.HTTP, probes.Now, probes.StateDir = a.cfg.HTTP, a.cfg.Now, a.cfg.Dir
	a.mu.Lock()
	probes.Lang = a.langOf(local.Lang(ctx), nil)
	if acc, err := a.account(""); err == nil {
		probes.Address = acc.Issuer
	} else if len(a.cfg.Directories) > 0 {
		probes.Address = a.cfg.Directories[0]
	}
	a.mu.Unlock()
	return doctor.Run(ctx, probes), nil
}

func (a *Agent) probeKeyring(ctx context.Context) error {
	v, err := a.openVault(ctx, false)
	if err != nil {
		return err
	}
	if err := v.Prepare(ctx); err != nil {
		return err
	}
	if v.MemoryOnly() {
		return auth.Fail(auth.KeyringMissing, nil, nil)
	}
	return nil
}

// Diagnostics writes a zip for whoever helps: version and system, the State without
// persons, the doctor's report, and the last log records. It holds no secret.
func (a *Agent) Diagnostics(ctx context.Context, w io.Writer) error {
	report, err := a.Doctor(ctx)
	if err != nil {
		return err
	}
	a.mu.Lock()
	state := a.state()
	a.mu.Unlock()
	about := map[string]string{
		"version": a.cfg.Version, "commit": auth.Commit(), "system": runtime.GOOS + "/" + runtime.GOARCH, "go": runtime.Version(),
		"time": a.cfg.Now().UTC().Format("2006-01-02T15:04:05Z"),
	}
	bundle := zip.NewWriter(w)
	for _, part := range []struct {
		name    string
		content any
	}{
		{"about.json", about}, {"state.json", impersonal(state)}, {"doctor.json", report},
	} {
		data, err := json.MarshalIndent(part.content, "", "\t")
		if err != nil {
			return fmt.Errorf("encode %s: %w", part.name, err)
		}
		if err := add(bundle, part.name, data); err != nil {
			return err
		}
	}
	if err := add(bundle, "log.jsonl", a.cfg.Ring.Lines()); err != nil {
		return err
	}
	return bundle.Close()
}

// impersonal takes out of a State who the person is, and every one-time address and code.
func impersonal(s local.State) local.State {
	for i := range s.Profiles {
		s.Profiles[i].Identity = auth.Identity{Issuer: s.Profiles[i].Identity.Issuer}
		s.Profiles[i].NewDevice = nil
	}
	if s.Attempt != nil {
		s.Attempt.URL, s.Attempt.Device = "", nil
		if s.Attempt.Problem != nil {
			s.Attempt.Problem = &local.Problem{Code: s.Attempt.Problem.Code, Reference: s.Attempt.Reference}
		}
	}
	return s
}

func add(bundle *zip.Writer, name string, data []byte) error {
	f, err := bundle.Create(name)
	if err == nil {
		_, err = f.Write(data)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
