package launch

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"lanyard/auth"
)

// settle is how long Open watches the command for an early failure (no browser
// installed, no display). A click must end visibly; a browser that was started
// directly may run all day. A variable for tests.
var settle = 300 * time.Millisecond

// Open opens the address in a browser and returns when the browser (or the
// system's opener) has started; whatever outlives settle is taken for started. env
// is what the child gets of its caller's environment (see local.Env); empty leaves
// the agent's own. The command is env's BROWSER, else browser (a person's setting),
// else the agent's own BROWSER, else the system's way. Fault BadInput when the
// address is none that [Check] lets pass, BrowserNotOpened when there is no browser
// or it fails at once.
func Open(ctx context.Context, address string, env map[string]string, browser string) error {
	if err := Check(address); err != nil {
		return err
	}
	run, err := opener(address, childEnv(env), browser)
	if err != nil {
		return auth.Fail(auth.BrowserNotOpened, nil, err)
	}
	if err := settled(ctx, run); err != nil {
		return auth.Fail(auth.BrowserNotOpened, nil, err)
	}
	return nil
}

// Available reports whether [Open] would find a command to start, without starting
// it: nil, or fault BrowserNotOpened.
func Available(env map[string]string, browser string) error {
	if _, err := opener("http://localhost/", childEnv(env), browser); err != nil {
		return auth.Fail(auth.BrowserNotOpened, nil, err)
	}
	return nil
}

// opener returns what opens the address in an environment: the command that a person
// named, else the system's way. It returns when the command ends.
func opener(address string, env environment, browser string) (run func() error, err error) {
	line := env.caller["BROWSER"]
	if line == "" {
		line = browser
	}
	if line == "" {
		line = env.get("BROWSER")
	}
	if line == "" {
		return systemOpener(address, env)
	}
	argv, err := command(line, address)
	if err != nil {
		return nil, err
	}
	return program(argv, env)
}

// program returns what runs argv, apart from this process.
func program(argv []string, env environment) (run func() error, err error) {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, err
	}
	return func() error {
		// The person's own command, without a shell; and without a context, because the
		// browser outlives the click and the agent.
		cmd := exec.Command(path, argv[1:]...) //nolint:gosec,noctx // see above
		cmd.Env = env.list()
		cmd.SysProcAttr = detached()
		// Wait reaps the child even if nobody asks for the outcome any more.
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("run %q: %w", argv[0], err)
		}
		return nil
	}, nil
}
