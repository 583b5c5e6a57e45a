package schema

// DecodeAny reads a document of no kind.
func DecodeAny(yaml []byte, into any) error {
	doc, problems := parse(yaml)
	if len(problems) > 0 {
		return problems
	}
	return doc.decode(into, true)
}
