package words_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"lanyard/assets"
	"lanyard/auth"
	_ "lanyard/auth/server" // adds its tables
	"lanyard/auth/words"
)

// tables are the rows as they are written, those of every program first.
var tables = []struct{ en, zh string }{
	{assets.WordsEN, assets.WordsZH},
	{assets.ServerWordsEN, assets.ServerWordsZH},
	{assets.DemoWordsEN, assets.DemoWordsZH},
}

func table(t *testing.T, text string) map[string]string {
	t.Helper()
	var rows map[string]string
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

var placeholder = regexp.MustCompile(`\{([^{}\[\]|]*)\}`)

func placeholders(row string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(row, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestEveryFaultHasItsRows(t *testing.T) {
	en := table(t, assets.WordsEN)
	want := map[string]bool{}
	for _, fault := range auth.Faults() {
		for _, part := range []string{"title", "sentence", "hint"} {
			key := fmt.Sprintf("faults.%s.%s", fault, part)
			want[key] = true
			if en[key] == "" {
				t.Errorf("%s: no text", key)
			}
		}
	}
	for key := range en {
		if strings.HasPrefix(key, "faults.") && !want[key] {
			t.Errorf("%s: no such fault", key)
		}
	}
}

func TestLanguagesAgree(t *testing.T) {
	for _, both := range tables {
		en, zh := table(t, both.en), table(t, both.zh)
		for _, key := range slices.Sorted(maps.Keys(en)) {
			if zh[key] == "" {
				t.Errorf("%s: not in Chinese", key)
				continue
			}
			// The order may differ from language to language, the facts may not.
			if e, z := placeholders(en[key]), placeholders(zh[key]); !slices.Equal(e, z) {
				t.Errorf("%s: English names %v, Chinese %v", key, e, z)
			}
		}
		for key := range zh {
			if en[key] == "" {
				t.Errorf("%s: not in English", key)
			}
		}
	}
}

func TestNoTextBreaksWithoutItsFacts(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		for _, fault := range auth.Faults() {
			m := words.ExplainFault(fault, nil, lang)
			for _, text := range []string{m.Title, m.Sentence, m.Hint} {
				if strings.ContainsAny(text, "{}[]|") || strings.Contains(text, "  ") ||
					strings.Contains(text, " .") || strings.Contains(text, "“”") || strings.Contains(text, "()") {
					t.Errorf("%s in %s without facts: %q", fault, lang, text)
				}
			}
		}
	}
	// A fact outside brackets would leave a hole.
	brackets := regexp.MustCompile(`\[[^\]]*\]`)
	for key, row := range table(t, assets.WordsEN) {
		if strings.HasPrefix(key, "faults.") && strings.Contains(brackets.ReplaceAllString(row, ""), "{") {
			t.Errorf("%s: %q needs a fact that may be missing", key, row)
		}
	}
}

// jargon is what an employee never meets. Pages of admins and of the server's operator
// may use it: their keys begin with one of adminBlocks.
var (
	jargon = regexp.MustCompile(`(?i)\b(connectors?|brokers?|callbacks?|sessions?|tokens?|identity|identities|keyrings?|director(y|ies)|authoriz\w*|traces?)\b` +
		`|连接器|回调|会话|令牌|密钥环`)
	adminBlocks = []string{"admin", "server"}
)

func TestNoJargon(t *testing.T) {
	for _, both := range tables {
		for lang, text := range map[string]string{words.English: both.en, words.Chinese: both.zh} {
			for key, row := range table(t, text) {
				block, _, _ := strings.Cut(key, ".")
				if word := jargon.FindString(placeholder.ReplaceAllString(row, "")); word != "" && !slices.Contains(adminBlocks, block) {
					t.Errorf("%s %s: %q in %q", lang, key, word, row)
				}
			}
		}
	}
}

// TestTidy keeps the tables readable: no key twice, each block in one place of one table,
// both languages in the same order.
func TestTidy(t *testing.T) {
	order := func(text string) []string {
		var keys []string
		for line := range strings.Lines(text) {
			if key, _, ok := strings.Cut(strings.TrimSpace(line), `":`); ok {
				keys = append(keys, strings.TrimPrefix(key, `"`))
			}
		}
		return keys
	}
	var keys []string
	for _, both := range tables {
		en, zh := order(both.en), order(both.zh)
		if !slices.Equal(en, zh) {
			t.Errorf("the table that begins with %s differs from language to language in the order of its keys", en[0])
		}
		keys = append(keys, en...)
	}
	seen, last := map[string]bool{}, ""
	for _, key := range keys {
		if seen[key] {
			t.Errorf("%s: twice", key)
		}
		seen[key] = true
		block, _, _ := strings.Cut(key, ".")
		if block != last && seen[block+"."] {
			t.Errorf("%s: its block stands elsewhere", key)
		}
		seen[block+"."], last = true, block
	}
}

// TestTableIsJSON holds that a row says what encoding/json reads there.
func TestTableIsJSON(t *testing.T) {
	words.Add(assets.DemoWordsEN, assets.DemoWordsZH)
	for _, both := range tables {
		for lang, text := range map[string]string{words.English: both.en, words.Chinese: both.zh} {
			for key, want := range table(t, text) {
				if got, ok := words.Row(lang, key); !ok || got != want {
					t.Errorf("%s %s: %q, %v; want %q", lang, key, got, ok, want)
				}
			}
		}
	}
}

// TestAdd adds while others read, which -race watches.
func TestAdd(t *testing.T) {
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			key := fmt.Sprintf("added.%d", i)
			words.Add(fmt.Sprintf("{\n  %q: \"one {x}\"\n}\n", key), "{}\n")
			if got := words.T("zh", key, "x", "two"); got != "one two" { // Chinese lacks it
				t.Errorf("%s reads %q", key, got)
			}
		})
	}
	all.Wait()
	if got := words.T("en", "common.back"); got != "Back" {
		t.Errorf("a row of every program reads %q", got)
	}
}

