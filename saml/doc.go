// Package saml is a SAML 2.0 service provider that reads and writes bytes. It knows no HTTP, no
// cookie and no connection: a host hands it what a browser posted, and sends what it made.
//
//	sp, err := saml.New(saml.Config{
//		EntityID: "https://app.example.com/saml", ACS: []string{"https://app.example.com/saml/acs"},
//		IdP: metadata, Replays: saml.NewMemoryReplays(saml.DefaultReplays, time.Now), Now: time.Now, Seal: keys,
//	})
//	message, err := sp.Start(saml.Request{Data: []byte("/inbox")}) // send the browser there, with a cookie
//	…
//	response, err := saml.ReadForm(body)                           // of the POST that comes back
//	response.PostedTo, response.Pending = acs, cookies
//	assertion, err := sp.Validate(ctx, response)
//
// # How a response is decided
//
// From cheap to dear, and our own code first: the size of the form and of the response; base64; a
// strict parser, which refuses whatever two readers could read in two ways; the places of all
// elements, of which there is one assertion and at most two signatures, each of the element it
// stands in; the status. Then a signature is verified twice, by code of this package and by
// goxmldsig, and both have to agree on every byte that was signed. What the second one returns is
// all that is read from then on. Its claims are judged here, all of them, and once more by gosaml2.
// Last, the request that was answered and the assertion are used up in the replay cache, which
// refuses when it cannot say.
//
// An [Assertion] is therefore what the identity provider said, to us, now, in answer to this
// browser, for the first time. There is no other way to one.
//
// # What it refuses
//
// Documents that are not plain UTF-8, or have a DOCTYPE, a processing instruction, a comment or
// CDATA. Algorithms with SHA-1 and keys below 2048 bits, RSA PKCS #1 v1.5 and 3DES for encryption,
// expired certificates, responses nobody asked for: the first, the third, and the last two by
// options whose names end in Insecure. Metadata with endpoints that are not https.
//
// # Errors
//
// Every refusal is an [*Error] with a [Code], whose text repeats nothing that was received, and a
// [Report] of all checks, which [Report.Markdown] writes for an administrator: what was expected, what
// came, who can change it and in which menu. [Code.Entry] documents each code.
package saml
