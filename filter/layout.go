package filter

// A Dialect is the SQL of a database. The zero Dialect is none.
type Dialect uint8

// The databases conditions are written for. A database of SQLite has to be in UTF-8, as it is
// unless told otherwise, and so has one of PostgreSQL.
const (
	SQLite   Dialect = iota + 1 // 3.38 and newer: JSON functions
	Postgres                    // 12 and newer: jsonb_path_query
)

// A Layout says where the table of a store keeps what conditions ask about. All of it is SQL text
// by the author of the store; wherever it names a column, that holds a [Ref.Key] as text, NULL if
// there is no value. An attribute that is kept nowhere is absent.
//
//	filter.Layout{
//		Folded: "u.folded",
//		Column: func(r filter.Ref) string { return columns[r.String()] }, // "userName": "u.user_name"
//	}
type Layout struct {
	// Folded is the column with the folded document ([Registry.Folded]): text in SQLite, jsonb in
	// PostgreSQL. Optional.
	Folded string

	// Column returns the column of a singular attribute, or "" if it is in the folded document.
	// Any expression will do that can stand before an operator, such as 'User'. Of an attribute
	// that Rows is about it is asked for the parts, or, of simple values, for the attribute, and
	// "" means absent. Optional; nil is always "".
	Column func(Ref) string

	// Rows returns where the elements of a multi-valued attribute, such as the members of a
	// group, are rows of their own: a table, and the condition for those of the row at hand, to be
	// continued with AND. From "" means the folded document. Optional; nil is always "".
	//
	//	"members AS m", "m.group_id = g.id"
	Rows func(Ref) (from, where string)
}

func (l *Layout) column(r Ref) string {
	if l.Column == nil {
		return ""
	}
	return l.Column(r)
}

func (l *Layout) rows(r Ref) (from, where string) {
	if l.Rows == nil {
		return "", ""
	}
	return l.Rows(r)
}
