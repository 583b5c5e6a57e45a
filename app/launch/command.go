package launch

import (
	"errors"
	"strings"
)

// command makes the argument list of a BROWSER value such as
// `firefox --new-window %s`: split at spaces, quotes and backslash understood, no
// shell. %s becomes the address, which else is the last argument. Alternatives
// separated by colons, as xdg-open has them, are not read: the list would be
// ambiguous with a path of Windows.
func command(line, address string) ([]string, error) {
	argv, err := split(line)
	if err != nil {
		return nil, err
	}
	if len(argv) == 0 {
		return nil, errors.New("split BROWSER: no program")
	}
	placed := false
	for i, arg := range argv[1:] {
		if strings.Contains(arg, "%s") {
			argv[i+1] = strings.ReplaceAll(arg, "%s", address)
			placed = true
		}
	}
	if !placed {
		argv = append(argv, address)
	}
	return argv, nil
}

// split cuts a command line into words: '…' is literal, "…" and plain text
// understand a backslash before a quote, a backslash or a space; elsewhere it stands
// for itself, as in a path of Windows.
func split(line string) (words []string, err error) {
	var word strings.Builder
	var quote rune // the open one, or 0
	started := false
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, started = r, true
		case quote != '\'' && r == '\\' && i+1 < len(runes) && strings.ContainsRune(`'"\ `, runes[i+1]):
			i++
			word.WriteRune(runes[i])
			started = true
		case quote == 0 && (r == ' ' || r == '\t'):
			if started {
				words = append(words, word.String())
				word.Reset()
				started = false
			}
		default:
			word.WriteRune(r)
			started = true
		}
	}
	if quote != 0 {
		return nil, errors.New("split BROWSER: a quote is not closed")
	}
	if started {
		words = append(words, word.String())
	}
	return words, nil
}
