// Package desktop is the operating system as the agent needs it: where files lie, one
// instance at a time, what an administrator's policy says, starting with the session,
// and news of sleep and network. It decides nothing; it answers in plain values.
//
// It imports nothing of the project, so its errors are plain ones: app/agent turns them
// into faults. Every part that differs by system is one small file per system behind
// the same function, and all of them compile without cgo.
package desktop
