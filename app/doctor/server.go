package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"lanyard/auth"
)

// maxSkew is how far the clock may be off before tokens are refused as expired or not
// yet valid; providers let them live no shorter than this.
const maxSkew = 5 * time.Minute

// askTimeout is how long a server may take to answer at all.
const askTimeout = 8 * time.Second

// answer is what one request to the server told; skipped where there is none to ask.
type answer struct {
	skipped bool
	skew    time.Duration // ours ahead of the server's; 0 if it sent no date
	dated   bool
	err     error // a fault
}

// serverOnce returns what asks the server, once for both checks that need it.
func (p Probes) serverOnce() func(ctx context.Context) answer {
	var once sync.Once
	var a answer
	return func(ctx context.Context) answer {
		once.Do(func() { a = p.ask(ctx) })
		return a
	}
}

// ask makes one request. Any answer at all, an error page too, shows that the way to
// the server is open, and carries its Date.
func (p Probes) ask(ctx context.Context) answer {
	if p.Address == "" {
		return answer{skipped: true}
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	u, err := url.Parse(p.Address)
	if err != nil {
		return answer{err: auth.Fail(auth.ProviderUnreachable, nil, errors.New("ask server: no address"))}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, p.Address, nil)
	if err != nil {
		return answer{err: auth.Fail(auth.ProviderUnreachable, auth.Args{"host": u.Host}, fmt.Errorf("ask server: %w", err))}
	}
	client := *p.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return answer{err: p.unreachable(u.Host, err)}
	}
	defer resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return answer{}
	}
	if age, err := strconv.Atoi(resp.Header.Get("Age")); err == nil {
		date = date.Add(time.Duration(age) * time.Second) // from a cache on the way (RFC 9111 section 5.1)
	}
	return answer{skew: p.Now().Sub(date), dated: true}
}

// unreachable says why no answer came: a certificate that nobody we trust has signed
// means that something on the way reads along, one from the future that our clock is
// late (then no Date can be had).
func (p Probes) unreachable(host string, err error) error {
	args := auth.Args{"host": host}
	var cert *tls.CertificateVerificationError
	if !errors.As(err, &cert) {
		return fault(err, auth.ProviderUnreachable, args)
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return auth.Fail(auth.ProxyInterferes, args, err)
	}
	if len(cert.UnverifiedCertificates) > 0 {
		if late := cert.UnverifiedCertificates[0].NotBefore.Sub(p.Now()); late > 0 {
			return auth.Fail(auth.ClockWrong, auth.Args{"skew": round(late)}, err)
		}
	}
	return auth.Fail(auth.ProviderUnreachable, args, err)
}

func serverFinding(a answer) finding {
	if a.skipped || errors.Is(a.err, auth.ClockWrong) { // the clock's finding says it
		return finding{status: Skipped}
	}
	return failed(a.err)
}

func clockFinding(a answer) finding {
	switch {
	case errors.Is(a.err, auth.ClockWrong):
		return failed(a.err)
	case a.skipped || a.err != nil || !a.dated:
		return finding{status: Skipped}
	case a.skew.Abs() > maxSkew:
		return failed(auth.Fail(auth.ClockWrong, auth.Args{"skew": round(a.skew.Abs())}, nil))
	}
	return finding{status: OK}
}

// round writes a skew as people say it: "7 min", "3 h", "2 d".
func round(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Round(time.Minute).Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Round(time.Hour).Hours())) + " h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + " d"
}
