package main

import "runtime/debug"

// commit names the source that the program was built of: the commit's first twelve digits,
// with a "+" where files had been changed since; empty where the build does not say.
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

// buildCommit is the commit of this very program.
func buildCommit() string {
	build, _ := debug.ReadBuildInfo()
	return commit(build)
}
