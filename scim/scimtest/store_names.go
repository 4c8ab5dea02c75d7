package scimtest

import (
	"fmt"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// What is promised of the unique names of users and groups.
var namePromises = []promise{
	{"names are folded", "two names are the same exactly when filter.Fold makes the same of them", namesAreFolded},
	{"awkward names", "a name is kept as it was sent, and found by itself alone, whatever characters are in it", awkwardNames},
	{"a refused create", "a create that is a conflict leaves nothing behind", refusedCreate},
	{"a refused rename", "a rename that is a conflict changes nothing", refusedRename},
	{"names get free", "a name is free after a delete and after a rename, and not before", namesGetFree},
	{"names may change case", "a resource may be renamed to its own name in other case", namesChangeCase},
	{"one create wins", "of concurrent creates of one name exactly one succeeds, the others are conflicts", oneCreate},
	{"one rename wins", "of concurrent renames to one name exactly one succeeds, the others are conflicts", oneRename},
}

var sameNames = [][2]string{
	{"ada@example.com", "ADA@Example.COM"},
	{"É", "é"},
	{"Kay", "\u212Aay"}, // the Kelvin sign
	{"sam", "\u017Fam"}, // the long s
	{"\u00C5sa", "\u212Bsa"},
	{"ΣΑΣ", "σας"},
	{"\u1E9Een", "ßen"},
}

var otherNames = [][2]string{
	{"İ", "i"}, {"ı", "I"}, {"ß", "ss"}, {"ﬁ", "fi"}, {"é", "e\u0301"}, {"é", "e"}, {"ada", "ada "}, {"ada", " ada"},
	{"a_b", "axb"}, {"a%", "ab"}, {"a\\b", "ab"}, {"１", "1"}, {"0x10", "16"}, {"1e1", "10"},
}

func namesAreFolded(t *trial) {
	for _, pair := range sameNames {
		first := t.make(red, entra, pair[0])
		_, err := t.create(t.Context(), red, t.newItem(entra, pair[1]))
		t.conflicts(err, "create %q beside %q", pair[1], pair[0])
		t.equal(t.found(red, t.equals(t.nameAttribute(), pair[1])), []string{pair[0]}, "look %q up by %q", pair[0], pair[1])
		t.drop(red, first.ID)
	}
	for _, pair := range otherNames {
		first := t.make(red, entra, pair[0])
		second, err := t.create(t.Context(), red, t.newItem(entra, pair[1]))
		t.must(err, "create %q beside %q", pair[1], pair[0])
		t.equal(t.found(red, t.equals(t.nameAttribute(), pair[1])), []string{pair[1]}, "look %q up", pair[1])
		t.drop(red, first.ID)
		t.drop(red, second.ID)
	}
}

var awkward = []string{
	"É", "e\u0301", "ﬁ", "👩🏽‍💻", "日本語", "\u202Eabc", "\u00ADsoft", "\uFEFFmark", "\u2028line", "\U0010FFFF",
	`quo"te`, "o'neil", "100%", "%", "_", "a_b", `back\slash`, `\u0041`, "new\nline", "c\r\nr", "tab\t", "\x7f",
	" space before", "space after ", "  ", "null", "0", "00", "1e3", "true", "?", "$1", ":a", "{}", "<b>", "--",
	"a,b;c", "*", "(", "[1]", strings.Repeat("ö", 200),
}

func awkwardNames(t *trial) {
	byName := make(map[string]string)
	for _, name := range awkward {
		i := t.newItem(entra, name)
		i.ExternalID = name
		i = t.store(red, i)
		if i.Name != name || i.ExternalID != name {
			t.broken("create %q: answered with %q, external ID %q", name, i.Name, i.ExternalID)
		}
		byName[name] = i.ID
	}
	for _, name := range awkward {
		i := t.read(red, byName[name])
		if i.Name != name || i.ExternalID != name {
			t.broken("read %q: got %q, external ID %q", name, i.Name, i.ExternalID)
		}
		for _, attribute := range []string{t.nameAttribute(), "externalId"} {
			t.equal(t.found(red, t.equals(attribute, name)), []string{name}, "look %q up by its %s", name, attribute)
		}
	}
}

func refusedCreate(t *trial) {
	ada := t.make(red, entra, "ada")
	i := t.newItem(entra, "ADA")
	i.ExternalID = "x1"
	_, err := t.create(t.Context(), red, i)
	t.conflicts(err, "create")

	_, err = t.get(t.Context(), red, i.ID)
	t.refused(err, scim.ErrNotFound, "read what was refused")
	t.equal(t.all(red, scim.Query{Scope: everyone}), []item{ada}, "list")
	t.equal(t.found(red, t.equals("externalId", "x1")), []string(nil), "look up what was refused")
	i.Name = "grace"
	t.store(red, i)
}

func refusedRename(t *trial) {
	ada, grace := t.make(red, entra, "ada"), t.make(red, entra, "grace")
	renamed := grace
	renamed.Name, renamed.ExternalID = "Ada", "x1"
	for _, version := range []string{grace.Version, ""} {
		renamed.Version = version
		_, err := t.update(t.Context(), red, renamed)
		t.conflicts(err, "rename grace to Ada, version %q", version)
	}
	t.equal(t.read(red, ada.ID), ada, "ada, whose name was wanted")
	t.equal(t.read(red, grace.ID), grace, "grace, who wanted it")
	t.equal(t.found(red, t.equals("externalId", "x1")), []string(nil), "look up what was refused")
	t.equal(t.found(red, t.equals(t.nameAttribute(), "grace")), []string{"grace"}, "look grace up")
	t.equal(t.found(red, t.equals(t.nameAttribute(), "ada")), []string{"ada"}, "look ada up")
}

func namesGetFree(t *trial) {
	ada := t.make(red, entra, "ada")
	t.drop(red, ada.ID)
	ada = t.make(red, entra, "Ada")
	ada.Name = "augusta"
	ada = t.change(red, ada)
	t.equal(t.found(red, t.equals(t.nameAttribute(), "ada")), []string(nil), "look the old name up")
	t.equal(t.found(red, t.equals(t.nameAttribute(), "augusta")), []string{"augusta"}, "look the new name up")

	other := t.make(red, entra, "ADA")
	t.equal(t.found(red, t.equals(t.nameAttribute(), "ada")), []string{"ADA"}, "look the name of the next one up")
	ada.Name = "ada"
	_, err := t.update(t.Context(), red, ada)
	t.conflicts(err, "rename augusta back")
	t.drop(red, other.ID)
	t.change(red, ada)
}

func namesChangeCase(t *trial) {
	ada := t.make(red, entra, "ada")
	for _, name := range []string{"ADA", "Ada", "ada"} {
		ada.Name = name
		ada = t.change(red, ada)
		t.equal(t.found(red, t.equals(t.nameAttribute(), "aDa")), []string{name}, "look %s up", name)
	}
	_, err := t.create(t.Context(), red, t.newItem(entra, "AdA"))
	t.conflicts(err, "create another")
}

// oneOf expects that of several errors one is nil and the others are conflicts.
func (t *trial) oneOf(errs []error) {
	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
			continue
		}
		t.conflicts(err, "one that came too late")
	}
	if succeeded != 1 {
		t.broken("%d succeeded", succeeded)
	}
}

// rounds is how often a race is run: one that can be lost is, now and then.
const rounds = 5

func oneCreate(t *trial) {
	for n := range rounds {
		spelled := []string{"ada", "Ada", "aDa", "adA", "ADa", "aDA", "AdA", "ADA"}
		t.oneOf(t.atOnce(len(spelled), func(i int) error {
			_, err := t.create(t.Context(), red, t.newItem(entra, fmt.Sprint(spelled[i], n)))
			return err
		}))
	}
	if n := len(t.all(red, scim.Query{Scope: everyone})); n != rounds {
		t.broken("there are %d of %d names", n, rounds)
	}
}

func oneRename(t *trial) {
	var items []item
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		items = append(items, t.make(red, entra, name))
	}
	for n := range rounds {
		t.oneOf(t.atOnce(len(items), func(i int) error {
			renamed := items[i]
			renamed.Name, renamed.Version = fmt.Sprint("ada", n), ""
			_, err := t.update(t.Context(), red, renamed)
			return err
		}))
	}
	seen := make(map[string]bool)
	for _, i := range t.all(red, scim.Query{Scope: everyone}) {
		key := filter.Fold(i.Name)
		if seen[key] {
			t.broken("two have the name %q", i.Name)
		}
		seen[key] = true
	}
}
