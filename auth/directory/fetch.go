package directory

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard/auth"
)

const (
	fetchTime    = 10 * time.Second
	maxRedirects = 3
	maxProblem   = 4 << 10

	// wellKnown is where a mail domain says which code it uses (RFC 8615).
	wellKnown = "/.well-known/lanyard-enterprise"
	// relEnterprise is the same by WebFinger (RFC 7033): the link's href is a join link.
	relEnterprise = "urn:lanyard:rel:enterprise"
)

// answer is what a server said.
type answer struct {
	body []byte
	date time.Time
}

// safeOrigin returns the normal form of an origin that may be asked: https, or http on
// this computer.
func safeOrigin(origin string) (string, error) {
	scheme, host, found := strings.Cut(strings.ToLower(origin), "://")
	if !found {
		scheme, host = "", scheme
	}
	normal, ok := originOf(scheme, host)
	if !ok || scheme != "" && scheme != "https" && scheme != "http" {
		return "", auth.Fail(auth.CodeInvalid, nil, fmt.Errorf("read origin %q", origin))
	}
	if strings.HasPrefix(normal, "http:") && !loopbackOrigin(normal) {
		return "", auth.Fail(auth.InsecureAddress, auth.Args{"host": hostOf(normal)}, nil)
	}
	return normal, nil
}

func loopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && loopback(u.Hostname())
}

// fetch gets a file of a directory. Not found is auth.ErrNotFound, with the answer's
// body; other failures are faults.
func (r *Resolver) fetch(ctx context.Context, origin, path string, limit int64) (answer, error) {
	a, status, mediaType, err := r.get(ctx, origin+path, limit)
	if err != nil {
		return answer{}, r.transportFault(ctx, hostOf(origin), err)
	}
	host := auth.Args{"host": hostOf(origin)}
	switch {
	case status == http.StatusNotFound:
		return a, auth.ErrNotFound
	case status == http.StatusTooManyRequests:
		return answer{}, auth.Fail(auth.DirectoryBusy, host, nil)
	case status != http.StatusOK:
		return answer{}, auth.Fail(auth.DirectoryUnreachable, host, fmt.Errorf("get %s: status %d", path, status))
	case mediaType == "text/html": // a hotel's log-in page, or a web site
		return answer{}, auth.Fail(auth.DirectoryUnreachable, host, fmt.Errorf("get %s: a web page", path))
	}
	return a, nil
}

// get does one request within bounds of time, size and redirects; it never leaves https
// once it is there.
func (r *Resolver) get(ctx context.Context, address string, limit int64) (a answer, status int, mediaType string, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return a, 0, "", fmt.Errorf("make request: %w", err)
	}
	client := http.Client{}
	if r.HTTP != nil {
		client = *r.HTTP
	}
	inner := client.CheckRedirect
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects || next.URL.Scheme != via[0].URL.Scheme {
			return errors.New("redirect refused")
		}
		if inner != nil {
			return inner(next, via)
		}
		return nil
	}
	resp, err := client.Do(req)
	if err != nil {
		return a, 0, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		limit = maxProblem
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return a, 0, "", fmt.Errorf("read answer: %w", err)
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.date = date
	}
	mediaType, _, _ = mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return a, resp.StatusCode, mediaType, nil
}

// transportFault names why a server could not be asked. A certificate from the future says
// that our clock is late: without an answer there is no Date to go by.
func (r *Resolver) transportFault(ctx context.Context, host string, err error) error {
	args := auth.Args{"host": host}
	var authority x509.UnknownAuthorityError
	var certificate x509.CertificateInvalidError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return auth.Fail(auth.SignInCanceled, nil, err)
	case errors.As(err, &authority):
		return auth.Fail(auth.ProxyInterferes, args, err)
	case errors.As(err, &certificate) && certificate.Reason == x509.Expired:
		if late := certificate.Cert.NotBefore.Sub(r.now()); late > 0 {
			return auth.Fail(auth.ClockWrong, auth.Args{"skew": spell(late)}, err)
		}
	}
	return auth.Fail(auth.DirectoryUnreachable, args, err)
}

// suggestionIn reads the code that a directory suggests with its 404.
func suggestionIn(problem []byte) string {
	var p struct {
		Suggestion string `json:"suggestion"`
	}
	if json.Unmarshal(problem, &p) != nil {
		return ""
	}
	code, err := Normal(p.Suggestion)
	if err != nil {
		return ""
	}
	return code
}

// domainWord asks a mail domain for its directory and code: its own file first, then
// WebFinger. Only the domain is sent. What it names must be https.
func (r *Resolver) domainWord(ctx context.Context, domain string) (Query, error) {
	ask := func(path string) ([]byte, error) {
		a, status, _, err := r.get(ctx, "https://"+domain+path, maxKeys)
		if err == nil && status != http.StatusOK {
			err = auth.ErrNotFound
		}
		return a.body, err
	}
	body, err1 := ask(wellKnown)
	q, ok := readWellKnown(body)
	if err1 != nil || !ok {
		var body []byte
		var err2 error
		resource := url.Values{"resource": {"https://" + domain + "/"}, "rel": {relEnterprise}}
		body, err2 = ask("/.well-known/webfinger?" + resource.Encode())
		q, ok = readWebFinger(body)
		ok = ok && err2 == nil
		if !ok && silent(err1) && silent(err2) {
			return Query{}, r.transportFault(ctx, domain, err1)
		}
	}
	if !ok {
		return Query{}, auth.Fail(auth.DomainUnknown, auth.Args{"domain": domain}, nil)
	}
	if !strings.HasPrefix(q.Directory, "https://") {
		return Query{}, auth.Fail(auth.InsecureAddress, auth.Args{"host": hostOf(q.Directory)}, nil)
	}
	return q, nil
}

// silent reports whether err means that nobody answered, though the name exists.
func silent(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return false
	}
	return err != nil && !errors.Is(err, auth.ErrNotFound)
}

func readWellKnown(body []byte) (Query, bool) {
	var word struct{ Directory, Code string }
	if json.Unmarshal(body, &word) != nil {
		return Query{}, false
	}
	scheme, host, _ := strings.Cut(strings.TrimSuffix(word.Directory, "/"), "://")
	if scheme != "https" && scheme != "http" {
		return Query{}, false
	}
	return parseLink(scheme, strings.ToLower(host), word.Code)
}

func readWebFinger(body []byte) (Query, bool) {
	var jrd struct {
		Links []struct{ Rel, Href string }
	}
	if json.Unmarshal(body, &jrd) != nil {
		return Query{}, false
	}
	for _, link := range jrd.Links {
		if link.Rel != relEnterprise {
			continue
		}
		if q, ok := parseOne(fold(link.Href)); ok && q.Directory != "" {
			return q, true
		}
	}
	return Query{}, false
}
