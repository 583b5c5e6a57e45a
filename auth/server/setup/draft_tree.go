package setup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
)

// pickable are the results whose place an admin may choose, most important first.
var pickable = []string{"sub", "name", "avatar", "email"}

// picks returns, by result, the var that says where the preset finds it.
func picks(preset connector.Connector) map[string]string {
	out := map[string]string{}
	for _, step := range preset.Steps {
		for _, result := range pickable {
			paths := step.Set[result]
			if len(paths) == 0 {
				continue
			}
			name, ok := strings.CutPrefix(paths[0], "{")
			name, closed := strings.CutSuffix(name, "}")
			name = strings.TrimSuffix(name, "?")
			if _, isVar := preset.Vars[name]; ok && closed && isVar {
				out[result] = name
			}
		}
	}
	return out
}

// blankOf returns the blank whose value stands at a path of the connector, "" for none.
func blankOf(preset connector.Connector, path string) string {
	if name, ok := strings.CutPrefix(path, "vars."); ok {
		return name
	}
	raw, err := json.Marshal(preset)
	if err != nil {
		return ""
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return ""
	}
	template, _ := connector.Paths{path}.Find(doc)
	for _, b := range preset.Blanks {
		if strings.Contains(template, "{"+b.Name+"}") || strings.Contains(template, "{"+b.Name+"?}") {
			return b.Name
		}
	}
	return ""
}

// whoStep is the index of the step that says who it is.
func whoStep(c *connector.Connector) int {
	return max(0, slices.IndexFunc(c.Steps, func(s connector.Step) bool { return len(s.Set["sub"]) > 0 }))
}

// step returns the index of the step that a call belongs to.
func step(c *connector.Connector, call keptStage) int {
	for i, s := range c.Steps {
		if call.ID == s.ID || s.ID == "" && call.ID == "step "+strconv.Itoa(i+1) {
			return i
		}
	}
	return 0
}

// answer returns a call's decoded answer, nil where it was no data.
func (call keptStage) answer() any {
	_, body, _ := strings.Cut(call.Answer, "\n")
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil
	}
	if _, err := dec.Token(); err != io.EOF { //nolint:errorlint // a decoder's own
		return nil
	}
	return doc
}

// reread finds the results in the answers that were kept, by the connector's present
// places: what changed is only where to look.
func (t *keptTrial) reread(c *connector.Connector) {
	t.Found = nil
	found, values := server.Mapped{}, map[string]string{}
	for i, call := range t.Calls {
		at := step(c, call)
		if c.Kind != connector.KindSteps || at < whoStep(c) || call.Fault != nil && call.Fault.Fault != auth.FieldMissing {
			continue
		}
		doc := call.answer()
		for name, paths := range c.Steps[at].Set {
			if v, ok := paths.Find(doc); ok {
				values[name] = v
			}
			if name == "groups" {
				found.Groups = paths.FindAll(doc)
			}
		}
		t.Calls[i].Fault = nil
		for _, name := range c.Steps[at].Require {
			if values[name] == "" && !c.Steps[at].Optional {
				t.Calls[i].Fault = &keptFault{auth.FieldMissing, auth.Args{
					"stage": call.ID, "field": strings.Join(c.Steps[at].Set[name], " / "), "found": namesIn(doc),
				}}
				return
			}
		}
		for name, only := range c.Expect {
			if len(c.Steps[at].Set[name]) > 0 && values[name] != only {
				t.Calls[i].Fault = &keptFault{auth.SignInWrongCompany, auth.Args{"stage": call.ID, "name": values["name"]}}
				return
			}
		}
	}
	for _, call := range t.Calls {
		if call.Fault != nil && !c.Steps[step(c, call)].Optional {
			return
		}
	}
	found.Subject, found.Name, found.Avatar, found.Email = values["sub"], values["name"], values["avatar"], values["email"]
	if found.Subject != "" {
		t.Found = &found
	}
}

func namesIn(doc any) string {
	m, _ := doc.(map[string]any)
	return orNone(sortedKeys(m))
}

