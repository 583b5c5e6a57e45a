// Package cli is the command line: a third face of the agent beside tray and
// windows. It turns flags into calls of local.Service, shows what comes back, and
// ends with the exit code that belongs to the outcome. It holds no token, keeps
// nothing, and decides nothing about signing in: whether an enterprise must be
// confirmed, which host opens and when an attempt is over comes from the agent's
// State, which the commands follow by its events.
//
// [Run] is the whole program but for what `cmd/lanyard` passes in as [Deps]: how to
// reach or start an agent, the standard streams, the environment. Answers go to
// standard output, everything else to standard error, in the language of the
// caller.
package cli
