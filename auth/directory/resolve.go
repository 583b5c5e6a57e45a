package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"lanyard/auth"
)

// Resolver turns a [Query] into a verified document. Its zero value works and remembers
// nothing. Set the fields before use; it is safe for concurrent use.
type Resolver struct {
	// HTTP carries the requests, with the system's proxy and trust; nil means
	// http.DefaultClient. Time, size and redirects are bounded here.
	HTTP *http.Client
	// Store keeps pins and documents; nil keeps nothing, so that every use is a first use.
	Store Store
	// Pins come from policy or the build and win over the pin of first use.
	Pins Pins
	// Directories are the origins that are asked for a bare code, in order.
	Directories []string
	// Known are codes known on this device, for suggestions.
	Known  []string
	Now    func() time.Time // nil means time.Now
	Logger *slog.Logger     // nil discards

	mu sync.Mutex // one check-and-keep at a time, so that versions only grow
}

// Resolved is a verified document and how it was found.
type Resolved struct {
	Document Document
	Raw      []byte // as it was signed
	Hash     string // hex SHA-256 of Raw: what a person confirms
	Origin   string // of the directory that answered
	// Unconfirmed is the domain that was asked, where the document does not list it.
	Unconfirmed string
	// Date is the server's clock (RFC 9110 section 6.6.1); zero if it gave none or if
	// the document is cached.
	Date   time.Time
	Cached bool
}

func resolved(doc Document, raw []byte, origin string) Resolved {
	sum := sha256.Sum256(raw)
	return Resolved{Document: doc, Raw: raw, Hash: hex.EncodeToString(sum[:]), Origin: origin}
}

// Resolve finds the document of q, verifies it and keeps it. Faults: CodeUnknown (with a
// suggestion where there is one), DirectoryNone, DirectoryUnreachable, DirectoryBusy,
// DocumentExpired, DocumentTampered, DocumentPinMismatch, DomainUnknown,
// InsecureAddress, EnterpriseMisconfig, ClockWrong, ProxyInterferes, SignInCanceled.
func (r *Resolver) Resolve(ctx context.Context, q Query) (Resolved, error) {
	switch {
	case q.Domain != "":
		return r.resolveDomain(ctx, q.Domain)
	case q.Directory != "":
		return r.ask(ctx, q.Directory, q.Code)
	case q.Code == "":
		return Resolved{}, auth.CodeEmpty
	case len(r.Directories) == 0:
		return Resolved{}, auth.Fail(auth.DirectoryNone, auth.Args{"code": q.Code}, nil)
	}
	return r.askAll(ctx, q.Code)
}

// askAll asks the known directories in order. One that does not know the code or cannot
// be reached passes the question on; anything else that is wrong ends it.
func (r *Resolver) askAll(ctx context.Context, code string) (Resolved, error) {
	var unknown, away error
	for _, origin := range r.Directories {
		res, err := r.ask(ctx, strings.TrimSuffix(origin, "/"), code)
		switch {
		case err == nil:
			return res, nil
		case errors.Is(err, auth.CodeUnknown):
			if _, args := auth.FaultOf(unknown); args["suggestion"] == "" {
				unknown = err
			}
		case errors.Is(err, auth.ErrOffline):
			if away == nil {
				away = err
			}
		default:
			return Resolved{}, err
		}
	}
	if away != nil { // it may know the code: "unknown" would be a guess
		return Resolved{}, away
	}
	return Resolved{}, unknown
}

