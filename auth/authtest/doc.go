// Package authtest is for tests only. It holds a small but real OpenID provider
// ([Provider]) whose every answer can be made faulty, and the real parts that tests
// run against: a browser ([Chromium]), a private session bus with an unlocked
// keyring ([KeyringSession]), a private PostgreSQL ([Postgres]).
//
// A test that needs a part which may be absent opens with [Need]: at a desk it is
// skipped, in continuous integration a missing part fails it, so that no green run
// hides a test that never ran. The package knows nothing of the code it tests but
// the vocabulary of auth.
package authtest
