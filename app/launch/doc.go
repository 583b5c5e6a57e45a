// Package launch opens an address in the person's browser, safely: what it is
// given comes from catalogues and providers, and must never start a program of
// their choice. It knows how each system finds its browser, what the BROWSER
// variable means and which environment the child gets; it does not know what the
// address is for, nor does it keep it.
//
// [Check] is the gate every address passes, [Open] chooses the command and starts
// it apart from the agent: in a session of its own, with its output discarded, and
// reaped when it ends. A [Program] of the device's own list is started in the same way;
// a catalogue has no say in more than which.
package launch
