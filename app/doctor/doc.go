// Package doctor checks whether this computer has what signing in needs. It looks
// at each part by itself (password store, loopback port, the company's server,
// clock, proxy, browser, disk, session bus, tray) and says which one fails and what helps;
// it mends nothing and knows no sign-in.
//
// [Run] makes the whole report that `lanyard doctor` shows; [Preflight] is its quick
// subset before a browser opens and returns the first thing that would make the
// sign-in fail, as a fault. What needs a package this one may not import comes in
// as functions of [Probes].
package doctor
