package assets

import _ "embed" // for the tables

// WordsEN and WordsZH are the tables of auth/words: one flat JSON object a
// language, keys in blocks by their first part.
var (
	//go:embed words/en.json
	WordsEN string
	//go:embed words/zh.json
	WordsZH string
)
