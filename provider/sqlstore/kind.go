package sqlstore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A kind is what the database keeps of users, or of groups, and where.
type kind struct {
	table    string
	registry *filter.Registry
	layout   filter.Layout
	columns  map[string]string // by path
	id       string            // the expression of the ID
	name     filter.Ref        // of which the column is never NULL
	external filter.Ref
	listed   []filter.Ref // what scim_values has: the values of these
	mark     string
	known    atomic.Pointer[filter.Registry] // another one that makes the same keys
}

// maxName bounds a name or identifier that has an index, in bytes. Both databases could take a
// little more; the endpoint lets no more than half of it through.
const maxName = 2_000

func userKind(config Config) (*kind, error) {
	g, err := scim.UserRegistry(config.Schemas...)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: Config.Schemas: %w", err)
	}
	k := &kind{table: "scim_users", registry: g, columns: map[string]string{
		"id": "r.id", "userName": "r.user_name", "externalId": "r.external_id",
	}}
	for _, path := range append([]string{"emails.value"}, config.Index...) {
		ref, ok := g.Ref(path)
		switch {
		case !ok:
			return nil, fmt.Errorf("sqlstore: Config.Index: %q is no attribute of a user", path)
		case !ref.Sortable():
			return nil, fmt.Errorf("sqlstore: Config.Index: %q has no value to be found by", path)
		}
		if ref.Kind() == filter.Complex {
			ref = ref.Default()
		}
		if k.columns[ref.String()] == "" && !slices.Contains(k.listed, ref) {
			k.listed = append(k.listed, ref)
		}
	}
	k.complete("userName")
	return k, nil
}

func groupKind(config Config) (*kind, error) {
	g, err := scim.GroupRegistry(config.Schemas...)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: Config.Schemas: %w", err)
	}
	k := &kind{table: "scim_groups", registry: g, columns: map[string]string{
		"id": "r.id", "displayName": "r.display_name", "externalId": "r.external_id",
		"members.value": "m.member", "members.type": "'USER'",
	}}
	k.layout.Rows = func(r filter.Ref) (from, where string) {
		if r.String() == "members" {
			return "scim_members AS m", "m.group_n = r.n"
		}
		return "", ""
	}
	k.complete("displayName")
	return k, nil
}

func (k *kind) complete(name string) {
	k.id = k.columns["id"]
	k.name, _ = k.registry.Ref(name)
	k.external, _ = k.registry.Ref("externalId")
	k.layout.Folded = "r.folded"
	k.layout.Column = func(r filter.Ref) string { return k.columns[r.String()] }
	k.mark = k.registry.Mark()
	for _, ref := range k.listed {
		k.mark += " " + ref.String()
	}
}

// checked returns an error if a filter was made for other attributes than the database has keys of.
func (k *kind) checked(b *filter.Bound) error {
	g := b.Registry()
	if b == nil || g == k.registry || g == k.known.Load() {
		return nil
	}
	if g.Mark() != k.registry.Mark() {
		return fmt.Errorf("sqlstore: the filter %s is made for other schemas than the store: give Config.Schemas the schemas of scim.Config", b)
	}
	k.known.Store(g)
	return nil
}

// A row is a resource as its table keeps it.
type row struct {
	tenant, id, managedBy string
	name                  string
	external              any // nil if there is none
	version               string
	listed                string
	folded                string
	document              []byte
}

// row makes the row of a resource.
func (k *kind) row(tenant scim.TenantID, res filter.Resource, m *scim.Meta, document []byte) (*row, error) {
	r := &row{
		tenant: string(tenant), id: m.ID, managedBy: m.ManagedBy, version: m.Version,
		name: k.name.Key(res.Value(k.name, 0)), folded: k.registry.Folded(res), document: document,
	}
	if v := res.Value(k.external, 0); v.Present() {
		r.external = k.external.Key(v)
	}
	for ref, key := range map[filter.Ref]string{k.name: r.name, k.external: m.ExternalID} {
		if len(key) > maxName {
			return nil, fmt.Errorf("sqlstore: %s has %d bytes; what is indexed has at most %d", ref, len(key), maxName)
		}
	}
	r.listed = k.list(res)
	return r, nil
}

// list returns what scim_values is to have of a resource: pairs of path and key, in JSON. What is
// too long to be indexed, or no text to a database, is not there, and not looked up there.
func (k *kind) list(res filter.Resource) string {
	pairs := [][2]string{}
	for _, ref := range k.listed {
		n := 1
		if ref.Multi() || ref.Parent() != (filter.Ref{}) && ref.Parent().Multi() {
			n = res.Len(ref)
		}
		for i := range n {
			if v := res.Value(ref, i); v.Present() && isListed(ref.Key(v)) {
				pairs = append(pairs, [2]string{ref.String(), ref.Key(v)})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
	text, err := json.Marshal(slices.Compact(pairs))
	if err != nil {
		panic(err) // strings
	}
	return string(text)
}

// isListed reports whether scim_values has the key.
func isListed(key string) bool { return len(key) <= maxName && isText(key) }

// isText reports whether both databases can hold a text. Others equal none they have.
func isText(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }
