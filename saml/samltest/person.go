package samltest

// A Person can sign in at an identity provider.
type Person struct {
	NameID     string
	Format     string // of NameID; "" = an e-mail address
	Attributes []Attribute
}

// An Attribute is what an identity provider says about a person.
type Attribute struct {
	Name   string
	Values []string
}

// OktaMFA returns the attribute by which Okta says that somebody has signed in with more than a
// password, where an administrator has mapped session.amr to it.
func OktaMFA() Attribute {
	return Attribute{"amr", []string{"pwd", "otp", "mfa"}}
}

// EntraMFA returns the attribute by which Microsoft Entra ID says the same.
func EntraMFA() Attribute {
	const claims = "http://schemas.microsoft.com/claims/"
	return Attribute{claims + "authnmethodsreferences", []string{
		"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password", claims + "multipleauthn",
	}}
}

// TestPeople returns three people: alice@example.com, bob@example.com, whose sign-in has the
// evidence of [OktaMFA], and carol@example.com, whose has that of [EntraMFA].
func TestPeople() []Person {
	person := func(email, displayName string, more ...Attribute) Person {
		return Person{NameID: email, Attributes: append([]Attribute{
			{"email", []string{email}}, {"displayName", []string{displayName}}, {"groups", []string{"staff", "readers"}},
		}, more...)}
	}
	return []Person{
		person("alice@example.com", "Alice Söhne"),
		person("bob@example.com", "Bob O'Neil", OktaMFA()),
		person("carol@example.com", "Carol & Co", EntraMFA()),
	}
}

func (p Person) nameID() string {
	format := p.Format
	if format == "" {
		format = emailFormat
	}
	return "<saml:NameID" + attribute("Format", format) + ">" + text(p.NameID) + "</saml:NameID>"
}

func (p Person) statement() string {
	if len(p.Attributes) == 0 {
		return ""
	}
	var each []string
	for _, a := range p.Attributes {
		each = append(each, values(a.Name, a.Values...))
	}
	return attributes(each...)
}
