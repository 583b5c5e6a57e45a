// Package agent is the resident core of the desktop: the one place that holds
// tokens and decides. It owns one [local.State], of which tray, windows and command
// line are functions, and implements [local.Service], by which they send it wishes.
//
// It draws nothing, listens on no socket of its own but the two short-lived loopback
// ports of a sign-in and of a launch, and reads no environment: cmd/lanyard gives it
// what it needs in a [Config] and serves it through app/local.
//
// How its parts meet: state.go keeps the State and wakes who listens; records.go
// remembers profiles on disk, without a secret; attempt.go runs one sign-in, a small
// state machine in a goroutine of its own; account.go keeps a profile signed in, with
// one timer for all of them; vault.go opens the vault when it is first needed and
// waits for a locked keyring; launch.go turns a click into an open app, and proof.go
// answers for it to the browser. Nothing here ticks: an agent that nobody asks
// sleeps until the next token is due.
package agent
