package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lanyard/app/local"
	"lanyard/auth"
	"lanyard/auth/words"
)

// pasteGap is how long after a line the next one of a pasted message comes at most; nobody
// types one as quickly.
const pasteGap = 100 * time.Millisecond

// lines gives what the person types, a line each, until they end it or the command ends.
func (c *cli) lines() <-chan string {
	if c.typed == nil {
		c.typed = make(chan string)
		go func() {
			defer close(c.typed)
			for in := bufio.NewScanner(c.Stdin); in.Scan(); {
				select {
				case c.typed <- in.Text():
				case <-c.ended:
					return
				}
			}
		}()
	}
	return c.typed
}

// signInAsked is SignIn by what the person answers, which goes into req: asked again while
// there is no code in it, until it is nothing at all.
func (c *cli) signInAsked(ctx context.Context, svc local.Service, req *local.SignInRequest) (id string, err error) {
	c.say(words.ExplainFault(auth.CodeEmpty, nil, c.lang).Hint)
	for {
		fmt.Fprint(c.Stderr, c.t("code")+" ")
		if req.Code, err = c.answer(ctx); err != nil {
			return "", err
		}
		if id, err = svc.SignIn(ctx, *req); !errors.Is(err, auth.CodeInvalid) {
			return id, err
		}
		m := words.Explain(auth.CodeInvalid, c.lang)
		c.say(words.Follow(m.Sentence, m.Hint))
	}
}

// answer reads one line, if it comes alone, or a pasted message, whose last line is there
// when the person has pressed Enter behind it.
func (c *cli) answer(ctx context.Context) (string, error) {
	var typed []string
	var alone <-chan time.Time
	var last time.Time
	for ; ; last = time.Now() {
		select {
		case line, more := <-c.lines():
			if !more {
				c.say("") // ends the line of the question
				return strings.Join(typed, "\n"), nil
			}
			typed = append(typed, line)
			if len(typed) > 2 && time.Since(last) > pasteGap {
				return strings.Join(typed, "\n"), nil
			}
			if alone = nil; len(typed) == 1 {
				alone = time.After(pasteGap)
			}
		case <-alone:
			return typed[0], nil
		case <-ctx.Done():
			c.say("")
			return "", context.Cause(ctx)
		}
	}
}
