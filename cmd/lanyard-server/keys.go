package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"time"

	"lanyard/assets"
	"lanyard/auth"
	"lanyard/auth/directory"
	"lanyard/auth/server"
	"lanyard/auth/server/broker"
	"lanyard/auth/server/saml"
	"lanyard/auth/words"
)

// usualAfter is how long the other sides of SAML have to take a new certificate over, and
// longestAfter how long they may have: it counts for ten years.
const (
	usualAfter   = 14 * day
	longestAfter = 365 * day
)

// runKeys is "lanyard-server keys rotate": new keys for the directory or, with --openid or
// --saml, for one enterprise.
func runKeys(ctx context.Context, args []string, out, errOut io.Writer) error {
	var name, openid, code *string
	var after *time.Duration
	word, err := parse("keys", args, errOut, 1, func(fs *flag.FlagSet) {
		name = configFlag(fs)
		openid = fs.String("openid", "", "the enterprise code whose id_tokens are to be signed by new keys, instead of the directory's keys")
		code = fs.String("saml", "", "the enterprise code whose SAML key is to change, instead of the directory's keys")
		after = fs.Duration("after", usualAfter, "with --saml: when the new certificate's key begins to sign; 0: at the next rotate")
	})
	if err != nil {
		return err
	}
	if len(word) == 0 || word[0] != "rotate" {
		return fmt.Errorf("%w: the one thing it does is keys rotate", errUsage)
	}
	switch {
	case *openid != "" && *code != "":
		return fmt.Errorf("%w: --openid or --saml, one at a time", errUsage)
	case *after != usualAfter && *code == "":
		return fmt.Errorf("%w: --after goes with --saml", errUsage)
	case *after < 0 || *after > longestAfter:
		return fmt.Errorf("%w: --after is from now on: 0 or longer, a year (%.0fh) at most", errUsage, longestAfter.Hours())
	}
	return withService(ctx, *name, errOut, func(s *service) error {
		if *openid != "" {
			return s.rotateOpenID(ctx, *openid, out)
		}
		if *code != "" {
			return s.rotateSAML(ctx, *code, *after, out)
		}
		if err := s.setup.RotateKeys(ctx); err != nil {
			return err
		}
		fmt.Fprintln(out, "The directory has a new root key and a new signing key. Desktops that know the old root follow by its word;\n"+
			"documents that the old key signed are believed until they expire.")
		return nil
	})
}

// byCode finds the enterprise of a code that somebody typed.
func (s *service) byCode(ctx context.Context, code string) (server.Enterprise, error) {
	e, err := s.store.EnterpriseByCode(ctx, directory.Hash(code))
	if errors.Is(err, auth.ErrNotFound) {
		err = auth.Fail(auth.CodeUnknown, auth.Args{"code": code}, fmt.Errorf("no enterprise has the code %q", code))
	}
	return e, err
}

// rotateOpenID publishes new keys, which take over by themselves.
func (s *service) rotateOpenID(ctx context.Context, code string, out io.Writer) error {
	e, err := s.byCode(ctx, code)
	if err != nil {
		return err
	}
	r, err := broker.RotateKeys(ctx, s.base, s.store, e.ID)
	if errors.Is(err, auth.ErrNotFound) {
		fmt.Fprintln(out, "There is no key yet; the first sign-in makes it.")
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "New keys are published. They sign from %s on; the old ones are published until %s.\n"+
		"Nothing is left to do: apps fetch the keys by themselves.\n", r.Signs.Format(time.RFC3339), r.Retired.Format(time.RFC3339))
	return nil
}

// rotateSAML publishes a second certificate; where there is one already and no time is to
// pass, it takes over.
func (s *service) rotateSAML(ctx context.Context, code string, after time.Duration, out io.Writer) error {
	e, err := s.byCode(ctx, code)
	if err != nil {
		return err
	}
	provider, err := saml.New(saml.Config{
		Base: s.base, Enterprises: s.store, Keys: s.store, Pages: assets.SAMLPages, Lang: words.Match, Text: words.T,
		Fail:   func(http.ResponseWriter, *http.Request, string, error) {}, // it serves nobody here
		Logger: s.log,
	})
	if err != nil {
		return err
	}
	var at time.Time
	if after > 0 {
		at = s.base.Time().Add(after)
	}
	err = provider.Rotate(ctx, e.ID, at)
	switch {
	case errors.Is(err, auth.ErrConflict) && after > 0:
		return fmt.Errorf("%w; once every app has it, --after 0 lets it take over", err)
	case errors.Is(err, auth.ErrConflict):
		if err = provider.Switch(ctx, e.ID); err != nil {
			return err
		}
		fmt.Fprintln(out, "The second certificate has taken over; the first is no longer published.")
	case err != nil:
		return err
	default:
		fmt.Fprintf(out, "A second certificate is made; a server that runs publishes it within a minute. Then give every app the new metadata:\n  %s\n", saml.EntityID(s.base, e.ID))
		if at.IsZero() {
			fmt.Fprintln(out, "Then run the same again: the new key signs from then on.")
		} else {
			fmt.Fprintf(out, "Its key signs from %s on.\n", at.Format(time.RFC3339))
		}
	}
	list, err := provider.Certificates(ctx, e.ID)
	if err != nil {
		return err
	}
	for _, c := range list {
		state := "signs later"
		if c.Signs {
			state = "signs now"
		}
		fmt.Fprintf(out, "  %s  %s, until %s\n", c.Fingerprint, state, c.NotAfter.Format(time.DateOnly))
	}
	return nil
}

// runPublish is "lanyard-server publish DIR".
func runPublish(ctx context.Context, args []string, out, errOut io.Writer) error {
	var name, origin *string
	word, err := parse("publish", args, errOut, 1, func(fs *flag.FlagSet) {
		name = configFlag(fs)
		origin = fs.String("origin", "", "where the files will be reached, such as https://codes.acme.com (default: public_url)")
	})
	if err != nil {
		return err
	}
	if len(word) == 0 {
		return fmt.Errorf("%w: name the folder", errUsage)
	}
	return withService(ctx, *name, errOut, func(s *service) error {
		if *origin == "" {
			*origin = s.base.PublicURL
		}
		done, err := s.setup.Publish(ctx, word[0], *origin)
		if err != nil {
			return err
		}
		for _, code := range done.Skipped {
			fmt.Fprintf(out, "%s is left out: nobody can sign in there yet.\n", code)
		}
		fmt.Fprintf(out, "%d codes for %s in %s. Publish again before %s.\n", done.Codes, *origin, word[0], done.Expires.Format(time.DateOnly))
		return nil
	})
}
