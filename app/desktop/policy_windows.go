package desktop

import (
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

const policyKey = `Software\Policies\Lanyard`

// readPolicy reads the values ManagedBy, Directory and Code (text), NoKeyring (DWORD),
// and Pins and Native (text: JSON as in the policy file).
func readPolicy() (Policy, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, policyKey, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return Policy{}, nil
	}
	if err != nil {
		return Policy{}, err
	}
	defer key.Close()
	var p Policy
	var pins, native string
	for name, into := range map[string]*string{
		"ManagedBy": &p.ManagedBy, "Directory": &p.Directory, "Code": &p.Code, "Pins": &pins, "Native": &native,
	} {
		*into, _, err = key.GetStringValue(name)
		if err != nil && !errors.Is(err, registry.ErrNotExist) {
			return Policy{}, fmt.Errorf("value %s: %w", name, err)
		}
	}
	none, _, err := key.GetIntegerValue("NoKeyring")
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		return Policy{}, fmt.Errorf("value NoKeyring: %w", err)
	}
	p.NoKeyring = none != 0
	if pins != "" {
		if err := json.Unmarshal([]byte(pins), &p.Pins); err != nil {
			return Policy{}, fmt.Errorf("value Pins: %w", err)
		}
	}
	if native != "" {
		if err := json.Unmarshal([]byte(native), &p.Native); err != nil {
			return Policy{}, fmt.Errorf("value Native: %w", err)
		}
	}
	return p, p.check()
}
