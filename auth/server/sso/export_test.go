package sso

// LocalPath is for the fuzz test, PersonKey and WayTo for their own.
var (
	LocalPath = localPath
	PersonKey = personKey
	WayTo     = wayTo
)
