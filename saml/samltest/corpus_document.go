package samltest

import "strings"

// around returns a response with a signed assertion, with changes to the response, which is not.
func (m *maker) around(change func(r *response)) string {
	r := m.response(m.ownAssertion().signed(m.idp()).String())
	change(&r)
	return r.element().String()
}

// withAttributes returns a case with something in the start tag of the response.
func withAttributes(attrs string) func(m *maker) string {
	return func(m *maker) string { return m.around(func(r *response) { r.attrs = attrs }) }
}

// before returns a case with something before the document.
func before(prolog string) func(m *maker) string {
	return func(m *maker) string { return prolog + m.signedAssertion() }
}

// suffix makes the address of a person one of a domain that anybody can register.
const suffix = ".evil.example"

// split returns a response about a person of the domain of the attacker, with something inserted
// after signing that cuts the NameID in two, of which the first half is somebody else.
func split(inserted string) func(m *maker) string {
	return func(m *maker) string {
		d := m.signedAssertion(func(a *assertion) { a.nameID = name(text(m.NameID + suffix)) })
		return edited(d, suffix+"</saml:NameID>", inserted+suffix+"</saml:NameID>")
	}
}

// Why documents of this kind are refused unread.
const (
	readers   = "programs that read the document with and without it see different names"
	prologWhy = "a document type changes what the rest of a document means, and no identity provider sends one"
	namesWhy  = "parsers that take it write it back as something else"
)

