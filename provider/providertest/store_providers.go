package providertest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/scim"
)

func keepsProviders(t *trial) {
	want := full[provider.Provider]()
	want.Version = ""
	got := t.put(red, want)
	want.Version = got.Version
	t.sameProvider("PutProvider", got, want)
	stored, err := t.Provider(t.Context(), red, want.ID)
	t.must("Provider", err)
	t.sameProvider("Provider", stored, want)
	least := t.draft("")
	got = t.put(red, least)
	least.Version = got.Version
	t.sameProvider("a draft", got, least)
}

// sameProvider compares providers; metadata by its text.
func (t *trial) sameProvider(what string, got, want provider.Provider) {
	t.Helper()
	for _, pair := range [][2]*provider.Settings{{got.Active, want.Active}, {got.Candidate, want.Candidate}} {
		if (pair[0] == nil) != (pair[1] == nil) {
			t.broken("%s: settings %v, want %v", what, pair[0], pair[1])
			return
		}
		if pair[0] == nil {
			continue
		}
		a, _ := pair[0].Metadata.MarshalText()
		b, _ := pair[1].Metadata.MarshalText()
		if string(a) != string(b) {
			t.broken("%s: metadata %s, want %s", what, a, b)
		}
	}
	t.same(what, bare(got), bare(want))
}

// bare is a provider without metadata, and with nil for lists that are empty.
func bare(p provider.Provider) provider.Provider {
	for _, at := range []**provider.Settings{&p.Active, &p.Candidate} {
		if *at != nil {
			c := **at
			c.Metadata = nil
			*at = &c
		}
	}
	if len(p.Domains) == 0 {
		p.Domains = nil
	}
	return p
}

func valuesApart(t *trial) {
	p := t.enabled("a", "a.example")
	p.Active.Policy.AuthnContexts = []string{"one"}
	got := t.put(red, p)
	p.Domains[0], p.Active.Policy.AuthnContexts[0] = "changed.example", "changed"
	got.Domains[0], got.Active.Policy.AuthnContexts[0] = "changed.example", "changed"
	again, err := t.Provider(t.Context(), red, p.ID)
	t.must("Provider", err)
	again.Active.Policy.Signed = 2
	last, err := t.Provider(t.Context(), red, p.ID)
	t.must("Provider", err)
	if last.Domains[0] != "a.example" || last.Active.Policy.AuthnContexts[0] != "one" || last.Active.Policy.Signed != 0 {
		t.broken("a provider changed with a value outside: %v %+v", last.Domains, last.Active.Policy)
	}
	details := map[string]string{"name": "a"}
	recorded, err := t.Record(t.Context(), red, true, provider.Event{Type: provider.EventBegun, Time: when, Details: details})
	t.must("Record", err)
	details["name"], recorded[0].Details["name"] = "changed", "changed"
	page, err := t.Events(t.Context(), red, provider.EventQuery{Limit: 10})
	t.must("Events", err)
	if len(page.Events) != 1 || page.Events[0].Details["name"] != "a" {
		t.broken("an event changed with a value outside: %v", page.Events)
	}
}

