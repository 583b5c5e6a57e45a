package workbench

import (
	"slices"
	"strings"

	"lanyard/auth"
)

// Search returns the apps whose titles (in any language) and id hold every word of
// query, those first that begin with it, otherwise in the order given. Titles in lang
// count before others; an empty query returns all.
func Search(apps []auth.App, query, lang string) []auth.App {
	words := strings.Fields(fold(query))
	if len(words) == 0 {
		return slices.Clone(apps)
	}
	type hit struct {
		app  auth.App
		rank int
	}
	var hits []hit
	for _, app := range apps {
		if names := foldedNames(app); !holdsAll(names, words) {
			continue
		}
		hits = append(hits, hit{app, rank(app, strings.Join(words, " "), lang)})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.rank - b.rank })
	found := make([]auth.App, len(hits))
	for i, h := range hits {
		found[i] = h.app
	}
	return found
}

// Find returns the one app that idOrTitle means: its id, or a title that no other app
// has, in any language and in upper or lower case. It opens nothing on a guess: what
// comes near is the suggestion of fault AppUnknown, and a name that several apps share
// or begin with lists them in AppAmbiguous.
func Find(apps []auth.App, idOrTitle string) (auth.App, error) {
	want := strings.Join(strings.Fields(fold(idOrTitle)), " ")
	for _, app := range apps {
		if app.ID == idOrTitle || fold(app.ID) == want {
			return app, nil
		}
	}
	var equal, near []auth.App
	if want != "" {
		for _, app := range apps {
			names := foldedNames(app)
			switch {
			case slices.Contains(names, want):
				equal = append(equal, app)
			case slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, want) }):
				near = append(near, app)
			}
		}
	}
	switch {
	case len(equal) == 1:
		return equal[0], nil
	case len(equal) > 1:
		return auth.App{}, ambiguous(idOrTitle, equal)
	case len(near) > 1:
		return auth.App{}, ambiguous(idOrTitle, near)
	case len(near) == 1:
		return auth.App{}, unknown(idOrTitle, near[0].ID)
	}
	return auth.App{}, unknown(idOrTitle, nearest(apps, want))
}

func ambiguous(name string, apps []auth.App) error {
	ids := make([]string, len(apps))
	for i, app := range apps {
		ids[i] = app.ID
	}
	return auth.Fail(auth.AppAmbiguous, auth.Args{"app": name, "candidates": strings.Join(ids, ", ")}, nil)
}

func unknown(name, suggestion string) error {
	args := auth.Args{"app": name}
	if suggestion != "" {
		args["suggestion"] = suggestion
	}
	return auth.Fail(auth.AppUnknown, args, nil)
}

// nearest returns the id of the app that is a slip of the fingers away from want, or "".
func nearest(apps []auth.App, want string) string {
	letters := len([]rune(want))
	if letters < 2 || letters > 64 {
		return ""
	}
	best, found := max(1, letters/3)+1, ""
	for _, app := range apps {
		for _, name := range foldedNames(app) {
			if d := distance(want, name); d < best {
				best, found = d, app.ID
			}
		}
	}
	return found
}

// rank is how well an app answers a query: 0 for the beginning of its title in lang, 1
// for the beginning of another name, 2 for the beginning of a word, 3 for the rest.
func rank(app auth.App, query, lang string) int {
	if strings.HasPrefix(fold(app.Title.In(lang)), query) {
		return 0
	}
	names := foldedNames(app)
	if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, query) }) {
		return 1
	}
	if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(" "+n, " "+query) }) {
		return 2
	}
	return 3
}

// foldedNames are the names by which people may call an app.
func foldedNames(app auth.App) []string {
	names := []string{fold(app.ID)}
	for _, title := range app.Title {
		names = append(names, fold(title))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// holdsAll reports whether each word is in one of the names.
func holdsAll(names, words []string) bool {
	for _, word := range words {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, word) }) {
			return false
		}
	}
	return true
}

// fold makes upper and lower case, and the full-width letters of an input method, alike.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～': // U+FF01 to U+FF5E mirror ASCII
			return r - '！' + '!'
		case r == '　':
			return ' '
		}
		return r
	}, s)
	return strings.ToLower(s)
}

// distance is how many letters must be put in, left out, changed or swapped with their
// neighbour to come from a to b (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(s)][len(t)]
}
