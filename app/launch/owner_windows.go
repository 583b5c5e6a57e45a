package launch

import "io/fs"

// ownedHere is nil: who may write to a program is up to its folder, as for every other
// program of the device.
func ownedHere(fs.FileInfo) error { return nil }
