package sqlstore

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// An AccountTable says where the accounts of a host are, and what it keeps there. From, Tenant, ID,
// Join, Live and Columns are SQL text by the author of the host, without arguments. All of it is put
// in statements of the store, where r names the row beside an account; the host's table is not to be
// named r, p or v.
//
//	sqlstore.AccountTable{
//		From:    "users AS a",
//		Tenant:  "a.tenant",
//		ID:      "CAST(a.id AS text)",
//		Join:    "a.id = CAST(r.id AS bigint)",
//		Live:    "a.deleted_at IS NULL",
//		Held:    []string{"name.givenName", "name.familyName"},
//		Columns: map[string]string{"userName": "a.login_key", "active": "CASE WHEN a.active THEN '1' ELSE '0' END"},
//	}
type AccountTable struct {
	From   string // the table, and a name for it
	Tenant string // the tenant of an account, as text
	ID     string // the ID of an account, as text
	// Join holds for the account that the row r is beside, whose ID r.id is. It can be answered by
	// an index on the host's table.
	Join string
	// Live holds for accounts that are not deleted. "" means that deleted ones are gone.
	Live string
	// Held lists the attributes that the table has, by path, beside userName and active, which it
	// always has: those that [Accounts] Get fills and Update writes. They are singular.
	Held []string
	// Columns are expressions for held attributes, by path: of the [filter.Ref.Key] of the value as
	// text, NULL if there is none. Filters and orders are answered with them, and look-ups by an
	// index on one, in PostgreSQL of text with COLLATE "C". The key of a userName is what
	// [filter.Fold] makes of it, and that of active '1' or '0'.
	Columns map[string]string
	// ScanLimit is how many users at most are looked at one by one for a listing that no statement
	// can answer. If there are more, it is a [*scim.Refusal] with tooMany. 0 means 10,000.
	ScanLimit int
}

const defaultScanLimit = 10_000

// besideTable is what is beside the accounts, and besideValues what it is looked up by.
const (
	besideTable  = "scim_beside"
	besideValues = "scim_beside_values"
)

// besideTables is what a [Beside] knows of its tables.
type besideTables struct {
	AccountTable
	registry *filter.Registry
	held     []filter.Ref
	isHeld   map[string]bool // by path
	beside   *kind           // read from what is beside the accounts
	native   *kind           // read from the accounts, which may have nothing beside them
	presence [][2]string     // what stands for a condition on a complex attribute, parts of which are held
}

// withoutColumn stands in conditions for what no column has. No statement is run that has it.
const withoutColumn = "scim_without_column"

func newBesideTables(s *Store, table AccountTable) (*besideTables, error) {
	t := &besideTables{AccountTable: table, registry: s.users.registry, isHeld: map[string]bool{}}
	if err := t.check(); err != nil {
		return nil, err
	}
	t.ScanLimit = cmp.Or(t.ScanLimit, defaultScanLimit)
	collation := ` COLLATE "C"`
	if s.dialect == sqlite {
		collation = " COLLATE BINARY"
	}
	t.beside = t.kind(s.users, "r.id")
	t.native = t.kind(s.users, "(("+table.ID+")"+collation+")")
	return t, t.completePresence(s.dialect)
}

// check returns what is wrong with what the host says.
func (t *besideTables) check() error {
	wrong := func(format string, args ...any) error { return fmt.Errorf("sqlstore: AccountTable."+format, args...) }
	texts := map[string]string{"From": t.From, "Tenant": t.Tenant, "ID": t.ID, "Join": t.Join}
	for name, text := range texts {
		if text == "" {
			return wrong("%s is missing", name)
		}
	}
	texts["Live"] = t.Live
	for path, text := range t.Columns {
		texts[fmt.Sprintf("Columns[%q]", path)] = text
	}
	for name, text := range texts {
		if strings.ContainsAny(text, "?$") {
			return wrong("%s: %s has a ? or a $, which stand for arguments, and there are none", name, text)
		}
	}
	if t.ScanLimit < 0 {
		return wrong("ScanLimit is %d", t.ScanLimit)
	}
	for _, path := range append([]string{"userName", "active"}, t.Held...) {
		if err := t.hold(path); err != nil {
			return wrong("Held: %w", err)
		}
	}
	for path, text := range t.Columns {
		ref, ok := t.registry.Ref(path)
		if !ok || ref.String() != path || !t.isHeld[path] || text == "" {
			return wrong("Columns: %q is not one of the paths that are held, or has no expression", path)
		}
	}
	return nil
}

