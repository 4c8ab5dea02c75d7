package saml

import (
	"fmt"
	"net/url"
	"strings"
)

// A Response is what a browser posted to an assertion consumer service.
type Response struct {
	Encoded    string // the field SAMLResponse
	RelayState string
	// PostedTo is the assertion consumer service URL on which the POST arrived: one of Config.ACS.
	PostedTo string
	// Pending are the sealed requests that this browser carries, see [Message].
	Pending []string
}

// maxFormOver is how much larger than the response a form may be: base64 adds a third, its escapes
// in a form a little, and RelayState is at most 80 bytes (SAML bindings §3.5.3).
const maxFormOver = 3

// ReadForm reads the body of a POST to an assertion consumer service, of the type
// application/x-www-form-urlencoded. The host bounds what it reads to [MaxForm] of its Config; here
// it is bounded for the default.
func ReadForm(body []byte) (Response, error) { return readForm(body, MaxForm(0)) }

// MaxForm returns how long the body of a POST may be, in bytes, for a Config.MaxResponse.
func MaxForm(maxResponse int) int {
	if maxResponse == 0 {
		maxResponse = defaultResponse
	}
	return maxResponse*maxFormOver/2 + 16<<10
}

func readForm(body []byte, limit int) (Response, error) {
	if len(body) > limit {
		return Response{}, refuse(RequestTooLarge, fmt.Sprintf("at most %d bytes of form", limit), fmt.Sprint(len(body)))
	}
	if n := strings.Count(string(body), "&"); n > 64 {
		return Response{}, refuse(RequestTooLarge, "at most 64 fields", fmt.Sprint(n+1))
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return Response{}, refuse(RequestNoResponse, "a form", "broken escapes")
	}
	switch list := form["SAMLResponse"]; {
	case len(list) != 1:
		return Response{}, refuse(RequestNoResponse, "one field SAMLResponse", fmt.Sprint(len(list)))
	case len(form["RelayState"]) > 1:
		return Response{}, refuse(RequestNoResponse, "one field RelayState", fmt.Sprint(len(form["RelayState"])))
	default:
		return Response{Encoded: list[0], RelayState: form.Get("RelayState")}, nil
	}
}