func tenantsApart(t *trial) {
	ctx := t.Context()
	p := t.put(red, t.enabled("a"))
	t.must("PutTest", t.PutTest(ctx, red, provider.Test{ID: "t", Provider: p.ID, Began: when}))
	_, err := t.Record(ctx, red, true, provider.Event{Type: provider.EventBegun, Time: when, User: "u"})
	t.must("Record", err)
	_, err = t.Once(ctx, red, "key", when, when.Add(time.Hour))
	t.must("Once", err)
	t.must("PutRevocation", t.PutRevocation(ctx, red, provider.Revocation{User: "u", At: when, Until: when.Add(time.Hour)}))

	missing := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, provider.ErrNotFound) {
			t.broken("%s for the other tenant: %v, want ErrNotFound", what, err)
		}
	}
	_, err = t.Provider(ctx, blue, p.ID)
	missing("Provider", err)
	_, err = t.PutProvider(ctx, blue, p)
	missing("PutProvider", err)
	missing("DeleteProvider", t.DeleteProvider(ctx, blue, p.ID, p.Version))
	_, err = t.Realm(ctx, blue, "x.example")
	missing("Realm", err)
	_, err = t.Test(ctx, blue, p.ID, "t")
	missing("Test", err)
	missing("PutTest", t.PutTest(ctx, blue, provider.Test{ID: "t", Provider: p.ID, Began: when}))
	tests, err := t.Tests(ctx, blue, p.ID)
	if len(tests) != 0 {
		t.broken("Tests for the other tenant: %v, %v", tests, err)
	}
	list, err := t.Providers(ctx, blue, provider.Query{Limit: 10, Now: when})
	if err != nil || len(list.Providers) != 0 {
		t.broken("Providers for the other tenant: %v, %v", list, err)
	}
	events, err := t.Events(ctx, blue, provider.EventQuery{Limit: 10})
	if err != nil || len(events.Events) != 0 {
		t.broken("Events for the other tenant: %v, %v", events, err)
	}
	if first, err := t.Once(ctx, blue, "key", when, when.Add(time.Hour)); err != nil || !first {
		t.broken("Once for the other tenant: %v, %v", first, err)
	}
	if r, err := t.Revocations(ctx, blue, "u", p.ID); err != nil || len(r) != 0 {
		t.broken("Revocations for the other tenant: %v, %v", r, err)
	}
	other := t.enabled("A")
	t.put(blue, other) // the same name, and a default one of its own
	if stored, err := t.Provider(ctx, red, p.ID); err != nil || stored.Version != p.Version {
		t.broken("a provider was touched by calls for another tenant: %v, %v", stored, err)
	}
}

func connections(t *trial) {
	a, b := t.put(red, t.draft("a")), t.put(blue, t.draft("b"))
	for _, c := range []provider.Connection{{Tenant: red, Provider: a}, {Tenant: blue, Provider: b}} {
		tenant, p, err := t.Connection(t.Context(), c.Provider.ID)
		if err != nil || tenant != c.Tenant || p.Version != c.Provider.Version {
			t.broken("Connection: %s %v, %v; want %s", tenant, p, err, c.Tenant)
		}
	}
	for _, id := range []provider.ID{"", "nobody", "provider0001 ", "PROVIDER0001", "nul\x00", "\xff"} {
		if _, _, err := t.Connection(t.Context(), id); !errors.Is(err, provider.ErrNotFound) {
			t.broken("Connection of %q: %v, want ErrNotFound", id, err)
		}
	}
}

func walks(t *trial) {
	var want []provider.ID
	for i := range 7 {
		p := t.put([]scim.TenantID{red, blue}[i%2], t.draft(""))
		want = append(want, p.ID)
	}
	var got []provider.ID
	for after := provider.ID(""); ; {
		page, err := t.Walk(t.Context(), after, 3)
		t.must("Walk", err)
		for _, c := range page {
			if after = c.Provider.ID; len(got)%2 == 0 && c.Tenant != red {
				t.broken("Walk says that %s belongs to %s", after, c.Tenant)
			}
			got = append(got, after)
		}
		if len(page) < 3 {
			break
		}
	}
	t.same("Walk", got, want)
}

func swaps(t *trial) {
	p := t.put(red, t.draft("a"))
	next := p
	next.Name = "b"
	changed := t.put(red, next)
	next.Name = "c"
	if _, err := t.PutProvider(t.Context(), red, next); !errors.Is(err, provider.ErrStale) {
		t.broken("a write with the version before: %v, want ErrStale", err)
	}
	gone := t.draft("d")
	gone.Version = "v"
	if _, err := t.PutProvider(t.Context(), red, gone); !errors.Is(err, provider.ErrNotFound) {
		t.broken("a write of a provider that is not there: %v, want ErrNotFound", err)
	}
	if stored, err := t.Provider(t.Context(), red, p.ID); err != nil || stored.Name != "b" || stored.Version != changed.Version {
		t.broken("after a stale write: %+v, %v", stored, err)
	}
}

