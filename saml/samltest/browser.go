package samltest

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
)

// SignIn signs a person in the way a browser without JavaScript does: it opens the URL at the service
// provider where a sign-in begins, chooses the person at the identity provider and presses the
// buttons. It returns what the service provider has answered, with its body read.
func (idp *IdP) SignIn(client *http.Client, begin, nameID string) (*http.Response, []byte, error) {
	response, page, err := body(client.Get(begin))
	for range 3 { // a request by POST, the choice, the answer
		if err != nil {
			return nil, nil, err
		}
		f, ok := readForm(response.Request.URL, page)
		if !ok {
			return nil, nil, fmt.Errorf("samltest: no form on the page of %s", response.Request.URL)
		}
		if f.fields.Has("person") {
			f.fields.Set("person", nameID)
		}
		response, page, err = body(client.PostForm(f.action, f.fields))
		if f.fields.Has("SAMLResponse") {
			return response, page, err
		}
	}
	return nil, nil, errors.New("samltest: the pages come to no end")
}

// maxPage bounds what is read of a page, in bytes.
const maxPage = 4 << 20

// body reads the body of a response.
func body(r *http.Response, err error) (*http.Response, []byte, error) {
	if err != nil {
		return nil, nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(io.LimitReader(r.Body, maxPage))
	return r, b, err
}

// A form is the first one of a page.
type form struct {
	action string
	fields url.Values
}

var (
	formTag      = regexp.MustCompile(`(?is)<form\b[^>]*>`)
	inputTag     = regexp.MustCompile(`(?is)<input\b[^>]*>`)
	tagAttribute = regexp.MustCompile(`(?is)\b([a-z]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`)
)

// readForm reads the form of a page. It knows what pages of SAML have: inputs with quoted values.
func readForm(base *url.URL, page []byte) (form, bool) {
	tag := formTag.Find(page)
	if tag == nil {
		return form{}, false
	}
	action, err := base.Parse(attributesOf(tag)["action"])
	if err != nil {
		return form{}, false
	}
	f := form{action.String(), url.Values{}}
	for _, input := range inputTag.FindAll(page, -1) {
		if a := attributesOf(input); a["name"] != "" {
			f.fields.Set(a["name"], a["value"])
		}
	}
	return f, true
}

func attributesOf(tag []byte) map[string]string {
	all := map[string]string{}
	for _, m := range tagAttribute.FindAllSubmatch(tag, -1) {
		all[string(m[1])] = html.UnescapeString(string(m[2]) + string(m[3]) + string(m[4]))
	}
	return all
}
