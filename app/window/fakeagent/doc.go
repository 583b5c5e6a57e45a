// Package fakeagent is for tests of the windows alone: an agent that shows what a test
// tells it to and writes down what it is asked. It links no Fyne, so that it can also
// stand behind the real window in a process of its own; it knows nothing of signing in.
package fakeagent
