package sqlstore

import (
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/seed-30109bde/gatehouse/filter"
)

// A dialect is what differs between the databases. Both number arguments $1, $2, …, know ON CONFLICT
// DO NOTHING and RETURNING, and compare text byte by byte, PostgreSQL because every column says so.
type dialect struct {
	name   string
	filter filter.Dialect
	goose  goose.Dialect
	lock   string // ends a SELECT of rows that will be changed
	hold   string // … that are not to be deleted
	// texts is a SELECT of the strings in a JSON array.
	texts func(arg string) string
	// among is the condition that an expression is one of the strings in a JSON array, which the
	// databases look up one by one, however many they are.
	among func(expression, arg string) string
	// members is the condition for rows of scim_members: of the group $1, and in the JSON array $2.
	// Each is looked up. PostgreSQL would rather read the group from end to end, if its statistics
	// do not know yet how large it is, but for the OFFSET; the lock on the group keeps rows in place.
	members string
	// arrays makes a table of an array of arrays of texts, and expressions for what is in each.
	arrays func(arg string) (from string, at func(int) string)
	// document makes the type of the column folded of a text.
	document func(text string) string
	// hinted writes a look-up whose candidates the table p has: SQLite takes the order of a CROSS
	// JOIN as given, and PostgreSQL an array that is computed first.
	hinted func(table, candidates string) (from, where string)
	// savepoints says that a statement which fails leaves a transaction usable, with what the
	// statements before it did, so that they have to be undone by hand.
	savepoints bool
}

var sqlite = &dialect{
	name:   "SQLite",
	filter: filter.SQLite,
	goose:  goose.DialectSQLite3,
	texts:  func(arg string) string { return "SELECT value FROM json_each(" + arg + ")" },
	among: func(expression, arg string) string {
		return expression + " IN (SELECT value FROM json_each(" + arg + "))"
	},
	arrays: func(arg string) (from string, at func(int) string) {
		return "json_each(" + arg + ") AS e", func(i int) string { return "json_extract(e.value, '$[" + strconv.Itoa(i) + "]')" }
	},
	members:  "group_n = $1 AND member IN (SELECT value FROM json_each($2))",
	document: func(text string) string { return text },
	hinted: func(table, candidates string) (from, where string) {
		return "(" + candidates + ") AS p CROSS JOIN " + table + " AS r", "r.n = p.n"
	},
	savepoints: true,
}

var postgres = &dialect{
	name:   "PostgreSQL",
	filter: filter.Postgres,
	goose:  goose.DialectPostgres,
	lock:   " FOR UPDATE",
	hold:   " FOR KEY SHARE",
	texts:  func(arg string) string { return "SELECT value FROM jsonb_array_elements_text(" + arg + "::jsonb)" },
	among: func(expression, arg string) string {
		return expression + " = ANY (ARRAY(SELECT value FROM jsonb_array_elements_text(" + arg + "::jsonb)))"
	},
	arrays: func(arg string) (from string, at func(int) string) {
		return "jsonb_array_elements(" + arg + "::jsonb) AS e", func(i int) string { return "(e ->> " + strconv.Itoa(i) + ")" }
	},
	members: "ctid = ANY (ARRAY(SELECT m.ctid FROM jsonb_array_elements_text($2::jsonb) AS e(value)" +
		" CROSS JOIN LATERAL (SELECT x.ctid FROM scim_members AS x WHERE x.group_n = $1 AND x.member = e.value OFFSET 0) AS m))",
	document: func(text string) string { return text + "::jsonb" },
	hinted: func(table, candidates string) (from, where string) {
		return table + " AS r", "r.n = ANY (ARRAY(" + candidates + "))"
	},
}

func dollar(n int) string { return "$" + strconv.Itoa(n) }

// statement is a statement that grows, with its arguments.
type statement struct {
	strings.Builder
	args []any
}

// put appends text; each ? in it stands for the next of args.
func (s *statement) put(text string, args ...any) {
	for _, arg := range args {
		before, after, ok := strings.Cut(text, "?")
		if !ok {
			panic("sqlstore: an argument without a place: " + text)
		}
		s.args = append(s.args, arg)
		s.WriteString(before)
		s.WriteString(dollar(len(s.args)))
		text = after
	}
	s.WriteString(text)
}
