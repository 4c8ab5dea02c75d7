package saml

import "sync"

// An Entry is what there is to say about a code, for the people who have to do something about it.
type Entry struct {
	Code    Code
	Meaning string // one or two sentences
	Fixer   Fixer  // who can fix it, or should look first
	Action  string // what to do
	paths   places
}

// A Fixer is somebody who can fix something, or something to be fixed.
type Fixer string

// Who fixes what. The administrator of an organisation is often two of them: that of its identity
// provider, and that of its settings here.
const (
	FixerIdentityProvider Fixer = "identity provider" // the settings of the identity provider
	FixerServiceProvider  Fixer = "service provider"  // the settings that the organisation has here
	FixerClock            Fixer = "clock"             // of the identity provider or of our server
	FixerUser             Fixer = "user"              // who signs in once more
	FixerOperator         Fixer = "operator"          // who runs this program
)

// Entry returns the documentation entry of a code. Every code of this package has one; of others the
// entry has the code and nothing else.
func (c Code) Entry() Entry {
	if e, ok := entries()[string(c)]; ok {
		return Entry{Code: c, Meaning: e.meaning, Fixer: e.fixer, Action: e.action, paths: e.paths}
	}
	return Entry{Code: c}
}

// Path returns where the setting is, in the menus of a vendor. For a vendor who has no such setting,
// or none that is called by a name of its own, it is the path in general.
func (e Entry) Path(v Vendor) string { return e.paths.of(v) }

// places are the paths to one setting.
type places map[Vendor]string

func (p places) of(v Vendor) string {
	if path, ok := p[v]; ok {
		return path
	}
	return p[VendorGeneric]
}

// A note is an entry as it is written in a file.
type note struct {
	title, meaning, action string
	fixer                  Fixer
	vendor                 Vendor
	also                   []string
	paths                  places
}

// entries are the notes on codes, pages those on the pages of identity providers. They are read when
// the first is asked for.
var (
	entries = sync.OnceValue(func() map[string]note {
		all := make(map[string]note)
		for _, file := range []string{"messages", "trust", "conditions", "users", "metadata", "logout"} {
			for _, n := range mustReadNotes(file) {
				all[n.title] = n
			}
		}
		return all
	})
	pages = sync.OnceValue(func() []note { return mustReadNotes("pages") })
)
