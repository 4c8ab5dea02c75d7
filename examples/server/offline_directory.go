package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// firstPerson is who signs in when the server tests its own connection.
const firstPerson = "ada@example.com"

// An employee is somebody in the directory of the offline identity provider.
type employee struct {
	ID           string // as an object ID of Entra ID looks
	UserName     string // also what they sign in with
	Given        string
	Family       string
	Title        string
	Organization string // the organization ID that is provisioned; "" = none
	UserType     string // "" = none; what nobody knows is sent as it is
	Groups       []string
	Assigned     bool // to the application
	Active       bool // may sign in at all
	SecondFactor bool // signs in with more than a password, and says so
}

// DisplayName is the whole name.
func (p employee) DisplayName() string { return strings.TrimSpace(p.Given + " " + p.Family) }

// InScope reports whether the person is provisioned.
func (p employee) InScope() bool { return p.Assigned && p.Active }

// Has reports whether the person is in a group.
func (p employee) Has(group string) bool { return slices.Contains(p.Groups, group) }

// subject is what a response says about the person, under the names that Entra ID has for it.
func (p employee) subject(secondFactor bool) samltest.Person {
	const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	s := samltest.Person{NameID: p.UserName, Attributes: []samltest.Attribute{
		{Name: claims + "emailaddress", Values: []string{p.UserName}},
		{Name: claims + "givenname", Values: []string{p.Given}},
		{Name: claims + "surname", Values: []string{p.Family}},
	}}
	if secondFactor {
		s.Attributes = append(s.Attributes, samltest.EntraMFA())
	}
	return s
}

// directoryGroups are the groups that there are.
var directoryGroups = []string{"Everybody", "Front desk", "Field technicians"}

// objectID returns the ID of something in the directory: always the same one for a name.
func objectID(name string) string {
	h := sha256.Sum256([]byte("offline directory " + name))
	x := hex.EncodeToString(h[:16])
	return x[:8] + "-" + x[8:12] + "-4" + x[13:16] + "-a" + x[17:20] + "-" + x[20:]
}

// firstPeople are who is there when the process begins. Some show what goes wrong: a user type that is
// misspelled, somebody who is not assigned, and an account that is disabled.
func firstPeople() []employee {
	all, desk, field := directoryGroups[0], directoryGroups[1], directoryGroups[2]
	list := []employee{
		{UserName: firstPerson, Given: "Ada", Family: "Lovelace", Title: "Analyst", Organization: "101", UserType: extension.EndUser, Groups: []string{all, desk}, Assigned: true, Active: true},
		{UserName: "grace@example.com", Given: "Grace", Family: "Hopper", Title: "Rear Admiral", Organization: "101", UserType: extension.Technician, Groups: []string{all, field}, Assigned: true, Active: true, SecondFactor: true},
		{UserName: "katherine@example.com", Given: "Katherine", Family: "Johnson", Title: "Computer", Organization: "102", UserType: extension.EndUser, Groups: []string{all, desk}, Assigned: true, Active: true},
		{UserName: "alan@example.com", Given: "Alan", Family: "Turing", Title: "Field engineer", Organization: "101", UserType: "technician", Groups: []string{all, field}, Assigned: true, Active: true, SecondFactor: true},
		{UserName: "hedy@example.com", Given: "Hedy", Family: "Lamarr", Title: "Inventor", Organization: "102", UserType: extension.EndUser, Groups: []string{all}, Active: true},
		{UserName: "edsger@example.com", Given: "Edsger", Family: "Dijkstra", Title: "Professor", Organization: "103", UserType: extension.EndUser, Groups: []string{all}, Assigned: true},
		{UserName: "margaret@contoso.example", Given: "Margaret", Family: "Hamilton", Title: "Lead engineer", Organization: "103", UserType: extension.Technician, Groups: []string{all, field}, Assigned: true, Active: true, SecondFactor: true},
		{UserName: "claude@contoso.example", Given: "Claude", Family: "Shannon", Title: "Archivist", Organization: "103", UserType: extension.EndUser, Groups: []string{all, desk}, Assigned: true, Active: true},
	}
	for i := range list {
		list[i].ID = objectID(list[i].UserName)
	}
	return list
}

// Limits of what the forms of the directory take.
const (
	maxPeople = 100
	maxField  = 256 // bytes
)

// A directory has the people of the offline identity provider, as long as the process runs.
type directory struct {
	mu     sync.Mutex
	people []employee // which are replaced, never changed
}

func newDirectory() *directory { return &directory{people: firstPeople()} }

// list returns everybody.
func (d *directory) list() []employee {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.people)
}

// reset makes it what it was when the process began.
func (d *directory) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.people = firstPeople()
}

// byID returns one by their object ID, and named by their user name.
func (d *directory) byID(id string) (employee, bool) {
	return d.find(func(p employee) bool { return p.ID == id })
}

func (d *directory) named(userName string) (employee, bool) {
	return d.find(func(p employee) bool { return p.UserName == userName })
}

func (d *directory) find(is func(employee) bool) (employee, bool) {
	list := d.list()
	i := slices.IndexFunc(list, is)
	if i < 0 {
		return employee{}, false
	}
	return list[i], true
}

// put adds a person who has no ID, or replaces the one of the ID, who is added again if they are not there
// any more. problem says in a sentence why not; "" = it was done.
func (d *directory) put(p employee) (stored employee, problem string) {
	before, after, ok := strings.Cut(p.UserName, "@")
	if !ok || before == "" || after == "" || strings.ContainsAny(p.UserName, " \t\r\n\"\\") {
		return p, "A user name is an e-mail address, such as ada@example.com."
	}
	for _, field := range []string{p.UserName, p.Given, p.Family, p.Title, p.Organization, p.UserType} {
		if len(field) > maxField {
			return p, fmt.Sprintf("A field holds at most %d bytes.", maxField)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := filter.Fold(p.UserName)
	if slices.ContainsFunc(d.people, func(other employee) bool { return other.ID != p.ID && filter.Fold(other.UserName) == key }) {
		return p, "Somebody else has this user name."
	}
	if i := slices.IndexFunc(d.people, func(other employee) bool { return other.ID == p.ID }); i >= 0 {
		d.people[i] = p
		return p, ""
	}
	if len(d.people) >= maxPeople {
		return p, fmt.Sprintf("The directory holds at most %d people.", maxPeople)
	}
	if p.ID == "" {
		p.ID = objectID(rand.Text())
	}
	d.people = append(d.people, p)
	return p, ""
}
