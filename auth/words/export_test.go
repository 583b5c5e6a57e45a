package words

// Row returns a row as it is, with its braces and brackets.
func Row(lang, key string) (string, bool) { return lookup(lang, key) }
