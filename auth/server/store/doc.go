// Package store keeps the company's side in SQL: it implements every storage
// interface of auth/server on SQLite, the default, and on PostgreSQL, for a company
// that outgrew one file.
//
// Both engines run the same statements: ids and JSON are TEXT,
// times BIGINT milliseconds (0 is "never"), pictures and sealed values BYTEA, and
// whatever has to have exactly one winner (a code, a flow, a launch link, a rotation)
// is decided by one conditional statement, so that several instances may share a
// PostgreSQL. All statements are prepared when the store opens, because on SQLite
// preparing costs more than running, and so that none can be wrong in silence.
//
// SQLite has one connection that writes, for all who want to at the time in one
// transaction, and reads by key (see line), without database/sql in between; a few read
// lists beside it (WAL). The
// package knows no protocol and no page; it neither seals nor hashes but for the
// enterprise code, by whose hash the directory is asked. conformance_test.go says
// what both engines must do.
package store
