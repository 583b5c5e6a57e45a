//go:build !windows

package auth_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"lanyard/auth"
)

func TestFaultOfFullDisk(t *testing.T) {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		err := fmt.Errorf("put entry: %w", &os.PathError{Op: "write", Path: "vault.sealed", Err: full})
		if got, _ := auth.FaultOf(err); got != auth.DiskFull {
			t.Errorf("FaultOf(%v) = %s", err, got)
		}
	}
}