var documentCases = []row{{
	Case: Case{
		ID: "D1", Title: "a comment in NameID, signed by the identity provider", Want: "xml", Why: readers,
	},
	make: func(m *maker) string {
		return m.signedAssertion(func(a *assertion) { a.nameID = name(text(m.NameID) + "<!-- -->" + suffix) })
	},
}, {
	Case: Case{ID: "D2", Title: "a comment inserted into NameID after signing", Want: "xml", Why: readers},
	make: split("<!-- -->"),
}, {
	Case: Case{ID: "D3", Title: "a processing instruction inserted into NameID", Want: "xml", Why: readers},
	make: split("<?x y?>"),
}, {
	Case: Case{
		ID: "D4", Title: "NameID split by a CDATA section", Want: "xml",
		Why: "canonicalization makes one text of it, so the signature holds; a program that reads the first node has half a name",
	},
	make: func(m *maker) string {
		return edited(m.signedAssertion(), name(text(m.NameID)), name("<![CDATA["+m.NameID[:1]+"]]>"+text(m.NameID[1:])))
	},
}, {
	Case: Case{ID: "D5", Title: "DOCTYPE without a subset", Want: "xml", Why: prologWhy},
	make: before("<!DOCTYPE samlp:Response>"),
}, {
	Case: Case{ID: "D6", Title: "DOCTYPE with an internal subset and an entity that is not used", Want: "xml", Why: prologWhy},
	make: before(`<!DOCTYPE samlp:Response [<!ENTITY unused "unused">]>`),
}, {
	Case: Case{ID: "D7", Title: "DOCTYPE with an entity that NameID uses", Want: "xml", Why: prologWhy},
	make: func(m *maker) string {
		return `<!DOCTYPE samlp:Response [<!ENTITY who "` + text(m.NameID) + `">]>` +
			edited(m.signedAssertion(), name(text(m.NameID)), name("&who;"))
	},
}, {
	Case: Case{ID: "D8", Title: "DOCTYPE with ATTLIST: the Destination of the response is a default", Want: "xml", Why: prologWhy},
	make: func(m *maker) string {
		return `<!DOCTYPE samlp:Response [<!ATTLIST samlp:Response Destination CDATA "` + text(m.ACS) + `">]>` +
			m.around(func(r *response) { r.destination = "" })
	},
}, {
	Case: Case{
		ID: "D9", Title: "a processing instruction before the root", Want: "xml",
		Why: "it is an instruction to some program, and none here takes any",
	},
	make: before(`<?xml-stylesheet type="text/xsl" href="https://evil.example/style.xsl"?>`),
}, {
	Case: Case{
		ID: "D10", Title: "declared to be UTF-16, but UTF-8", Want: "xml",
		Why: "a program that believes the declaration reads another document",
	},
	make: before(`<?xml version="1.0" encoding="UTF-16"?>`),
}, {
	Case: Case{
		ID: "D11", Title: "declared to be ISO-8859-1, but UTF-8", Want: "xml",
		Why: "a program that believes the declaration reads other names",
	},
	make: before(`<?xml version="1.0" encoding="ISO-8859-1"?>`),
}, {
	Case: Case{ID: "D12", Title: "text after the root", Want: "xml", Why: "a document ends with its root"},
	make: func(m *maker) string { return m.signedAssertion() + "garbage" },
}, {
	Case: Case{
		ID: "D13", Title: "a second root, an evil response, after the first", Want: "xml",
		Why: "one part of a program may read the first root, another the last",
	},
	make: forged(func(f forgery) string { return f.in(f.signed()) + f.evilResponse().String() }),
}, {
	Case: Case{
		ID: "D14", Title: "the attribute Destination twice", Want: "xml",
		Why: "for one parser the first counts, for another the last",
	},
	make: func(m *maker) string {
		ours := attribute("Destination", m.ACS)
		return edited(m.signedAssertion(), ours, attribute("Destination", "https://evil.example/acs")+ours)
	},
}, {
	Case: Case{
		ID: "D15", Title: "the attribute ID twice on the signed assertion", Want: "xml",
		Why: "for one parser the first counts, for another the last",
	},
	make: func(m *maker) string {
		own := attribute("ID", m.id("a"))
		return edited(m.signedAssertion(), own, attribute("ID", m.id("evil"))+own)
	},
}, {
	Case: Case{ID: "D16", Title: "an attribute with the name :x", Want: "xml", Why: namesWhy},
	make: withAttributes(` :x="1"`),
}, {
	Case: Case{ID: "D17", Title: "an element with the name x:", Want: "xml", Why: namesWhy},
	make: func(m *maker) string {
		return m.around(func(r *response) {
			r.extensions = `<samlp:Extensions xmlns:x="urn:example:x"><x:></x:></samlp:Extensions>`
		})
	},
}, {
	Case: Case{
		ID: "D18", Title: "Status redefines the prefix samlp", Want: "structure",
		Why: "a program that reads prefixes sees a Success that is of another vocabulary",
	},
	make: func(m *maker) string {
		return m.around(func(r *response) {
			r.status = edited(success, "<samlp:Status>", `<samlp:Status xmlns:samlp="urn:example:evil">`)
		})
	},
}, {
	Case: Case{
		ID: "D19", Title: "the root is in the namespace of SAML 1.0", Want: "structure",
		Why: "it is another message that has the same name",
	},
	make: func(m *maker) string {
		return edited(m.signedAssertion(), nsProtocol+`" xmlns:saml`, `urn:oasis:names:tc:SAML:1.0:protocol" xmlns:saml`)
	},
}, {
	Case: Case{
		ID: "D20", Title: "a relative namespace on the response", Want: "xml",
		Why: "canonicalization may fail on it, and what a program then digests is nothing",
	},
	make: withAttributes(` xmlns:x="void"`),
}, {
	Case: Case{
		ID: "D21", Title: "a relative namespace on a signed response, signed with it", Want: "xml",
		Why: "canonicalization may fail on it, and what a program then digests is nothing",
	},
	make: func(m *maker) string {
		return m.signedResponse(func(r *response) { r.attrs = ` xmlns:x="void"` })
	},
}, {
	Case: Case{ID: "D22", Title: "the prefix xml bound anew, and an xml:id", Want: "xml", Why: "the prefix xml means the same everywhere"},
	make: withAttributes(` xmlns:xml="urn:example:evil" xml:id="_evil"`),
}, {
	Case: Case{ID: "D23", Title: "the prefix xmlns declared", Want: "xml", Why: "the prefix xmlns must not be declared"},
	make: withAttributes(` xmlns:xmlns="urn:example:evil"`),
}, {
	Case: Case{
		ID: "D24", Title: "the prefix ds is that of another namespace, with a decoy ds:Signature before the Signature without a prefix",
		Want: "structure",
		Why:  "a program that reads prefixes takes the decoy for the signature",
	},
	make: func(m *maker) string {
		e := m.ownAssertion(func(a *assertion) { a.attrs = ` xmlns:ds="urn:example:evil"` })
		e.head += strings.ReplaceAll(m.attacker().over(e), nsSignature+`">`, `urn:example:evil">`)
		e = e.signed(signature{key: m.Keys.IdP, prefix: defaultPrefix, keyInfo: noKeyInfo})
		return m.response(e.String()).element().String()
	},
}, {
	Case: Case{
		ID: "D25", Title: "Status twice: first Responder, then Success", Want: "structure",
		Why: "one part of a program may read the first, another the last",
	},
	make: func(m *maker) string {
		return m.around(func(r *response) { r.status = status(statusResponder, "", "") + success })
	},
}}
