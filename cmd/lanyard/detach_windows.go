package main

import (
	"os"
	"path/filepath"
	"syscall"
)

// detachedProcess gives a child no console (DETACHED_PROCESS of CreateProcess).
const detachedProcess = 0x00000008

// detached keeps a child alive when the console closes, and deaf to its Ctrl-C. It does
// not hide the child: that would go for its first window too (STARTUPINFO, wShowWindow),
// which may be the one that somebody asked for.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: detachedProcess | syscall.CREATE_NEW_PROCESS_GROUP}
}

// windowless returns the build of this program that never shows a console, if it lies
// beside it: lanyardw.exe, as with java and javaw.
func windowless(self string) string {
	if w := filepath.Join(filepath.Dir(self), "lanyardw.exe"); fileExists(w) {
		return w
	}
	return self
}

func fileExists(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.Mode().IsRegular()
}
