package authtest

import "os/exec"

// unprivileged has nothing to do: the part "postgres" is not looked for here.
func unprivileged(*exec.Cmd, string) error { return nil }
