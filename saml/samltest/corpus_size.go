package samltest

import (
	"fmt"
	"strconv"
	"strings"
)

const tooMuch = "a stranger decides how much work it is"

var sizeCases = []row{{
	Case: Case{
		ID: "Z1", Title: "the same response a second time", Want: "replay", Repeat: true,
		Why: "who has seen a response must not be able to use it again",
	},
	make: func(m *maker) string { return m.signedAssertion() },
}, {
	Case: Case{
		ID: "Z11", Title: "the response is deflated", Want: "xml.malformed",
		Why: "only HTTP-Redirect has compression; on a POST it is a way to make much of little",
	},
	make: func(m *maker) string { return string(deflated(m.signedAssertion())) },
}, {
	Case: Case{
		ID: "Z13", Title: "64 MiB of text in Extensions", Want: "request.too_large", Generated: true, Why: tooMuch,
	},
	make: func(m *maker) string {
		return m.around(func(r *response) {
			r.extensions = "<samlp:Extensions>" + strings.Repeat("x", 64<<20) + "</samlp:Extensions>"
		})
	},
}, {
	Case: Case{ID: "Z14", Title: "elements nested 5,000 deep in Extensions", Want: "xml.limits", Why: tooMuch},
	make: func(m *maker) string {
		const deep = 5_000
		return m.around(func(r *response) {
			r.extensions = `<samlp:Extensions xmlns:x="urn:example:x">` + strings.Repeat("<x:d>", deep) +
				strings.Repeat("</x:d>", deep) + "</samlp:Extensions>"
		})
	},
}, {
	Case: Case{
		ID: "Z17", Title: "100,000 namespace declarations, 2 MB", Want: "request.too_large", Generated: true, Why: tooMuch,
	},
	make: func(m *maker) string {
		return m.around(func(r *response) { r.attrs = declarations(100_000, "urn:xx") })
	},
}, {
	Case: Case{
		ID: "Z17b", Title: "16,000 namespace declarations in less than 256 KiB", Want: "xml.limits", Generated: true, Why: tooMuch,
	},
	make: func(m *maker) string {
		return m.around(func(r *response) { r.attrs = declarations(16_000, "u:") })
	},
}, {
	Case: Case{
		ID: "Z18", Title: "40 EncryptedAssertions, and nothing signed", Want: "structure",
		Why: "each of them would be a decryption with RSA for a stranger",
	},
	make: func(m *maker) string {
		one := m.encrypted(encryption{}, m.evil().element().String())
		return m.response(strings.Repeat(one, 40)).element().String()
	},
}, {
	Case: Case{
		ID: "Z19", Title: "15,000 groups, signed", Want: "request.too_large", Generated: true,
		Option: "MaxResponse", With: Accept,
		Why: "there are people in so many groups; who has them says so with an option",
	},
	make: func(m *maker) string {
		groups := make([]string, 15_000)
		for i := range groups {
			groups[i] = fmt.Sprintf("CN=Group %05d,OU=Groups,DC=example,DC=com", i)
		}
		return m.signedAssertion(func(a *assertion) { a.attributes = attributes(values("groups", groups...)) })
	},
}}

// declarations returns n namespace declarations, of prefixes as short as may be.
func declarations(n int, uri string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" xmlns:n" + strconv.FormatInt(int64(i), 36) + `="` + uri + `"`)
	}
	return b.String()
}
