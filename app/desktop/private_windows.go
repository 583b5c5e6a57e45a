package desktop

import (
	"os"
	"os/user"
)

// userID returns the user's SID.
func userID() string {
	u, err := user.Current()
	if err != nil {
		return os.Getenv("USERNAME")
	}
	return u.Uid
}

// makePrivate makes dir; the profile folders above it are the user's alone already.
func makePrivate(dir string, _ func(string) (os.FileInfo, error)) error {
	return os.MkdirAll(dir, 0o700)
}