// ask asks one directory for one code.
func (r *Resolver) ask(ctx context.Context, origin, code string) (Resolved, error) {
	origin, err := safeOrigin(origin)
	if err != nil {
		return Resolved{}, err
	}
	document, err := r.fetch(ctx, origin, "/v1/enterprises/"+Hash(code)+".jws", maxDocument)
	if errors.Is(err, auth.ErrNotFound) {
		return Resolved{}, r.unknown(code, document.body)
	}
	if err != nil {
		return Resolved{}, err
	}
	keys, err := r.fetch(ctx, origin, "/v1/keys.jws", maxKeys)
	if errors.Is(err, auth.ErrNotFound) {
		return Resolved{}, auth.Fail(auth.DirectoryUnreachable, auth.Args{"host": hostOf(origin)}, err)
	}
	if err != nil {
		return Resolved{}, err
	}
	doc, err := r.accept(origin, code, keys, document)
	if err != nil {
		if errors.Is(err, auth.ErrTampered) {
			r.logger().WarnContext(ctx, "enterprise document refused", "host", hostOf(origin), "err", err)
		}
		return Resolved{}, err
	}
	res := resolved(doc, document.body, origin)
	res.Date = document.date
	return res, nil
}

// accept verifies an answer under the pin and what was seen before, then keeps it. The
// pin of first use is kept only with a document that is good in every respect.
func (r *Resolver) accept(origin, code string, keys, document answer) (Document, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var known keptOrigin
	if err := r.load(originName(origin), &known); err != nil {
		return Document{}, err
	}
	var last keptDocument
	if err := r.load(documentName(origin, code), &last); err != nil {
		return Document{}, err
	}
	pin := known.Root
	if policy := r.Pins.of(origin); policy != "" {
		pin = policy
	}
	local := loopbackOrigin(origin)
	if local { // anybody on this computer may listen there next time
		pin = ""
	}
	list, err := verifyKeys(keys.body, origin, pin, known.Version, clock{r.now(), keys.date})
	if err != nil {
		return Document{}, err
	}
	doc, err := verifyDocument(document.body, list.Keys, origin, code)
	if err != nil {
		return Document{}, err
	}
	if err := checkLife(doc.IssuedAt, doc.ExpiresAt, clock{r.now(), document.date}, code); err != nil {
		return Document{}, err
	}
	if known.Origin != "" && len(last.Document) > 0 { // a forgotten directory starts anew
		if seen, err := last.verify(origin, code); err == nil && doc.Version < seen.Version {
			return Document{}, tampered(errors.New("document: older than one seen before"))
		}
	}
	kept := keptOrigin{Origin: origin, Version: list.Version}
	if !local {
		kept.Root = list.Root.ID
	}
	if err := r.save(originName(origin), kept); err != nil {
		return Document{}, err
	}
	return doc, r.save(documentName(origin, code), keptDocument{Keys: keys.body, Document: document.body})
}

// unknown makes the fault of a code that a directory does not know. Its own suggestion
// comes before what is known here.
func (r *Resolver) unknown(code string, problem []byte) error {
	suggestion := suggestionIn(problem)
	if suggestion == "" || suggestion == code {
		suggestion = Nearest(code, r.Known)
	}
	args := auth.Args{"code": code}
	if suggestion != "" {
		args["suggestion"] = suggestion
	}
	return auth.Fail(auth.CodeUnknown, args, nil)
}

// resolveDomain asks a mail domain which code it uses, then that directory for the code.
// The document must list the domain in its turn, else the domain stays unconfirmed.
func (r *Resolver) resolveDomain(ctx context.Context, domain string) (Resolved, error) {
	q, err := r.domainWord(ctx, domain)
	if err != nil {
		return Resolved{}, err
	}
	res, err := r.ask(ctx, q.Directory, q.Code)
	if err != nil {
		return Resolved{}, err
	}
	if !slices.ContainsFunc(res.Document.Enterprise.Domains, func(d string) bool {
		listed, ok := mailDomain(strings.ToLower(d))
		return ok && listed == domain
	}) {
		res.Unconfirmed = domain
	}
	return res, nil
}

func (r *Resolver) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

func (r *Resolver) logger() *slog.Logger {
	if r.Logger != nil {
		return r.Logger
	}
	return slog.New(slog.DiscardHandler)
}
