package connector

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// ownHeaders belong to the client: setting them would choose another host on the same
// connection or break the request's framing.
var ownHeaders = []string{"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "cookie"}

// steps checks one list of steps; known are the results of earlier lists.
func (k *checker) steps(path string, steps []Step, known nameSet) {
	known = maps.Clone(known)
	ids := nameSet{}
	for i, s := range steps {
		p := at(path, i)
		if s.ID != "" && ids[s.ID] {
			k.add(p+".id", "another step has this id")
		}
		ids[s.ID] = true
		k.step(p, s, known)
		for name := range s.Set {
			known[name] = true
		}
		for j, name := range s.Require {
			if !known[name] {
				k.add(at(p+".require", j), fmt.Sprintf("%s is set by no step up to here", name))
			}
		}
		if path != "apps" && (s.Items != "" || len(s.Item) > 0) {
			k.add(p+".items", "belongs to apps")
		}
	}
}

func (k *checker) step(path string, s Step, known nameSet) {
	open := strings.Contains(s.Method, "{") // a var that is not filled yet
	if s.Method != http.MethodGet && s.Method != http.MethodPost && !open {
		k.add(path+".method", "must be GET or POST")
	}
	k.address(path+".url", s.URL)
	if s.Auth != "" && s.Auth != "basic" && !strings.Contains(s.Auth, "{") {
		k.add(path+".auth", "must be basic")
	}
	if s.Auth == "basic" {
		_, isVar := k.c.Vars["client_id"]
		if !isVar || !slices.Contains(k.c.Secrets, "client_secret") {
			k.add(path+".auth", "needs the var client_id and the secret client_secret")
		}
	}
	k.body(path, s)
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		if !validHeader(name) || slices.Contains(ownHeaders, strings.ToLower(name)) {
			k.add(path+".headers."+name, "is not a header that a step may set")
		}
	}
	if s.OK != nil && len(s.OK.In) == 0 {
		k.add(path+".ok.in", "must list at least one value")
	}
	for _, code := range slices.Sorted(maps.Keys(s.Fail.Means)) {
		if !slices.Contains(meanings, s.Fail.Means[code]) {
			k.add(path+".fail.means."+code, "must be one of "+strings.Join(meanings, ", "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Set)) {
		k.result(path+".set."+name, name)
		for j, p := range s.Set[name] {
			p = normalPath(p)
			if strings.Contains(p, "*") && name != "groups" {
				k.add(at(path+".set."+name, j), "a list of values is for groups only")
			}
			if strings.ContainsAny(p, "[]()@ ") || strings.Contains("."+p, "..") {
				k.add(at(path+".set."+name, j), "must be a dotted path such as data.user.0.id")
			}
		}
	}
	if s.Cache != nil {
		for _, row := range []struct{ key, name string }{{"var", s.Cache.Var}, {"ttl", s.Cache.TTL}} {
			if _, ok := s.Set[row.name]; !ok {
				k.add(path+".cache."+row.key, fmt.Sprintf("%q is not set by this step", row.name))
			}
		}
		if !slices.Contains(s.Require, s.Cache.Var) {
			k.add(path+".cache.var", "must be among require")
		}
	}
	if s.Items != "" {
		for _, name := range []string{"id", "title", "url"} {
			if len(s.Item[name]) == 0 {
				k.add(path+".item", "needs "+name)
			}
		}
	}
}

var meanings = []string{MeansSecret, MeansDenied, MeansGone, MeansAgain, MeansToken, MeansDown}

// body checks that at most one body is sent, and none by GET.
func (k *checker) body(path string, s Step) {
	if s.Form != nil && s.JSON != nil {
		k.add(path+".json", "stands beside form; send one body")
	}
	if s.Params != nil && (s.JSON != nil || s.Form != nil) {
		k.add(path+".params", "is the form of a POST; it stands beside another body")
	}
	if s.Method == http.MethodGet && s.Form != nil {
		k.add(path+".form", "cannot be sent by GET; use query")
	}
	if s.Method == http.MethodGet && s.JSON != nil {
		k.add(path+".json", "cannot be sent by GET; use query")
	}
}

// result checks a name that a step sets: it may not replace what the sign-in relies on.
func (k *checker) result(path, name string) {
	_, isVar := k.c.Vars[name]
	switch {
	case !validName(name):
		k.add(path, "must be named in lower case letters, digits and underscores")
	case isVar, slices.Contains(k.c.Secrets, name),
		(signInNames[name] || authorizeNames[name]):
		k.add(path, "has a name that is in use; choose another")
	}
}

// validHeader reports whether name is a token (RFC 9110 section 5.6.2).
func validHeader(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}
