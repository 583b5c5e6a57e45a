//go:build unix

package desktop

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// maxPolicy bounds a policy file.
const maxPolicy = 1 << 20

// policyFile is where the policy lies, but on macOS. It is fixed when the program is
// linked, so that nothing on the device can lead elsewhere; the product's tests link
// another place (-X), for /etc is the machine's.
var policyFile = "/etc/lanyard/policy.json"

func readPolicy() (Policy, error) {
	if runtime.GOOS == "darwin" {
		return readPolicyFile("/Library/Application Support/Lanyard/policy.json")
	}
	return readPolicyFile(policyFile)
}

// readPolicyFile reads one file, and refuses it where others than its owner may write.
func readPolicyFile(path string) (Policy, error) {
	f, err := os.Open(path) //nolint:gosec // fixed, but in tests
	if errors.Is(err, fs.ErrNotExist) {
		return Policy{}, nil
	}
	if err != nil {
		return Policy{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Policy{}, err
	}
	if info.Mode().Perm()&0o022 != 0 {
		return Policy{}, fmt.Errorf("%s: others than its owner may write to it", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPolicy+1))
	if err != nil {
		return Policy{}, err
	}
	if len(data) > maxPolicy {
		return Policy{}, fmt.Errorf("%s: larger than %d bytes", path, maxPolicy)
	}
	p, err := parsePolicy(data)
	if err != nil {
		return Policy{}, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func parsePolicy(data []byte) (Policy, error) {
	var p Policy
	if err := json.Unmarshal(data, &p); err != nil {
		return Policy{}, err
	}
	return p, p.check()
}
