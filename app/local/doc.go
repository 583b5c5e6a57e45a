// Package local is the local API: what the agent is asked by its faces (tray,
// windows, command line) and what it tells them. It knows the [State], the
// [Service] interface and how both travel as HTTP and JSON over a unix socket or a
// Windows named pipe; it knows nothing of signing in, and no token ever passes it.
//
// The agent implements Service, puts a [Server] in front of it on the listener
// that [Listen] gives, and writes an [Info] into its state folder. A face finds
// that Info with [Dial] and gets a [Client], which implements Service again: so a
// face cannot tell, and need not know, in which process the agent is. Both ends
// check that the other one runs as the same user before the first byte is sent.
package local
