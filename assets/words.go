package assets

import _ "embed" // for the tables

// The tables of auth/words: one flat JSON object a language, keys in blocks by their
// first part. A block lies in one table.
var (
	// WordsEN and WordsZH are in every program: faults, and what the employee's say.
	//
	//go:embed words/en.json
	WordsEN string
	//go:embed words/zh.json
	WordsZH string

	// ServerWordsEN and ServerWordsZH are what only the server says, for auth/server.
	//
	//go:embed words/server-en.json
	ServerWordsEN string
	//go:embed words/server-zh.json
	ServerWordsZH string

	// DemoWordsEN and DemoWordsZH are what the pretend company says, for auth/server/demo.
	//
	//go:embed words/demo-en.json
	DemoWordsEN string
	//go:embed words/demo-zh.json
	DemoWordsZH string
)
