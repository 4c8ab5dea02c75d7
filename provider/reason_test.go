package provider_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// TestReasons: every reason that the source declares is documented, and so are those of package saml.
func TestReasons(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "refusal.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	reasons := []provider.Reason{provider.Reason(saml.AudienceMismatch), provider.Reason(provider.CodeTestChanged)}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Reason" {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				reasons = append(reasons, provider.Reason(text))
			}
		}
		return true
	})
	if len(reasons) < 12 {
		t.Fatalf("found %v in the source", reasons)
	}
	for _, r := range reasons {
		e := r.Entry()
		if e.Reason != r || !strings.HasSuffix(e.Meaning, ".") || !strings.HasSuffix(e.Action, ".") || e.Fixer == "" {
			t.Errorf("%s: %+v", r, e)
		}
	}
}

// TestIncident: an ID leads to what is known, in its tenant, however it is typed.
func TestIncident(t *testing.T) {
	t.Parallel()
	h := providertest.NewHost(t)
	idp := h.IdP()
	p := h.Connect(idp, "A", "a.example")
	incident := func() string {
		list, err := h.Refusals(t.Context(), providertest.Admin, p.ID)
		if err != nil || len(list) == 0 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[0].Incident
	}
	assert(t, h, idp, providertest.Browser(t), p, false, func(o *samltest.ResponseOptions) { o.Person.NameID = "nobody@a.example" })
	known := incident()
	report, err := h.Incident(t.Context(), providertest.Admin, " "+strings.ToLower(strings.ReplaceAll(known, "0", "O"))+" ")
	if err != nil || report.Event == nil || report.Refusal == nil || report.Refusal.Reason != provider.ReasonUnknownUser {
		t.Errorf("%+v, %v", report, err)
	}
	assert(t, h, idp, providertest.Browser(t), p, false, func(o *samltest.ResponseOptions) { o.Faults = []samltest.Fault{samltest.Tampered} })
	if report, err = h.Incident(t.Context(), providertest.Admin, incident()); err != nil || report.Event != nil || report.Refusal.Report == nil {
		t.Errorf("of a stranger: %+v, %v", report, err)
	}
	for what, call := range map[string]func() error{
		"another tenant": func() error { _, err := h.Incident(t.Context(), providertest.Actor("blue"), known); return err },
		"nothing":        func() error { _, err := h.Incident(t.Context(), providertest.Admin, ""); return err },
		"made up":        func() error { _, err := h.Incident(t.Context(), providertest.Admin, "00000-00000"); return err },
	} {
		if err := call(); !errors.Is(err, provider.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
}
