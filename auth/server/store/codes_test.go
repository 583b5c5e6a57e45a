package store_test

import (
	"testing"
	"time"

	"lanyard/auth"
	"lanyard/auth/server"
	"lanyard/auth/server/store"
)

// What a directory needs to know of codes: all that lead to one enterprise, and those
// that may be suggested.
func testCodeLists(t *testing.T, s *store.Store) {
	clock := now
	s.Now = func() time.Time { return clock }
	first, second := acmeRecord(), otherRecord()
	must(t, s.SaveEnterprise(ctx(t), first))
	must(t, s.SaveEnterprise(ctx(t), second))
	for _, code := range []string{"zeta", "acme-group"} {
		first.Code = code
		must(t, s.SaveEnterprise(ctx(t), first))
		clock = clock.Add(time.Hour)
	}
	signed := server.Signed{EnterpriseID: acme, Version: first.DocumentVersion, Expires: first.DocumentExpires}
	want(t, "signed, by the present code", signed)(s.SignedByCode(ctx(t), server.Hash("acme-group")))
	want(t, "signed, by an old code", signed)(s.SignedByCode(ctx(t), server.Hash("acme")))
	want(t, "not signed", server.Signed{EnterpriseID: other})(s.SignedByCode(ctx(t), server.Hash("other")))
	_, err := s.SignedByCode(ctx(t), server.Hash("nobody"))
	wantErr(t, "signed for nobody", err, auth.ErrNotFound)
	want(t, "the present one first", []string{"acme-group", "zeta", "acme"})(s.CodesOf(ctx(t), acme))
	want(t, "only its own", []string{"other"})(s.CodesOf(ctx(t), other))
	want(t, "public", []string{"acme-group"})(s.PublicCodes(ctx(t), 10))
	second.Public = true
	must(t, s.SaveEnterprise(ctx(t), second))
	want(t, "all public", []string{"acme-group", "other"})(s.PublicCodes(ctx(t), 10))
	want(t, "at most", []string{"acme-group"})(s.PublicCodes(ctx(t), 1))
	clock = now.Add(31 * 24 * time.Hour)
	want(t, "lapsed codes are none", []string{"acme-group"})(s.CodesOf(ctx(t), acme))
	want(t, "nobody's", []string(nil))(s.CodesOf(ctx(t), "nobody"))
}