func createsOnce(t *trial) {
	p := t.put(red, t.draft("a"))
	again := p
	again.Version, again.Name = "", "b"
	for _, tenant := range []scim.TenantID{red, blue} {
		if _, err := t.PutProvider(t.Context(), tenant, again); !errors.Is(err, provider.ErrStale) {
			t.broken("creating it again in %s: %v, want ErrStale", tenant, err)
		}
	}
}

func uniqueNames(t *trial) {
	p := t.put(red, t.draft("Équipe"))
	for _, name := range []string{"Équipe", "éQUIPE"} {
		_, err := t.PutProvider(t.Context(), red, t.draft(name))
		t.taken(err, provider.TakenName, p.ID)
	}
	t.put(red, t.draft(""))
	t.put(red, t.draft(""))
	t.put(red, t.draft("Equipe"))
	p.Name = "ÉQUIPE" // its own
	t.put(red, p)
}

func uniqueEntityIDs(t *trial) {
	p := t.put(red, t.draft("a"))
	for _, c := range []struct {
		tenant scim.TenantID
		by     provider.ID
	}{{red, p.ID}, {blue, ""}} {
		other := t.draft("b")
		other.EntityID = p.EntityID
		_, err := t.PutProvider(t.Context(), c.tenant, other)
		t.taken(err, provider.TakenEntityID, c.by)
	}
	other := t.draft("b")
	other.EntityID = strings.ToUpper(p.EntityID) // another one: case counts
	t.put(red, other)
	long := t.draft("c")
	long.EntityID = "urn:" + strings.Repeat("é", 1020)
	t.put(red, long)
}

func uniqueIssuers(t *trial) {
	shared := func(name, reply string) provider.Provider {
		p := t.draft(name)
		p.ReplyURL, p.Active = reply, &provider.Settings{Metadata: metadata("https://idp.example.com/shared")}
		return p
	}
	p := t.put(red, shared("a", "https://app.example.com/acs"))
	_, err := t.PutProvider(t.Context(), red, shared("b", "https://app.example.com/acs"))
	t.taken(err, provider.TakenIssuer, p.ID)
	_, err = t.PutProvider(t.Context(), blue, shared("b", "https://app.example.com/acs"))
	t.taken(err, provider.TakenIssuer, "")
	t.put(red, shared("b", "https://app.example.com/other"))
	t.put(red, shared("c", ""))
	t.put(red, shared("d", "")) // their reply URLs end in their IDs
	candidate := t.draft("e")
	candidate.ReplyURL, candidate.Candidate = p.ReplyURL, p.Active
	t.put(red, candidate)
}

func uniqueDomains(t *trial) {
	p := t.put(red, t.enabled("a", "a.example", "b.example"))
	_, err := t.PutProvider(t.Context(), red, t.enabled("b", "c.example", "b.example"))
	t.taken(err, provider.TakenDomain, p.ID)
	off := t.enabled("b", "b.example")
	off.Enabled = false
	off = t.put(red, off)
	t.put(blue, t.enabled("b", "b.example"))
	on := off
	on.Enabled = true
	_, err = t.PutProvider(t.Context(), red, on)
	t.taken(err, provider.TakenDomain, p.ID)
	p.Domains = []string{"a.example"}
	p = t.put(red, p)
	on = t.put(red, on)
	p.Domains = []string{"a.example", "b.example"}
	_, err = t.PutProvider(t.Context(), red, p)
	t.taken(err, provider.TakenDomain, on.ID)
	t.put(red, t.enabled("c", "sub.a.example"))
}

func oneDefault(t *trial) {
	p := t.put(red, t.enabled("a"))
	_, err := t.PutProvider(t.Context(), red, t.enabled("b"))
	t.taken(err, provider.TakenDefault, p.ID)
	off := t.enabled("b")
	off.Enabled = false
	off = t.put(red, off)
	t.put(red, t.enabled("c", "c.example"))
	t.put(blue, t.enabled("b"))
	p.Enabled = false
	t.put(red, p)
	off.Enabled = true
	t.put(red, off)
}

