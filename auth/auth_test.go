package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"lanyard/auth"
)

func TestTextIn(t *testing.T) {
	text := auth.Text{"en": "Notes", "zh": "笔记", "de": ""}
	for lang, want := range map[string]string{
		"en": "Notes", "zh": "笔记", "zh-Hans-CN": "笔记", "zh_CN": "笔记", "de": "Notes", "": "Notes",
	} {
		if got := text.In(lang); got != want {
			t.Errorf("In(%q) = %q, want %q", lang, got, want)
		}
	}
	if got := (auth.Text{"zh": "笔记", "fr": "Cahier"}).In("en"); got != "Cahier" {
		t.Errorf("without English = %q, want the alphabetically first", got)
	}
	if got := auth.Text(nil).In("en"); got != "" {
		t.Errorf("of nothing = %q", got)
	}
}

// TestFaultsHaveKinds keeps every fault testable by its kind, also when wrapped.
func TestFaultsHaveKinds(t *testing.T) {
	for _, f := range auth.Faults() {
		err := fmt.Errorf("open notes: %w", auth.Fail(f, auth.Args{"a": "b"}, errors.New("cause")))
		if !errors.Is(err, f.Kind()) || !errors.Is(err, f) {
			t.Errorf("%s is not found through an error", f)
		}
		if got, args := auth.FaultOf(err); got != f || args["a"] != "b" {
			t.Errorf("FaultOf(%s) = %s, %v", f, got, args)
		}
		if string(f) != strings.ToLower(string(f)) {
			t.Errorf("%s is not lower case", f)
		}
	}
	if !errors.Is(auth.Fault("nobody_defined").Kind(), auth.ErrFailed) {
		t.Error("an unknown fault has a kind of its own")
	}
}

func TestFaultOf(t *testing.T) {
	for _, row := range []struct {
		err  error
		want auth.Fault
	}{
		{errors.New("anything"), auth.Internal},
		{fmt.Errorf("x: %w", auth.ErrOffline), auth.Offline},
		{fmt.Errorf("x: %w", auth.ErrLocked), auth.KeyringLocked},
		{fmt.Errorf("x: %w", auth.CodeUnknown), auth.CodeUnknown},
		{auth.Fail(auth.SignInDenied, nil, auth.Fail(auth.Offline, nil, nil)), auth.SignInDenied},
	} {
		if got, _ := auth.FaultOf(row.err); got != row.want {
			t.Errorf("FaultOf(%v) = %s, want %s", row.err, got, row.want)
		}
	}
}

func TestTrace(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		trace := auth.NewTrace()
		if !auth.ValidTrace(trace) {
			t.Fatalf("trace %q", trace)
		}
		seen[trace] = true
	}
	// Two of a thousand meet in one run of two hundred: there are a hundred million.
	if len(seen) < 990 {
		t.Errorf("%d different traces of 1000", len(seen))
	}
	for _, bad := range []string{"", "4829-137", "48291375", "4829-137a", "4829_1375", "4829-13755"} {
		if auth.ValidTrace(bad) {
			t.Errorf("ValidTrace(%q)", bad)
		}
	}
}

func TestRandom(t *testing.T) {
	if len(auth.RandomToken()) != 43 || len(auth.RandomState()) != 64 || len(auth.RandomID()) != 32 {
		t.Error("a random value has another length than documented")
	}
	if first, second := auth.RandomToken(), auth.RandomToken(); first == second {
		t.Error("two random tokens are the same")
	}
}