func TestExplain(t *testing.T) {
	unknown := auth.Fail(auth.CodeUnknown, auth.Args{"code": "acmee", "suggestion": "acme"}, nil)
	for _, row := range []struct {
		err            error
		lang, sentence string
	}{
		{unknown, "en", "No company uses “acmee”. Did you mean acme?"},
		{unknown, "zh", "没有找到“acmee”，是不是 acme？"},
		{fmt.Errorf("resolve: %w", unknown), "zh-CN", "没有找到“acmee”，是不是 acme？"},
		{auth.Fail(auth.CodeUnknown, auth.Args{"code": "acmee"}, nil), "zh", "没有找到“acmee”。"},
		{auth.Fail(auth.DirectoryUnreachable, auth.Args{"host": "login.acme.com"}, errors.New("dial")), "en", "Can't reach login.acme.com."},
		{auth.SignInDenied, "en", "Your company did not let you in."},
		{auth.Fail(auth.SignInDenied, auth.Args{"company": "Acme", "reason": "not\nassigned\u202e"}, nil), "en", "Acme did not let you in: not assigned."},
		{auth.ErrOffline, "en", "There is no network; apps will still try to open."},
		{errors.New("boom"), "en", "Lanyard ran into a problem of its own."},
		{auth.Fault("never_defined"), "en", "Lanyard ran into a problem of its own."},
		{auth.Fail(auth.SignInWrongCompany, auth.Args{"name": "Li Si", "company": "Acme"}, nil), "zh", "你登录的是 Li Si，此代码属于 Acme。"},
		{auth.Fail(auth.SignInWrongCompany, auth.Args{"name": "李四", "company": "Acme"}, nil), "zh", "你登录的是李四，此代码属于 Acme。"},
		{nil, "en", ""},
	} {
		if got := words.Explain(row.err, row.lang).Sentence; got != row.sentence {
			t.Errorf("Explain(%v, %s) = %q, want %q", row.err, row.lang, got, row.sentence)
		}
	}
}

