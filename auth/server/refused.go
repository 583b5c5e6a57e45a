package server

import (
	"encoding/base64"
	"strings"
)

// refusedParam says that a sign-in was refused, and why.
const refusedParam = "lanyard_refused"

// Refused returns the address at which whoever asked for a sign-in learns that it was
// refused: asker is where BeginOptions.TellAsker held, reason what the provider says, or empty. The
// reason is sealed to the asker's address, so that it can neither be invented nor be
// moved to another request.
func (b *Base) Refused(asker, reason string) string {
	sealed := b.Sealer.Seal([]byte(reason), "refused "+asker)
	return asker + "&" + refusedParam + "=" + base64.RawURLEncoding.EncodeToString(sealed)
}

// CutRefused takes apart an address that Refused made. Any other is no refusal.
func (b *Base) CutRefused(address string) (asker, reason string, refused bool) {
	const name = "&" + refusedParam + "="
	i := strings.LastIndex(address, name)
	if i < 0 {
		return address, "", false
	}
	asker = address[:i]
	sealed, err := base64.RawURLEncoding.DecodeString(address[i+len(name):])
	if err != nil {
		return address, "", false
	}
	plain, err := b.Sealer.Open(sealed, "refused "+asker)
	if err != nil {
		return address, "", false
	}
	return asker, string(plain), true
}
