//go:build linux

package cmd_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/connector"
	"lanyard/auth/server"
	"lanyard/auth/server/setup"
	"lanyard/auth/server/store"
)

// BenchmarkLoadEnterprises opens a database of 1,000 enterprises, each with a filled
// preset of three steps or more and its sealed secret, and makes every connector ready to
// run: read, decoded, checked whole, its secrets opened. To reach: 500 ms. The floor is
// the same rows, read and thrown away.
func BenchmarkLoadEnterprises(b *testing.B) {
	const enterprises = 1000
	ctx, file := b.Context(), filepath.Join(b.TempDir(), "lanyard.db")
	sealer, err := server.NewSealer(server.NewKey())
	if err != nil {
		b.Fatal(err)
	}
	open := func() *store.Store {
		st, err := store.Open(ctx, file)
		if err != nil {
			b.Fatal(err)
		}
		return st
	}
	st := open()
	set, err := setup.New(setup.Config{
		Base:        &server.Base{PublicURL: "https://login.example", Sealer: sealer, Lifetimes: server.DefaultLifetimes()},
		Enterprises: st, Connectors: st, Keys: st, Clients: st, Catalogue: st, Codes: st,
	})
	if err != nil {
		b.Fatal(err)
	}
	presets := []setup.Connector{
		{Preset: "wecom", Vars: map[string]string{"corp_id": "ww0123456789abcdef", "agent_id": "1000002"}},
		{Preset: "wps-style", Vars: map[string]string{
			"authorize_url": "https://sso.acme.example/authorize", "token_url": "https://sso.acme.example/token",
			"user_url": "https://sso.acme.example/user", "client_id": "lanyard",
		}},
	}
	for i := range enterprises {
		c := presets[i%len(presets)]
		c.Given = map[string]auth.Secret{"client_secret": auth.NewSecret(fmt.Sprint("secret of ", i))}
		name := fmt.Sprintf("company-%d", i)
		if _, err := set.Apply(ctx, setup.File{Schema: setup.FileSchema, Code: name, Name: auth.Text{"en": name}, Connector: c}); err != nil {
			b.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}

	// rows goes through all of them, from a database that was shut.
	rows := func(each func(server.Connector)) (wall, cpu time.Duration) {
		begun, used := time.Now(), processorTime(b)
		st := open()
		defer st.Close()
		all, err := st.ListEnterprises(ctx)
		if err != nil || len(all) != enterprises {
			b.Fatalf("%d enterprises, %v", len(all), err)
		}
		for _, e := range all {
			row, err := st.ActiveConnector(ctx, e.ID)
			if err != nil {
				b.Fatal(err)
			}
			each(row)
		}
		return time.Since(begun), processorTime(b) - used
	}
	ready := func(row server.Connector) {
		var c connector.Connector
		if err := json.Unmarshal(row.Document, &c); err != nil {
			b.Fatal(err)
		}
		if _, err := connector.Load(c, nil); err != nil {
			b.Fatal(err)
		}
		var secrets map[string]string
		plain, err := sealer.Open(row.Sealed, row.ID)
		if err == nil {
			err = json.Unmarshal(plain, &secrets)
		}
		if err != nil || secrets["client_secret"] == "" {
			b.Fatalf("secrets of %s: %v", row.ID, err)
		}
	}
	var wall, cpu, floor time.Duration
	n := 0
	for b.Loop() {
		n++
		w, c := rows(ready)
		f, _ := rows(func(server.Connector) {})
		wall, cpu, floor = wall+w, cpu+c, floor+f
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(n) }
	b.ReportMetric(per(wall), "ms/1000-enterprises")
	b.ReportMetric(per(cpu), "cpu-ms/1000-enterprises")
	b.ReportMetric(per(floor), "ms-floor-rows")
	b.ReportMetric(0, "ns/op")
}
