package filter_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-30109bde/gatehouse/filter"
)

// The schema of a user with two attributes, and the numbers its accessors switch on.
const (
	userName = iota
	emails
	emailsType
	emailsValue
)

var schema = filter.Schema{URN: "urn:example:User", Attributes: []filter.Attribute{
	{Name: "userName", Kind: filter.String, Slot: userName},
	{Name: "emails", Kind: filter.Complex, Multi: true, Slot: emails, Sub: []filter.Attribute{
		{Name: "type", Kind: filter.String, Slot: emailsType},
		{Name: "value", Kind: filter.String, Slot: emailsValue},
	}},
}}

type email struct{ kind, address string }

type user struct {
	name   string
	emails []email
}

func (u user) Len(r filter.Ref) int {
	if r.Slot() != userName {
		return len(u.emails)
	}
	return min(len(u.name), 1)
}

func (u user) Value(r filter.Ref, i int) filter.Value {
	switch r.Slot() {
	case userName:
		return filter.TextValue(u.name)
	case emailsType:
		return filter.TextValue(u.emails[i].kind)
	case emailsValue:
		return filter.TextValue(u.emails[i].address)
	}
	return filter.Value{}
}

var _ filter.Resource = user{}

func registry() *filter.Registry {
	g, err := filter.NewRegistry(schema)
	if err != nil {
		panic(err) // the schema is a constant of the program
	}
	return g
}

func Example() {
	f, err := filter.Parse(`emails[type eq "work"].value ew "@example.com" and userName ne "root"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := f.Bind(registry())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, u := range []user{
		{"ada", []email{{"work", "ada@EXAMPLE.com"}}},
		{"bob", []email{{"work", "bob@elsewhere.example"}, {"home", "bob@example.com"}}},
		{"Root", []email{{"work", "root@example.com"}}},
	} {
		fmt.Println(u.name, b.Match(u))
	}
	// Output:
	// ada true
	// bob false
	// Root false
}

func ExampleParsePath() {
	p, err := filter.ParsePath(`emails[type eq "work"].value`)
	if err != nil {
		fmt.Println(err)
		return
	}
	target, err := p.Bind(registry())
	if err != nil {
		fmt.Println(err)
		return
	}
	ada := user{"ada", []email{{"home", "ada@home.example"}, {"work", "ada@example.com"}}}
	fmt.Println("attribute:", target.Ref, "part:", target.Sub)
	for i := range ada.Len(target.Ref) {
		if target.Filter.MatchElement(ada, i) {
			fmt.Println("element", i, "is", ada.Value(target.Sub, i).Text)
		}
	}
	// Output:
	// attribute: emails part: emails.value
	// element 1 is ada@example.com
}

// A store answers such a filter from an index, and asks Match about what it found there.
func ExampleBound_Equalities() {
	f, err := filter.Parse(`userName eq "Ada" and emails[type eq "work" and value co "@"]`)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := f.Bind(registry())
	if err != nil {
		fmt.Println(err)
		return
	}
	for r, v := range b.Equalities() {
		fmt.Println(r, "has the key", r.Key(v))
	}
	// Output:
	// userName has the key ADA
	// emails.type has the key WORK
}

// A store asks its database. Users are rows with a column for the userName and a folded document
// for everything else.
func ExampleBound_SQL() {
	f, err := filter.Parse(`userName sw "ada" and emails[type eq "work"].value co "É"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := f.Bind(registry())
	if err != nil {
		fmt.Println(err)
		return
	}
	layout := filter.Layout{Folded: "u.folded", Column: func(r filter.Ref) string {
		if r.Slot() == userName {
			return "u.user_name"
		}
		return ""
	}}
	condition, args := b.SQL(filter.SQLite, layout, []any{"acme"})
	fmt.Println("SELECT u.id FROM users AS u WHERE u.tenant = $1 AND " + strings.ReplaceAll(condition, " AND ", "\n  AND "))
	fmt.Println(args)
	// Output:
	// SELECT u.id FROM users AS u WHERE u.tenant = $1 AND (u.user_name IS NOT NULL
	//   AND substr(u.user_name COLLATE BINARY, 1, length($2)) = $2)
	//   AND EXISTS (SELECT 1 FROM json_each(u.folded, '$."emails"') AS scim_element WHERE COALESCE(json_extract(scim_element.value, '$."type"') = $3, FALSE)
	//   AND COALESCE(instr(json_extract(scim_element.value, '$."value"'), $4) > 0, FALSE))
	// [acme ADA WORK É]
}

// This is what a store writes into the row.
func ExampleRegistry_Folded() {
	fmt.Println(registry().Folded(user{"Ada", []email{{"work", "ada@example.com"}, {"", "é@example.com"}}}))
	// Output:
	// {"userName":"ADA","emails":[{"type":"WORK","value":"ADA@EXAMPLE.COM"},{"value":"É@EXAMPLE.COM"}]}
}

func ExampleError() {
	f, err := filter.Parse(`userName eq "ada" and nickName pr`)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = f.Bind(registry())
	var refused *filter.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Code)
		fmt.Println(refused)
	}
	// Output:
	// invalidFilter
	// filter: at 22, "nickName": no schema here has such an attribute, so nothing can be searched by it
}
