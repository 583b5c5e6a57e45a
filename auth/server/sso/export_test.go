package sso

// LocalPath is for the fuzz test, PersonKey for its own.
var (
	LocalPath = localPath
	PersonKey = personKey
)
