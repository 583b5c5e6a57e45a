package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
	validator "github.com/mattermost/xml-roundtrip-validator"
)

// The bounds of foreign XML. A request has a few kilobytes; metadata of a big service
// provider some dozens.
var (
	messageBounds  = bounds{bytes: 64 << 10, elements: 300, depth: 24}
	metadataBounds = bounds{bytes: 512 << 10, elements: 4000, depth: 24}
)

type bounds struct{ bytes, elements, depth int }

// parse reads foreign XML. It takes what has one meaning for every parser: one root, no
// document type (and so no entities), no comments, no processing instructions, no
// attribute or ID twice, no prefix without a namespace.
func parse(data []byte, limit bounds) (*etree.Element, error) {
	if len(data) > limit.bytes {
		return nil, fmt.Errorf("parse XML: %d bytes, at most %d", len(data), limit.bytes)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("parse XML: not UTF-8")
	}
	if err := scan(data, limit); err != nil {
		return nil, fmt.Errorf("parse XML: %w", err)
	}
	if err := validator.Validate(bytes.NewReader(data)); err != nil {
		return nil, fmt.Errorf("parse XML: %w", err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		return nil, fmt.Errorf("parse XML: %w", err)
	}
	if doc.Root() == nil {
		return nil, errors.New("parse XML: no element")
	}
	return doc.Root(), nil
}

// scan looks at every token once.
func scan(data []byte, limit bounds) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	s := scanner{limit: limit, ids: map[string]bool{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.see(token); err != nil {
			return err
		}
	}
}

type scanner struct {
	limit                  bounds
	tokens, elements, open int
	rooted                 bool
	ids                    map[string]bool
}

func (s *scanner) see(token xml.Token) error {
	s.tokens++
	switch t := token.(type) {
	case xml.Directive:
		return errors.New("a document type")
	case xml.Comment:
		return errors.New("a comment")
	case xml.ProcInst:
		if t.Target != "xml" || s.tokens > 1 {
			return errors.New("a processing instruction")
		}
	case xml.CharData:
		if s.open == 0 && len(bytes.TrimSpace(t)) > 0 {
			return errors.New("text outside the root")
		}
	case xml.StartElement:
		return s.start(t)
	case xml.EndElement:
		s.open--
	}
	return nil
}

func (s *scanner) start(t xml.StartElement) error {
	if s.open == 0 && s.rooted {
		return errors.New("a second root")
	}
	s.rooted = true
	s.open++
	s.elements++
	if s.open > s.limit.depth || s.elements > s.limit.elements {
		return errors.New("too deep or too many elements")
	}
	if !strings.Contains(t.Name.Space, ":") && t.Name.Space != "" {
		return fmt.Errorf("prefix %q without a namespace", t.Name.Space)
	}
	seen := map[xml.Name]bool{}
	for _, a := range t.Attr {
		if seen[a.Name] {
			return fmt.Errorf("attribute %s twice", a.Name.Local)
		}
		seen[a.Name] = true
		if strings.EqualFold(a.Name.Local, "id") {
			if s.ids[a.Value] {
				return errors.New("the same ID twice")
			}
			s.ids[a.Value] = true
		}
	}
	return nil
}

// decode fills a struct from an element as it stands, whose namespaces may be declared
// further out.
func decode(el *etree.Element, into any) error {
	copied := el.Copy()
	for outer := el.Parent(); outer != nil; outer = outer.Parent() {
		for _, a := range outer.Attr {
			if (a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns") && copied.SelectAttr(a.FullKey()) == nil {
				copied.CreateAttr(a.FullKey(), a.Value)
			}
		}
	}
	doc := etree.NewDocument()
	doc.SetRoot(copied)
	data, err := doc.WriteToBytes()
	if err != nil {
		return err
	}
	return xml.Unmarshal(data, into)
}
