package server

import (
	"lanyard/assets"
	"lanyard/auth/words"
)

// What only the server says is in no employee's program: none links this package.
func init() { words.Add(assets.ServerWordsEN, assets.ServerWordsZH) }
