// Package windowtest is for tests of the windows alone: a frame on Fyne's test driver
// around one screen, with a fake agent behind it, and the verbs of a person in front of
// it. Nothing in it waits: what a screen asks is answered at once, and time passes when a
// test says so.
package windowtest