// hold takes note of an attribute that is held.
func (t *besideTables) hold(path string) error {
	ref, ok := t.registry.Ref(path)
	switch {
	case !ok:
		return fmt.Errorf("%q is no attribute of a user", path)
	case ref.Multi() || !ref.Parent().IsZero() && ref.Parent().Multi():
		return fmt.Errorf("%q is multi-valued; the store keeps it", path)
	case ref.Kind() == filter.Complex:
		return fmt.Errorf("%q has parts; list those that are held", path)
	case !canHold(ref):
		return fmt.Errorf("%q is the store's", path)
	case !t.isHeld[ref.String()]:
		t.held = append(t.held, ref)
		t.isHeld[ref.String()] = true
	}
	return nil
}

// kind returns what the table beside the accounts has, with an expression for the ID.
func (t *besideTables) kind(users *kind, id string) *kind {
	resourceType, _ := t.registry.Ref("meta.resourceType")
	k := &kind{table: besideTable, registry: t.registry, columns: map[string]string{
		"id": id, "externalId": "r.external_id",
		// A native user has them too, and the version is made when one is read.
		resourceType.String(): "'" + resourceType.Key(new(scim.User).Value(resourceType, 0)) + "'",
		"meta.version":        withoutColumn,
	}}
	for _, ref := range t.held {
		path := ref.String()
		k.columns[path] = withoutColumn
		if column := t.Columns[path]; column != "" {
			k.columns[path] = "(" + column + ")"
		}
	}
	k.listed = slices.DeleteFunc(slices.Clone(users.listed), func(r filter.Ref) bool { return t.isElsewhere(r.String()) })
	k.complete("userName")
	for _, ref := range t.held {
		k.mark += " -" + ref.String()
	}
	return k
}

// isElsewhere reports whether an attribute is not in the table beside the accounts.
func (t *besideTables) isElsewhere(path string) bool {
	return t.isHeld[path] || path == "meta.version" || path == "meta.resourceType"
}

// completePresence finds out how conditions ask whether a complex attribute is there, which is that
// a part is, beside the account or in a column.
func (t *besideTables) completePresence(d *dialect) error {
	for i := range t.registry.Len() {
		ref := t.registry.At(i)
		if ref.Kind() != filter.Complex || ref.Multi() {
			continue
		}
		all := ""
		for i := range ref.Subs() {
			if path := ref.Sub(i).String(); t.isElsewhere(path) {
				all += " OR " + t.beside.columns[path] + " IS NOT NULL"
			}
		}
		if all == "" {
			continue
		}
		f, err := filter.Parse(ref.String() + " pr")
		if err != nil {
			return err
		}
		bound, err := f.Bind(t.registry)
		if err != nil {
			return err
		}
		text, _ := bound.SQL(d.filter, t.beside.layout, nil)
		t.presence = append(t.presence, [2]string{text, "(" + text + all + ")"})
	}
	return nil
}

// condition is a filter as a condition on a row. It reports false if no row can tell.
func (t *besideTables) condition(d *dialect, k *kind, b *filter.Bound, args []any) (text string, all []any, ok bool) {
	text, all = b.SQL(d.filter, k.layout, args)
	for _, p := range t.presence {
		text = strings.ReplaceAll(text, p[0], p[1])
	}
	return text, all, !strings.Contains(text, withoutColumn)
}
