package words

import (
	"strconv"
	"strings"
	"sync"

	"lanyard/assets"
)

// A language is its tables, the first of which is in every program. Each is parsed when
// it is first looked into.
type language struct {
	mu     sync.RWMutex
	tables []func() map[string]string
}

var languages = map[string]*language{English: speak(assets.WordsEN), Chinese: speak(assets.WordsZH)}

// Add gives the program more rows, one table a language, in the format of assets/words.
// Call it from an init function: a row asked for before it is there reads as its key.
func Add(en, zh string) {
	languages[English].add(en)
	languages[Chinese].add(zh)
}

func speak(table string) *language {
	l := &language{}
	l.add(table)
	return l
}

func (l *language) add(table string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tables = append(l.tables, sync.OnceValue(func() map[string]string { return parse(table) }))
}

func (l *language) row(key string) (string, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, table := range l.tables {
		if row, ok := table()[key]; ok {
			return row, true
		}
	}
	return "", false
}

func lookup(lang, key string) (string, bool) {
	if lang != English {
		lang = Match(lang)
	}
	if row, ok := languages[lang].row(key); ok {
		return row, true
	}
	return languages[English].row(key)
}

// parse reads a table: a JSON object, one row a line, as TestTableIsJSON holds it. Its
// texts stay where they are in the program; encoding/json would copy them all. The tables
// are embedded and tested: one that cannot be read is a programmer's error.
func parse(table string) map[string]string {
	rows := make(map[string]string, strings.Count(table, "\n"))
	for line := range strings.Lines(table) {
		key, text, isRow := strings.Cut(strings.Trim(line, " ,\r\n"), ": ")
		if isRow { // and no brace
			rows[unquote(key)] = unquote(text)
		}
	}
	return rows
}

func unquote(quoted string) string {
	text, err := strconv.Unquote(quoted)
	if err != nil {
		panic("words: read table: " + quoted + ": " + err.Error())
	}
	return text
}
