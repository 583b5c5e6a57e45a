// Package vault keeps token sets at rest. One 32-byte key lies in the operating
// system's keyring, and one file beside it, sealed with XChaCha20-Poly1305 under that
// key, holds what every profile needs to stay signed in; so no keyring's limit on the
// size of an entry (2,560 bytes on Windows, some 3,000 on macOS) ever matters.
//
// It never loses what it cannot read: a locked keyring leaves everything as it is
// ([Open] can be called again), a file that does not open is kept aside under another
// name, and where there is no keyring at all the vault lives in memory alone and says
// so. It knows nothing of expiry or refreshing (auth/session) and takes no lock: the
// agent's instance lock lies in the same folder, and holding that is holding the vault.
//
// [OSKeyring] is the keyring, [Vault] the file; the tests drive both, with a keyring in
// memory and with a real gnome-keyring.
package vault
