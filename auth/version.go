package auth

import "runtime/debug"

// Version is the product's, as semantic versioning writes it and FyneApp.toml has it; a
// release build may set it.
var Version = "0.1.0"

// Commit names the source that the running program was built of: the first twelve digits
// of the commit, with a "+" where files had been changed since; empty where the build does
// not say.
func Commit() string {
	build, _ := debug.ReadBuildInfo()
	return commit(build)
}

func commit(build *debug.BuildInfo) (id string) {
	if build == nil {
		return ""
	}
	changed := ""
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision":
			id = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	if id == "" {
		return ""
	}
	return id + changed
}
