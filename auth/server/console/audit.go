package console

import (
	"cmp"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lanyard/auth/server"
	"lanyard/auth/words"
)

const audit = "/admin/audit"

func (c *Console) mountAudit(mux *http.ServeMux) {
	mux.HandleFunc("GET "+audit, c.ofCompany(administrators, (*visit).showAudit))
	mux.HandleFunc("GET "+audit+"/export.csv", c.ofCompany(administrators, (*visit).exportAudit))
}

// auditFilter reads what the audit is filtered by. An operator sees what is about the
// server itself too.
func (v *visit) auditFilter() (server.AuditFilter, url.Values) {
	q := v.URL.Query()
	f := server.AuditFilter{
		EnterpriseID: v.id, Server: v.admin.Role == server.RoleOperator, Text: strings.TrimSpace(q.Get("q")),
		Since: day(q, "since"), Offset: offset(q),
	}
	if until := day(q, "until"); !until.IsZero() {
		f.Until = until.AddDate(0, 0, 1) // the day itself included
	}
	return f, q
}

// day is when a day begins in the zone in which the reader sees the times: "zone" is its
// distance from UTC in minutes, which the page's script fills in. Without it both are UTC.
func day(q url.Values, name string) time.Time {
	east, err := strconv.Atoi(q.Get("zone"))
	if err != nil || east < -24*60 || east > 24*60 {
		east = 0
	}
	t, err := time.ParseInLocation(time.DateOnly, q.Get(name), time.FixedZone("", 60*east))
	if err != nil {
		return time.Time{}
	}
	return t
}

// auditRow is a line with its action in words.
type auditRow struct {
	server.Audit
	Did string
}

func (v *visit) did(action string) string {
	if text := v.t("audit." + action); text != "admin.audit."+action {
		return text
	}
	return action
}

// detail is what a line says more, in the reader's language.
func (v *visit) detail(line server.Audit) string {
	switch line.Action {
	case "device.ended":
		return server.ShownDevice(v.lang, line.Detail)
	case "role.given":
		if line.Detail != "" {
			return v.t("role." + line.Detail)
		}
	case "app.people", "connector.people":
		var s span
		if s.read(line.Detail) {
			return v.spanText(s)
		}
	}
	return line.Detail
}

// presetTitles are the presets' titles in the reader's language, by what a line says of one:
// its ID or its English title.
func (v *visit) presetTitles() map[string]string {
	out := map[string]string{}
	for _, p := range v.c.cfg.Workshop.Presets() {
		out[p.ID], out[p.Title.In(words.English)] = p.Title.In(v.lang), p.Title.In(v.lang)
	}
	for _, p := range v.c.cfg.Workshop.AppPresets() {
		out[p.Title.In(words.English)] = p.Title.In(v.lang)
	}
	return out
}

func (v *visit) showAudit() error {
	f, q := v.auditFilter()
	f.Limit = pageSize + 1
	lines, err := v.c.cfg.Audits.FindAudits(v.Context(), f)
	if err != nil {
		return err
	}
	older := ""
	if len(lines) > pageSize {
		lines = lines[:pageSize]
		q.Set("from", strconv.Itoa(f.Offset+pageSize))
		older = audit + "?" + q.Encode()
	}
	titles := v.presetTitles()
	rows := make([]auditRow, len(lines))
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line.Action, "connector."):
			line.Object = cmp.Or(titles[line.Object], line.Object)
		case line.Action == "app.added":
			line.Detail = cmp.Or(titles[line.Detail], line.Detail)
		}
		line.Detail = v.detail(line)
		rows[i] = auditRow{line, v.did(line.Action)}
	}
	q.Del("from")
	q.Del("done")
	return v.show("audit", v.t("audit.title"), map[string]any{
		"Rows": rows, "Query": f.Text, "Since": q.Get("since"), "Until": q.Get("until"), "Older": older,
		"Export": audit + "/export.csv?" + q.Encode(), "Days": strconv.Itoa(int(v.c.cfg.Base.Lifetimes.Audit / (24 * time.Hour))),
	})
}

// exportAudit answers with the same lines as a table for other programs.
func (v *visit) exportAudit() error {
	f, _ := v.auditFilter()
	f.Offset = 0
	lines, err := v.c.cfg.Audits.FindAudits(v.Context(), f)
	if err != nil {
		return err
	}
	v.audit("audit.exported", "", "")
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="lanyard-audit.csv"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(v.w, "\ufeff") // a spreadsheet takes it for UTF-8 by this alone
	out := csv.NewWriter(v.w)
	_ = out.Write([]string{"time", "who", "action", "what", "detail"})
	for _, line := range lines {
		_ = out.Write([]string{line.At.Format(time.RFC3339), cell(line.Actor), line.Action, cell(line.Object), cell(line.Detail)})
	}
	out.Flush()
	if err := out.Error(); err != nil {
		v.c.log.WarnContext(v.Context(), "audit not exported", "err", err)
	}
	return nil
}

// cell keeps a text from being read as a formula by a spreadsheet.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
