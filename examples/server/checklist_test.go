package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
)

// ticked are the numbers of the steps that are done, those of provisioning after an "s".
func ticked(steps []checkStep) (done []string) {
	for _, s := range steps {
		if s.Done {
			prefix := ""
			if s.Part == partSCIM {
				prefix = "s"
			}
			done = append(done, fmt.Sprint(prefix, s.Number))
		}
	}
	return done
}

// TestChecklist walks through the setup: nothing is ticked at first, each step when it happens, and all at
// the end.
func TestChecklist(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	ctx, admin := t.Context(), providertest.Admin
	idp := h.IdP()
	if _, err := h.Begin(ctx, provider.Actor{Tenant: providertest.Tenant, Name: offlineActor.Name}, provider.Draft{Name: "not by an administrator"}); err != nil {
		t.Fatal(err)
	}
	var p provider.Provider
	var token string
	var steps []checkStep
	look := func() {
		t.Helper()
		var err error
		if steps, _, err = checklist(ctx, h.Service, admin); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	send := func(what func(*cycle) error) cycleRun {
		t.Helper()
		c := newCycle(productEntra, h.URL+scimPath, token, false)
		run := c.finish("", what(c))
		if run.Stopped != "" {
			t.Fatalf("%+v", run)
		}
		return run
	}
	someone := func(name string) employee {
		p, ok := newDirectory().named(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		return p
	}
	all := map[string]bool{}
	for _, step := range []struct {
		name string
		do   func()
		adds string
	}{
		{"nothing", func() {}, ""},
		{"begun", func() {
			var err error
			p, err = h.Begin(ctx, admin, provider.Draft{Name: "Acme Entra"})
			must(err)
		}, "1"},
		{"imported", func() {
			_, err := h.Import(ctx, admin, p.ID, provider.Given{Data: idp.Metadata()})
			must(err)
		}, "2 5"},
		{"tested", func() { h.Pass(admin, idp, p.ID) }, "3 4"},
		{"saved", func() { _, err := h.Save(ctx, admin, p.ID); must(err) }, "6"},
		{"enabled", func() { _, err := h.Enable(ctx, admin, p.ID); must(err) }, "7 s1"},
		{"SCIM enabled", func() {
			_, err := h.EnableSCIM(ctx, admin, p.ID, h.Proof(provider.ActionEnableSCIM, p.ID))
			must(err)
		}, "s2"},
		{"a token", func() {
			secret, _, err := h.NewToken(ctx, admin, p.ID, h.Proof(provider.ActionNewToken, p.ID))
			must(err)
			token = secret.Reveal()
		}, "s4"},
		{"tested there", func() { send(func(c *cycle) error { return c.test(ctx) }) }, "s5 s6 s7 s8"},
		{"somebody is refused", func() {
			run := send(func(c *cycle) error { return c.provision(ctx, []employee{someone("alan@example.com")}, nil) })
			if run.Count(becameFailed) != 1 {
				t.Errorf("%+v", run.Outcomes)
			}
		}, ""},
		{"one person", func() {
			send(func(c *cycle) error { return c.provision(ctx, []employee{someone("ada@example.com")}, nil) })
		}, "s3 s9 s10 s11 s12 s14 s15"},
		{"a technician", func() {
			send(func(c *cycle) error { return c.provision(ctx, []employee{someone("grace@example.com")}, nil) })
		}, "s13 s16 s18"},
		{"groups", func() {
			send(func(c *cycle) error { return c.provision(ctx, firstPeople(), directoryGroups) })
		}, "s17"},
	} {
		step.do()
		for _, name := range strings.Fields(step.adds) {
			all[name] = true
		}
		look()
		done := ticked(steps)
		if len(done) != len(all) || slices.ContainsFunc(done, func(s string) bool { return !all[s] }) {
			t.Errorf("%s: ticked %v, want %v", step.name, done, all)
		}
		for _, s := range steps {
			if s.How == "" || s.Link == "" || !strings.HasSuffix(s.How, ".") {
				t.Errorf("%s: %+v", step.name, s)
			}
		}
		if step.name == "nothing" && steps[0].Link != "/console/providers" {
			t.Errorf("%+v", steps[0])
		}
		if root := consolePath + "/providers/" + string(p.ID); step.name == "begun" && (steps[0].Link != root || steps[1].Link != root+"/sheet" || steps[8].Link != root+"/scim/enable") {
			t.Errorf("%+v", steps)
		}
		if step.name == "somebody is refused" {
			i := slices.IndexFunc(steps, func(s checkStep) bool { return s.Title == "Map the user type" })
			if !strings.Contains(steps[i].Problem, `userType cannot be "technician"`) {
				t.Errorf("%+v", steps[i])
			}
		}
	}
	if len(all) != len(steps) || len(steps) != 25 {
		t.Errorf("%d of %d steps were ticked", len(all), len(steps))
	}
	if steps[1].Link != consolePath+"/providers/"+string(p.ID) || steps[24].Link != consolePath+"/providers/"+string(p.ID)+"/scim" {
		t.Errorf("%+v", steps)
	}
	// The rules have as many steps as the sheet, which they do not otherwise know of.
	sheet, err := h.SetupSheet(ctx, admin, p.ID, provider.SetupEntra)
	must(err)
	count := func(part checkPart) (n int) {
		for _, r := range stepRules {
			if r.part == part {
				n++
			}
		}
		return n
	}
	if len(sheet.SSO) != count(partSSO) || len(sheet.SCIM) != count(partSCIM) {
		t.Errorf("the sheet has %d and %d steps", len(sheet.SSO), len(sheet.SCIM))
	}
}

// TestGuidePages: the pages show the next step, and names are text.
func TestGuidePages(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	c := s.browser()
	status, page := s.get(c, s.base+checklistPath)
	if status != http.StatusOK || !strings.Contains(page, "0 of 25 steps") || !strings.Contains(page, "Next step: Add the provider") || strings.Contains(page, ">done<") {
		t.Errorf("%d %s", status, page)
	}
	p := s.second()
	name := `<script>alert(1)</script>`
	if _, err := s.host.Change(t.Context(), standAdmin, p.ID, provider.Change{Name: &name}); err != nil {
		t.Fatal(err)
	}
	status, page = s.get(c, s.base+checklistPath)
	if status != http.StatusOK || !strings.Contains(page, "8 of 25 steps") || !strings.Contains(page, "Next step: Enable SCIM") || strings.Contains(page, "<script>") ||
		!strings.Contains(page, `href="/console/providers/`+string(p.ID)+`/scim/enable"`) || strings.Count(page, `aria-current="step"`) != 1 {
		t.Errorf("%d %s", status, page)
	}
	if _, page := s.get(c, s.base+ownPath); !strings.Contains(page, s.base+scimPath) || !strings.Contains(page, "-trust-proxy") {
		t.Error(page)
	}
	s.host.checklist.(*guide).actor = s.host.actor // nobody is signed in
	if _, page := s.get(c, s.base+checklistPath); !strings.Contains(page, "Sign in") || strings.Contains(page, "of 25 steps") {
		t.Errorf("a stranger sees %s", page)
	}
	if status, _ := s.post(c, s.base+checklistPath, url.Values{}); status != http.StatusMethodNotAllowed {
		t.Errorf("a POST: %d", status)
	}
}

// TestOrganizationProblem: what keeps somebody out is shown beside the step that it is about.
func TestOrganizationProblem(t *testing.T) {
	t.Parallel()
	f := &checkFacts{health: provider.Health{Failing: []provider.Failure{{Name: "ada@example.com", Sentence: extension.URN + ":organizationId cannot be 999"}}}}
	for i, r := range stepRules {
		if r.problem == nil || r.part != partSCIM {
			continue
		}
		got := r.problem(f)
		if want := r.title != "Map the user type"; (got != "") != want {
			t.Errorf("step %d: %q", i, got)
		}
	}
}
