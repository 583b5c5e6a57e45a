//go:build linux

package cmd_test

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/authtest"
	"lanyard/auth/directory"

	_ "modernc.org/sqlite" // the server's database
)

// What a sign-in costs is measured at the built server, by the processor time that the
// kernel counts for its process. Whoever asks it shares its two cores, and is therefore
// as cheap as can be: one connection each, kept, no more than a string search to read a
// page; the company's SSO is such a server too, and its page is answered by the driver.

// signInRequests is how many requests one sign-in makes at the server: the code,
// authorize, callback, authorize again, the person's yes, token.
const signInRequests = 6

// BenchmarkSignIn: a whole brokered sign-in at the built server on SQLite: the code
// looked up, authorize, the trip to the vendor and back, consent, tokens. To reach:
// ≤ 1 ms of the server's CPU, ≥ 1,000 a second on 2 cores (which drive it too).
// Medians of rounds, and the best round: who else uses the machine's cores and caches
// makes some of them slower and none faster.
// Floors: as many requests that nothing answers, and, in a process of its own kind, its
// signature and the rows that it leaves.
func BenchmarkSignIn(b *testing.B) {
	c := companyOf(b, quickVendor(b))
	d := newDriver(b, c.origin)
	d.signIns(b, 400) // warm
	const rounds, n = 12, 800
	var server, all, rate, empty []float64
	for range rounds {
		own, everybodys, wall := d.cost(b, c, func() { d.signIns(b, n) })
		server, all, rate = append(server, own/n), append(all, everybodys/n), append(rate, n/wall.Seconds())
		own, _, _ = d.cost(b, c, func() { d.each(n, func(w *wire) { d.empty(b, w, signInRequests) }) })
		empty = append(empty, own/n)
	}
	b.ReportMetric(median(server), "server-cpu-µs/signin")
	b.ReportMetric(slices.Min(server), "server-cpu-µs/signin-best")
	b.ReportMetric(median(all), "all-cpu-µs/signin")
	b.ReportMetric(median(rate), "signin/s")
	b.ReportMetric(slices.Max(rate), "signin/s-best")
	b.ReportMetric(median(empty), "server-cpu-µs-floor-requests")
	b.ReportMetric(signatureAndRows(b), "cpu-µs-floor-signature+rows")
	b.ReportMetric(float64(measure(b, c.server.cmd.Process.Pid).rss)/1024, "MB-rss")
	b.ReportMetric(0, "ns/op")
}

func median(of []float64) float64 {
	return slices.Sorted(slices.Values(of))[len(of)/2]
}

// signatureAndRows returns the processor time, in µs, of one ES256 signature and of one
// transaction of the five rows that a sign-in leaves: a person, two sessions, a grant, a
// line of the log.
func signatureAndRows(b *testing.B) float64 {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	db := openSQLite(b, filepath.Join(b.TempDir(), "floor.db"))
	if _, err := db.ExecContext(b.Context(), "CREATE TABLE rows (id TEXT PRIMARY KEY, rest TEXT) WITHOUT ROWID"); err != nil {
		b.Fatal(err)
	}
	insert, err := db.PrepareContext(b.Context(), "INSERT INTO rows VALUES (?, ?)")
	if err != nil {
		b.Fatal(err)
	}
	defer insert.Close()
	rest, sum := strings.Repeat("r", 300), sha256.Sum256(nil)
	const n = 2000
	begin := processorTime(b)
	for range n {
		if _, err := ecdsa.SignASN1(rand.Reader, key, sum[:]); err != nil {
			b.Fatal(err)
		}
		tx, err := db.BeginTx(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		row := tx.StmtContext(b.Context(), insert)
		for range 5 {
			if _, err := row.ExecContext(b.Context(), auth.RandomID(), rest); err != nil {
				b.Fatal(err)
			}
		}
		if err := errors.Join(row.Close(), tx.Commit()); err != nil { //nolint:sqlclosecheck // before the commit
			b.Fatal(err)
		}
	}
	return float64((processorTime(b) - begin).Microseconds()) / n
}

// openSQLite opens a database as the server does.
func openSQLite(b *testing.B, file string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { db.Close() })
	return db
}

// BenchmarkLookup: one code asked of the built server, at the first company of one and at
// a thousand of 100,000. To reach: ≤ 60 µs of its CPU, the same at both.
// Floor: /healthz would ask the database; the floor is an unknown path.
func BenchmarkLookup(b *testing.B) {
	c := companyOf(b, quickVendor(b))
	d := newDriver(b, c.origin)
	const n = 50_000
	cost := func(status int, paths ...string) float64 {
		var next atomic.Int64
		server, _, _ := d.cost(b, c, func() {
			d.each(n, func(w *wire) {
				if r := w.ask(b, "GET", paths[int(next.Add(1))%len(paths)], nil, ""); r.status != status {
					b.Errorf("status %d, want %d", r.status, status)
				}
			})
		})
		return server / n
	}
	document := func(code string) string { return "/v1/enterprises/" + directory.Hash(code) + ".jws" }
	nothing := func() float64 { return cost(http.StatusNotFound, "/nothing-here") }
	nothing() // warm
	b.ReportMetric(cost(http.StatusOK, document("acme")), "server-cpu-µs/lookup-of-1")
	c.multiply(b, 100_000)
	var many []string
	for i := range 1000 {
		many = append(many, document(fmt.Sprint("code-", i*100)))
	}
	cost(http.StatusOK, many...) // which signs them
	b.ReportMetric(cost(http.StatusOK, many...), "server-cpu-µs/lookup-of-100000")
	b.ReportMetric(nothing(), "server-cpu-µs-floor")
	b.ReportMetric(0, "ns/op")
}

