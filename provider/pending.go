package provider

import (
	"bytes"
	"encoding/json"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A pendingKind says what an AuthnRequest was made for.
type pendingKind string

const (
	pendingSignIn pendingKind = "s" // judged by the Active settings
	pendingTest   pendingKind = "t" // judged by the Candidate of a test, and starts no session
	pendingLogout pendingKind = "l"
)

// A pendingData travels in the sealed request, which the browser can neither read nor change, and comes
// back with the answer.
type pendingData struct {
	Kind     pendingKind   `json:"k"`
	Tenant   scim.TenantID `json:"t"`
	Provider ID            `json:"p"`
	Run      string        `json:"r,omitempty"` // the ID of the test
	Return   string        `json:"u,omitempty"` // where the browser goes then; checked before it was sealed
}

// seal returns what is sealed. Most of it is a return target, in whose query "&" is not to take the
// place of six characters.
func (d pendingData) seal() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, err
	}
	if b.Len() > saml.MaxData {
		return nil, errReturn
	}
	return b.Bytes(), nil
}

func openData(data []byte) (d pendingData, err error) {
	err = json.Unmarshal(data, &d)
	return d, err
}