func TestLongFactIsCut(t *testing.T) {
	got := words.ExplainFault(auth.SignInDenied, auth.Args{"reason": strings.Repeat("长", 5000)}, "en").Sentence
	if n := len([]rune(got)); n > 260 {
		t.Errorf("sentence has %d runes", n)
	}
}

func TestT(t *testing.T) {
	for _, row := range []struct {
		lang, key string
		args      []string
		want      string
	}{
		{"en", "help.ask", []string{"help", "Li Lei"}, "Ask IT: Li Lei"},
		{"zh", "help.ask", []string{"help", "李雷"}, "联系 IT：李雷"},
		{"fr", "common.back", nil, "Back"},
		// Chinese and Latin letters have a space between them, wherever a name begins or ends.
		{"zh", "catalog.open", []string{"app", "Wiki"}, "打开 Wiki"},
		{"zh", "catalog.open", []string{"app", "笔记"}, "打开笔记"},
		{"zh", "catalog.native.title", []string{"app", "WPS 365"}, "WPS 365 在电脑上运行"},
		{"zh", "catalog.switch.title", []string{"other", "李四", "name", "Zoë", "app", "工单 2"}, "此浏览器登录的是李四，要以 Zoë 打开工单 2 吗？"},
		{"zh", "catalog.native.title", []string{"app", "Mail (beta)"}, "Mail (beta) 在电脑上运行"},
		{"zh", "catalog.continue.title", []string{"company", "Acme 科技", "name", "张三"}, "以 Acme 科技的张三的身份继续？"},
		{"zh", "catalog.continue.title", []string{"name", "Zoë"}, "以 Zoë 的身份继续？"},
		{"zh", "cli.opened", []string{"app", "Wiki"}, "正在浏览器中打开 Wiki。"},
		{"zh", "tray.server_down", []string{"company", "Acme"}, "Acme 的服务器没有响应，仍可尝试打开"},
		{"zh", "no.such.key", nil, "no.such.key"},
	} {
		if got := words.T(row.lang, row.key, row.args...); got != row.want {
			t.Errorf("T(%s, %s) = %q, want %q", row.lang, row.key, got, row.want)
		}
	}
}

func TestAskIT(t *testing.T) {
	if got, want := words.AskIT(auth.Help{Name: "Acme IT", Phone: "4000"}, "en"), "Ask IT: Acme IT · 4000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := words.AskIT(auth.Help{}, "zh"), "请联系公司 IT。"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMatch(t *testing.T) {
	for accept, want := range map[string]string{
		"": "en", "C": "en", "C.UTF-8": "en", "POSIX": "en", "*": "en", "fr": "en",
		"zh": "zh", "zh_CN.UTF-8": "zh", "zh-Hans-CN": "zh", "ZH-TW": "zh", "en_GB.UTF-8@euro": "en",
		"zh-CN,zh;q=0.9,en;q=0.8": "zh", "en-US,en;q=0.9,zh;q=0.8": "en", "fr, zh;q=0.3": "zh",
		"en;q=0.2, zh;q=0.7": "zh", "zh;q=0": "en", "zh;q=x": "en", "zho": "en",
	} {
		if got := words.Match(accept); got != want {
			t.Errorf("Match(%q) = %q, want %q", accept, got, want)
		}
	}
}

func TestFollow(t *testing.T) {
	for _, row := range [][3]string{
		{"It failed.", "Try again.", "It failed. Try again."},
		{"没有成功。", "请重试。", "没有成功。请重试。"},
		{"对吗？", "请核对。", "对吗？请核对。"},
		{"", "Try again.", "Try again."},
		{"It failed.", "", "It failed."},
	} {
		if got := words.Follow(row[0], row[1]); got != row[2] {
			t.Errorf("Follow(%q, %q) = %q, want %q", row[0], row[1], got, row[2])
		}
	}
}