func refusedWrites(t *trial) {
	t.put(red, t.enabled("taken", "a.example"))
	p := t.put(red, t.enabled("mine", "b.example"))
	for _, change := range []func(*provider.Provider){
		func(p *provider.Provider) { p.Name = "TAKEN" },
		func(p *provider.Provider) { p.Domains = []string{"c.example", "a.example"} },
		func(p *provider.Provider) { p.Version = "another" },
	} {
		next := p
		next.CreatedBy = "changed"
		change(&next)
		if _, err := t.PutProvider(t.Context(), red, next); err == nil {
			t.broken("a write was not refused")
		}
	}
	if stored, err := t.Provider(t.Context(), red, p.ID); err != nil || stored.Version != p.Version || stored.CreatedBy != "" {
		t.broken("after refused writes: %+v, %v", stored, err)
	}
	for domain, want := range map[string]string{"a.example": "taken", "b.example": "mine", "c.example": ""} {
		if p, err := t.Realm(t.Context(), red, domain); p.Name != want {
			t.broken("after refused writes %s leads to %q, %v; want %q", domain, p.Name, err, want)
		}
	}
	refused := t.draft("taken")
	if _, err := t.PutProvider(t.Context(), red, refused); err == nil {
		t.broken("a create was not refused")
	}
	if _, _, err := t.Connection(t.Context(), refused.ID); !errors.Is(err, provider.ErrNotFound) {
		t.broken("after a refused create: %v, want ErrNotFound", err)
	}
}

func deletes(t *trial) {
	ctx := t.Context()
	p := t.put(red, t.enabled("a", "a.example"))
	t.must("PutTest", t.PutTest(ctx, red, provider.Test{ID: "t", Provider: p.ID, Began: when}))
	if err := t.DeleteProvider(ctx, red, p.ID, "another"); !errors.Is(err, provider.ErrStale) {
		t.broken("deleting another version: %v, want ErrStale", err)
	}
	t.must("DeleteProvider", t.DeleteProvider(ctx, red, p.ID, p.Version))
	if err := t.DeleteProvider(ctx, red, p.ID, p.Version); !errors.Is(err, provider.ErrNotFound) {
		t.broken("deleting it again: %v, want ErrNotFound", err)
	}
	if _, _, err := t.Connection(ctx, p.ID); !errors.Is(err, provider.ErrNotFound) {
		t.broken("Connection of a deleted provider: %v, want ErrNotFound", err)
	}
	if _, err := t.Realm(ctx, red, "a.example"); !errors.Is(err, provider.ErrNotFound) {
		t.broken("Realm of a deleted provider: %v, want ErrNotFound", err)
	}
	again := p
	again.Version = ""
	t.put(red, again)
	if _, err := t.Test(ctx, red, p.ID, "t"); !errors.Is(err, provider.ErrNotFound) {
		t.broken("a test of a provider that was deleted: %v, want ErrNotFound", err)
	}
}

func realms(t *trial) {
	find := func(domain, want string) {
		t.Helper()
		p, err := t.Realm(t.Context(), red, domain)
		if want == "" {
			if !errors.Is(err, provider.ErrNotFound) {
				t.broken("%q leads to %v, %v; want ErrNotFound", domain, p.Name, err)
			}
		} else if err != nil || p.Name != want {
			t.broken("%q leads to %q, %v; want %q", domain, p.Name, err, want)
		}
	}
	off := t.enabled("off", "c.example")
	off.Enabled = false
	t.put(red, off)
	t.put(red, t.enabled("a", "a.example", "b.example"))
	t.put(blue, t.enabled("blue"))
	find("a.example", "a")
	find("b.example", "a")
	find("c.example", "")
	find("sub.a.example", "")
	find("", "")
	t.put(red, t.enabled("default"))
	find("a.example", "a")
	find("c.example", "default")
	find("", "default")
}

