package console

import (
	"net/http"
	"strconv"
	"time"

	"lanyard/auth/server"
)

func (c *Console) mountOpenings(mux *http.ServeMux) {
	mux.HandleFunc("GET "+apps+"/{id}/openings", c.ofCompany(everyAdmin, (*visit).showOpenings))
}

// launchRate is how one app's openings went, as far as that is known.
type launchRate struct {
	AppID, Called string
	Total         int
	Percent       int // of those whose end is known
	Known, Asked  int
	State         string // "good", "bad", or "" where nothing is known
	Text          string
}

// rates are those of the last days, by app.
func (v *visit) rates() (map[string]launchRate, error) {
	list, err := v.c.cfg.Openings.OpeningRates(v.Context(), v.id, v.c.cfg.Base.Time().Add(-recently))
	if err != nil {
		return nil, err
	}
	out := map[string]launchRate{}
	for _, r := range list {
		out[r.AppID] = v.rate(r)
	}
	return out, nil
}

// rate counts one app. An opening that was only sent on tells nothing; an old link signed
// nobody in by itself and says nothing of the app.
func (v *visit) rate(r server.OpeningRate) launchRate {
	out := launchRate{AppID: r.AppID, Asked: r.Count[server.OpeningAsked]}
	for _, n := range r.Count {
		out.Total += n
	}
	worked := r.Count[server.OpeningBack] + r.Count[server.OpeningPosted]
	out.Known = worked + r.Count[server.OpeningAsked] + r.Count[server.OpeningAnother] + r.Count[server.OpeningFailed]
	switch {
	case out.Total == 0:
		return out
	case out.Known == 0:
		out.Text = v.t("rate.unknown", "count", strconv.Itoa(out.Total))
		return out
	}
	out.Percent, out.State = worked*100/out.Known, "good"
	if out.Percent < 95 {
		out.State = "bad"
	}
	out.Text = v.t("rate.known", "percent", strconv.Itoa(out.Percent))
	switch {
	case out.Asked == 1:
		out.Text = v.t("rate.asked_one", "percent", strconv.Itoa(out.Percent))
	case out.Asked > 1:
		out.Text = v.t("rate.asked", "percent", strconv.Itoa(out.Percent), "count", strconv.Itoa(out.Asked))
	}
	return out
}

// openingRow is one opening of an app.
type openingRow struct {
	server.Opening
	Person, Reference, State, Text, Took string
}

// showOpenings lists how an app's openings went. The help desk may read it.
func (v *visit) showOpenings() error {
	ctx := v.Context()
	app, err := v.c.cfg.Catalogue.App(ctx, v.id, v.PathValue("id"))
	if err != nil {
		return err
	}
	since := v.c.cfg.Base.Time().Add(-recently)
	q := v.URL.Query()
	from := offset(q)
	list, err := v.c.cfg.Openings.FindOpenings(ctx, v.id, app.ID, since, pageSize+1, from)
	if err != nil {
		return err
	}
	older := ""
	if len(list) > pageSize {
		list = list[:pageSize]
		older = apps + "/" + app.ID + "/openings?from=" + strconv.Itoa(from+pageSize)
	}
	rows, err := v.openingRows(app.ID, list)
	if err != nil {
		return err
	}
	rates, err := v.rates()
	if err != nil {
		return err
	}
	return v.show("openings", v.t("openings.title", "app", called(app, v.lang)), map[string]any{
		"App": app, "Rows": rows, "Older": older, "How": rates[app.ID], "Manage": v.admin.Role != server.RoleHelpDesk,
	})
}

// near is how far a line of the sign-in log may stand from the opening that it belongs to.
const near = 2 * time.Minute

// openingRows puts openings into words. The reference is that of the person's sign-in on
// the way to the app, where there was one.
func (v *visit) openingRows(app string, list []server.Opening) ([]openingRow, error) {
	ctx := v.Context()
	if len(list) == 0 {
		return nil, nil
	}
	lines, err := v.c.cfg.SignIns.FindSignIns(ctx, v.id, server.SignInFilter{
		AppID: app, Since: list[len(list)-1].At.Add(-near), Limit: 4 * pageSize,
	})
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	rows := make([]openingRow, 0, len(list))
	for _, o := range list {
		row := openingRow{Opening: o, Text: v.t("outcome." + o.Outcome)}
		switch o.Outcome {
		case server.OpeningBack, server.OpeningPosted:
			row.State = "good"
		case server.OpeningAsked, server.OpeningAnother, server.OpeningFailed:
			row.State = "bad"
		}
		if o.Took > 0 {
			row.Took = strconv.FormatFloat(o.Took.Seconds(), 'f', 1, 64) + " s"
		}
		if _, asked := names[o.PersonID]; !asked && o.PersonID != "" {
			p, err := found(v.c.cfg.People.Person(ctx, v.id, o.PersonID))
			if err != nil {
				return nil, err
			}
			if p != nil {
				names[o.PersonID] = personName(*p)
			}
		}
		row.Person = names[o.PersonID]
		for _, line := range lines {
			if line.PersonID == o.PersonID && line.At.Sub(o.At).Abs() < near {
				row.Reference = line.Reference
				break
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// homeRates are the rates that the home page shows, in the order of the apps.
func (v *visit) homeRates() ([]launchRate, error) {
	rates, err := v.rates()
	if err != nil || len(rates) == 0 {
		return nil, err
	}
	list, err := v.c.cfg.Catalogue.Apps(v.Context(), v.id)
	if err != nil {
		return nil, err
	}
	var out []launchRate
	for _, app := range list {
		if r := rates[app.ID]; r.Total > 0 {
			r.Called = called(app, v.lang)
			out = append(out, r)
		}
	}
	return out, nil
}
