//go:build !windows

package main

import "syscall"

// detached puts a child into a session of its own: closing the terminal does not end it.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// windowless has a meaning on Windows alone.
func windowless(self string) string { return self }