// view sorts the calls into the three stages and, where it has one, takes the last
// answer's tree apart.
func (t *keptTrial) view(c *connector.Connector, picks, vars map[string]string) *server.Trial {
	v := &server.Trial{Mapped: t.Found}
	v.Stages[server.StageSignIn] = server.TrialStage{Done: t.Done && t.Failed == nil, Err: t.Failed.err()}
	v.Stages[server.StageToken].Life = time.Duration(t.Life) * time.Second
	var who *keptStage
	for i, call := range t.Calls {
		at, stage := 0, server.StageToken
		if c.Kind == connector.KindSteps {
			if at = step(c, call); at >= whoStep(c) {
				stage = server.StagePerson
			}
			if at == whoStep(c) {
				who = &t.Calls[i]
			}
		}
		s := &v.Stages[stage]
		s.Calls = append(s.Calls, server.TrialCall{Request: call.Request, Answer: call.Answer})
		s.Done = true
		if err := call.Fault.err(); err != nil && (c.Kind != connector.KindSteps || !c.Steps[at].Optional) {
			s.Err = err
		}
	}
	for i := range v.Stages {
		v.Stages[i].Done = v.Stages[i].Done && v.Stages[i].Err == nil
	}
	if c.Kind == connector.KindOIDC && t.Found != nil {
		v.Stages[server.StagePerson].Done = true
	}
	if who != nil && len(picks) > 0 {
		grow(&v.Tree, who.answer(), 0, "", "")
		v.Picks = choose(v.Tree, picks, vars, c.Vars)
	}
	return v
}

// grow adds the lines of a decoded answer. A secret was hidden before it was kept: its
// line cannot be chosen.
func grow(tree *[]server.Leaf, doc any, depth int, name, path string) {
	const most = 500 // lines; an answer of a megabyte is nobody's to read
	if len(*tree) >= most {
		return
	}
	line := server.Leaf{Depth: depth, Name: name}
	join := func(key string) string { return strings.TrimPrefix(path+"."+key, ".") }
	switch doc := doc.(type) {
	case map[string]any:
		if name != "" {
			*tree = append(*tree, line)
			depth++
		}
		for _, key := range sortedKeys(doc) {
			grow(tree, doc[key], depth, key, join(key))
		}
	case []any:
		if name != "" {
			*tree = append(*tree, line)
			depth++
		}
		for i, item := range doc {
			grow(tree, item, depth, strconv.Itoa(i+1), join(strconv.Itoa(i)))
		}
	case nil:
	default:
		line.Value = fmt.Sprint(doc)
		if strings.Trim(line.Value, "• ") != "" {
			line.Path = path
		}
		*tree = append(*tree, line)
	}
}

// guesses are the names that values usually have, the surest first.
var guesses = map[string][]string{
	"sub":    {"unionid", "userid", "uid", "id", "sub", "openid", "employeeid", "employeeno", "jobnumber", "account", "loginname"},
	"name":   {"name", "username", "nickname", "displayname", "realname", "cnname", "fullname"},
	"avatar": {"avatar", "avatarurl", "picture", "headimg", "headimgurl", "photo"},
	"email":  {"email", "mail", "orgemail", "bizmail"},
}

// choose returns the picks with their present places, or with a guess where the present
// one is not in the tree.
func choose(tree []server.Leaf, picks map[string]string, vars, defaults map[string]string) []server.Pick {
	var out []server.Pick
	for _, result := range pickable {
		name, ok := picks[result]
		if !ok {
			continue
		}
		place, filled := vars[name]
		if !filled {
			place = defaults[name]
		}
		p := server.Pick{Result: result, Path: place}
		at := func(path string) int {
			return slices.IndexFunc(tree, func(l server.Leaf) bool { return l.Path != "" && l.Path == path })
		}
		if at(place) < 0 {
			p.Path = guess(tree, result)
		}
		out = append(out, p)
	}
	for i, p := range out {
		if j := slices.IndexFunc(tree, func(l server.Leaf) bool { return l.Path != "" && l.Path == p.Path }); j >= 0 && p.Result == "sub" {
			out[i].Doubt = doubt(tree[j].Value)
		}
	}
	return out
}

func guess(tree []server.Leaf, result string) string {
	plain := strings.NewReplacer("_", "", "-", "")
	for _, name := range guesses[result] {
		for _, l := range tree {
			if l.Path != "" && plain.Replace(strings.ToLower(l.Name)) == name {
				return l.Path
			}
		}
	}
	return ""
}

var phone = regexp.MustCompile(`^(\+[0-9][0-9 -]{6,17}|1[3-9][0-9]{9})$`)

// doubt says in a word why a value may not stay with a person for ever.
func doubt(value string) string {
	switch {
	case strings.Contains(value, "@"):
		return "email"
	case phone.MatchString(value):
		return "phone"
	case strings.ContainsFunc(value, unicode.IsSpace), bytes.ContainsFunc([]byte(value), func(r rune) bool { return unicode.Is(unicode.Han, r) }):
		return "name"
	}
	return ""
}