// multiply puts n more enterprises like the company's own into its database, past the
// server, which would take a transaction for each.
func (c *company) multiply(b *testing.B, n int) {
	b.Helper()
	db := openSQLite(b, filepath.Join(c.dir, "data", "lanyard.db"))
	tx, err := db.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	const numbers = `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1) `
	for _, text := range []string{
		`INSERT INTO enterprises (id, code, public, document_version, document_expires, created_at, updated_at, name, domains, help, logo)
			` + numbers + `SELECT 'e-' || i, 'code-' || i, FALSE, 0, 0, 0, 0, '{"en":"Acme"}', '[]', '{}', '' FROM n`,
		`INSERT INTO connectors (id, enterprise_id, app_id, active, created_at, updated_at, document, sealed)
			` + numbers + `SELECT 'c-' || i, 'e-' || i, 'app-' || i, TRUE, 0, 0, o.document, NULL FROM n,
			(SELECT document FROM connectors WHERE active LIMIT 1) o`,
	} {
		if _, err := tx.ExecContext(b.Context(), text, n); err != nil {
			b.Fatal(err)
		}
	}
	insert, err := tx.PrepareContext(b.Context(), "INSERT INTO codes (hash, code, enterprise_id, until) VALUES (?, ?, ?, 0)")
	if err != nil {
		b.Fatal(err)
	}
	defer insert.Close()
	for i := range n {
		code := fmt.Sprint("code-", i)
		if _, err := insert.ExecContext(b.Context(), directory.Hash(code), code, fmt.Sprint("e-", i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

// driver asks a server as fast as it answers.
type driver struct {
	origin, host, issuer string
	wires                chan *wire
}

func newDriver(b testing.TB, origin string) *driver {
	b.Helper()
	resolver := directory.Resolver{Directories: []string{origin}}
	found, err := resolver.Resolve(b.Context(), directory.Query{Code: "acme"})
	if err != nil {
		b.Fatal(err)
	}
	const callers = 64
	d := &driver{
		origin: origin, host: strings.TrimPrefix(origin, "http://"), issuer: found.Document.Connector.OIDC.Issuer,
		wires: make(chan *wire, callers),
	}
	for range callers {
		conn, err := net.Dial("tcp", d.host)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		d.wires <- &wire{host: d.host, conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}
	}
	return d
}

// each runs do n times, as many at once as there are connections.
func (d *driver) each(n int, do func(*wire)) {
	var wg sync.WaitGroup
	var begun atomic.Int64
	for range cap(d.wires) {
		wg.Go(func() {
			w := <-d.wires
			defer func() { d.wires <- w }()
			for begun.Add(1) <= int64(n) {
				do(w)
			}
		})
	}
	wg.Wait()
}

// cost returns the processor time, in µs, that do takes of the server and of everybody,
// and how long it lasts.
func (d *driver) cost(b testing.TB, c *company, do func()) (server, all float64, wall time.Duration) {
	b.Helper()
	pid := c.server.cmd.Process.Pid
	own, before, begin := processorTime(b), measure(b, pid), time.Now()
	do()
	wall = time.Since(begin)
	server = float64(measure(b, pid).ticks-before.ticks) * 10_000
	return server, server + float64((processorTime(b) - own).Microseconds()), wall
}

func (d *driver) empty(b testing.TB, w *wire, n int) {
	for range n {
		w.ask(b, "GET", "/nothing-here", nil, "")
	}
}

func (d *driver) signIns(b testing.TB, n int) {
	d.each(n, func(w *wire) { d.signIn(b, w) })
}

// signIn is the whole sign-in of somebody who was never here.
func (d *driver) signIn(b testing.TB, w *wire) {
	jar := cookies{}
	w.ask(b, "GET", "/v1/enterprises/"+directory.Hash("acme")+".jws", jar, "")
	verifier := auth.RandomToken()
	sum := sha256.Sum256([]byte(verifier))
	const redirect = "http://127.0.0.1:1/callback"
	path := strings.TrimPrefix(d.issuer, d.origin)
	at := w.ask(b, "GET", path+"/authorize?"+url.Values{
		"client_id": {"lanyard"}, "response_type": {"code"}, "redirect_uri": {redirect},
		"scope": {"openid profile offline_access"}, "state": {auth.RandomState()}, "nonce": {auth.RandomToken()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode(), jar, "")
	vendor := queryOf(b, at.location)
	back := vendor.Get("redirect_uri") + "&" + url.Values{"code": {"code-of-" + auth.RandomID()}, "state": {vendor.Get("state")}}.Encode()
	at = w.ask(b, "GET", strings.TrimPrefix(back, d.origin), jar, "")
	page := w.ask(b, "GET", at.location, jar, "")
	at = w.ask(b, "POST", at.location, jar, url.Values{"answer": {"yes"}, "token": {hidden(page.body, "token")}}.Encode())
	token := w.ask(b, "POST", path+"/token", nil, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"lanyard"}, "code": {queryOf(b, at.location).Get("code")},
		"redirect_uri": {redirect}, "code_verifier": {verifier},
	}.Encode())
	if !bytes.Contains(token.body, []byte(`"id_token":`)) {
		b.Errorf("token: %d %s", token.status, token.body)
	}
}

// processorTime is what this process has used.
func processorTime(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func queryOf(b testing.TB, address string) url.Values {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		b.Errorf("sent on to %q: %v", address, err)
		return nil
	}
	return u.Query()
}

// hidden is the value of a hidden field of a page.
func hidden(page []byte, name string) string {
	_, rest, _ := bytes.Cut(page, []byte(`name="`+name+`" value="`))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return html.UnescapeString(string(value))
}

type cookies map[string]string

// wire is one connection to a server, kept, with one request at a time on it.
type wire struct {
	host string
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

type reply struct {
	status   int
	location string
	body     []byte
}

// ask sends a request, with form as its body where there is one, and reads the answer.
func (w *wire) ask(b testing.TB, method, target string, jar cookies, form string) (r reply) {
	w.out = fmt.Appendf(w.out[:0], "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\r\n"+
		"Accept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n", method, target, w.host)
	sep := "Cookie: "
	for name, value := range jar {
		w.out = fmt.Append(w.out, sep, name, "=", value)
		sep = "; "
	}
	if len(jar) > 0 {
		w.out = append(w.out, "\r\n"...)
	}
	if form != "" {
		w.out = fmt.Appendf(w.out, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(form))
	}
	w.out = append(append(w.out, "\r\n"...), form...)
	if _, err := w.conn.Write(w.out); err != nil {
		b.Error(err)
		return r
	}
	head, body, err := message(w.in)
	if err != nil {
		b.Errorf("%s: %v", method, err)
		return r
	}
	_, status, _ := strings.Cut(head, " ")
	r.status, _ = strconv.Atoi(status[:min(3, len(status))])
	r.location, r.body = field(head, "Location"), body
	for rest := head; ; {
		var ok bool
		if _, rest, ok = strings.Cut(rest, "\r\nSet-Cookie: "); !ok {
			break
		}
		name, value, _ := strings.Cut(rest[:strings.IndexAny(rest, ";\r")], "=")
		if jar[name] = value; value == "" {
			delete(jar, name)
		}
	}
	return r
}

// message reads one HTTP message whose body has a Content-Length or none.
func message(in *bufio.Reader) (head string, body []byte, err error) {
	var out strings.Builder
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", nil, err
		}
		if len(line) <= 2 {
			break
		}
		out.Write(line)
	}
	head = out.String()
	if strings.Contains(head, "Transfer-Encoding") {
		return "", nil, fmt.Errorf("answer in chunks: %s", head)
	}
	n, _ := strconv.Atoi(cmp.Or(field(head, "Content-Length"), "0"))
	body = make([]byte, n)
	_, err = io.ReadFull(in, body)
	return head, body, err
}

func field(head, name string) string {
	_, rest, _ := strings.Cut(head, "\r\n"+name+": ")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// quickVendor is [vendor] for as many sign-ins as can be: its page lies with the driver,
// its two interfaces answer a code and a token with the person named in them.
func quickVendor(b testing.TB) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerAll(conn)
		}
	}()
	return "http://" + l.Addr().String()
}

func answerAll(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		head, body, err := message(in)
		if err != nil {
			return
		}
		answer := ""
		if _, person, ok := strings.Cut(head[:strings.Index(head, "\r\n")], "access_token=token-of-"); ok {
			answer = fmt.Sprintf(`{"union_id":%q,"user_name":"张三"}`, person[:32])
		} else {
			_, person, _ := strings.Cut(string(body), "code=code-of-")
			answer = fmt.Sprintf(`{"access_token":"token-of-%s","expires_in":3600}`, person[:32])
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer); err != nil {
			return
		}
	}
}

// companyOf is [newCompany] with a vendor of the test's own.
func companyOf(b testing.TB, upstream string) *company {
	b.Helper()
	listen := authtest.ClosedPort(b)
	return newCompanyWith(b, upstream, listen, "http://"+listen, "lookups_per_minute: 0\n", 5)
}