func searches(t *trial) {
	p := t.enabled("Été 100%", "été.example")
	p.Active.Metadata = metadata("https://IDP.example.net/x_y")
	p.Candidate = &provider.Settings{Metadata: metadata("urn:other!one")}
	t.put(red, p)
	t.put(red, t.enabled("plain", "plain.example"))
	for search, want := range map[string]string{
		"": "plain Été 100%", "éTÉ": "Été 100%", "100%": "Été 100%", "%": "Été 100%", "_": "Été 100%", "!": "Été 100%", "x_y": "Été 100%", "xxy": "",
		"ÉTÉ.EXAMPLE": "Été 100%", "idp.EXAMPLE.net": "Été 100%", "urn:OTHER": "Été 100%", "sp.example.com": "plain Été 100%",
		"plain.example": "plain", "nobody": "", "\\": "", "nul\x00": "", "\xff": "", "'": "",
	} {
		page, err := t.Providers(t.Context(), red, provider.Query{Search: search, Limit: 10, Now: when})
		if err != nil || names(page.Providers) != want {
			t.broken("search for %q: %q, %v; want %q", search, names(page.Providers), err, want)
		}
	}
}

func filters(t *trial) {
	end, _ := (&provider.Provider{Active: &provider.Settings{Metadata: metadata("x")}}).CertificateEnd()
	t.put(red, t.draft("draft"))
	saved := t.enabled("saved")
	saved.Enabled, saved.SCIM = false, true
	t.put(red, saved)
	t.put(red, t.enabled("enabled", "a.example"))
	yes, no := true, false
	for _, c := range []struct {
		q    provider.Query
		want string
	}{
		{provider.Query{}, "draft enabled saved"},
		{provider.Query{State: provider.StateDraft}, "draft"},
		{provider.Query{State: provider.StateSaved}, "saved"},
		{provider.Query{State: provider.StateEnabled}, "enabled"},
		{provider.Query{SCIM: &yes}, "saved"},
		{provider.Query{SCIM: &no}, "draft enabled"},
		{provider.Query{Certificate: provider.CertificateNone}, "draft"},
		{provider.Query{Certificate: provider.CertificateGood, Now: end.Add(-provider.ExpirySoon)}, "enabled saved"},
		{provider.Query{Certificate: provider.CertificateGood, Now: end.Add(-provider.ExpirySoon + time.Millisecond)}, ""},
		{provider.Query{Certificate: provider.CertificateExpiring, Now: end.Add(-provider.ExpirySoon + time.Millisecond)}, "enabled saved"},
		{provider.Query{Certificate: provider.CertificateExpiring, Now: end}, ""},
		{provider.Query{Certificate: provider.CertificateExpired, Now: end}, "enabled saved"},
		{provider.Query{Certificate: provider.CertificateExpired, Now: end.Add(-time.Millisecond)}, ""},
		{provider.Query{State: provider.StateEnabled, SCIM: &yes}, ""},
		{provider.Query{State: provider.StateEnabled, Search: "ENA", SCIM: &no}, "enabled"},
	} {
		c.q.Limit = 10
		page, err := t.Providers(t.Context(), red, c.q)
		if err != nil || names(page.Providers) != c.want {
			t.broken("query %+v: %q, %v; want %q", c.q, names(page.Providers), err, c.want)
		}
	}
}

func pages(t *trial) {
	order := []string{"", "", "a", "b", "C", "d", "Á"} // by the bytes of the folded names
	for _, i := range []int{5, 0, 3, 1, 6, 2, 4} {
		t.put(red, t.draft(order[i]))
	}
	seen := map[provider.ID]bool{}
	var got []string
	for after := ""; ; {
		page, err := t.Providers(t.Context(), red, provider.Query{After: after, Limit: 3, Now: when})
		t.must("Providers", err)
		for _, p := range page.Providers {
			if seen[p.ID] {
				t.broken("%q is on two pages", p.Name)
			}
			seen[p.ID] = true
			got = append(got, p.Name)
		}
		if after = page.Next; after == "" {
			break
		}
		t.put(red, t.draft(fmt.Sprintf(" early %d", len(got)))) // before where the listing is
	}
	t.same("names", fmt.Sprintf("%q", got), fmt.Sprintf("%q", order))
	page, err := t.Providers(t.Context(), blue, provider.Query{Limit: 3, Now: when})
	if err != nil || page.Next != "" || len(page.Providers) != 0 {
		t.broken("an empty listing: %v, %v", page, err)
	}
}
