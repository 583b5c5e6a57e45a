//go:build darwin && !cgo

package tray

import "context"

// Available reports whether this build can show an icon: the menu bar needs cgo.
const Available = false

// Run shows nothing and returns when ctx ends.
func Run(ctx context.Context, _ Config) { <-ctx.Done() }
