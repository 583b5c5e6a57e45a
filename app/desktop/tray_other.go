//go:build !linux

package desktop

import "context"

// TrayHost reports true: here the system itself shows icons.
func TrayHost(context.Context) (shown bool, err error) { return true, nil }

// KeepIcon returns: here the system itself keeps icons.
func KeepIcon(context.Context) {}
