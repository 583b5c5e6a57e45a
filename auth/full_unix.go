//go:build !windows

package auth

import "syscall"

// diskFull are the system's words for it: the disk's space and the person's share of it.
var diskFull = []error{syscall.ENOSPC, syscall.EDQUOT}
