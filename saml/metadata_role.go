package saml

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// readValidity reads validUntil and cacheDuration of the role and of all that it is in: the earliest
// and the shortest hold (SAML metadata §2.3.1, §2.3.2, §2.4.1).
func (m *Metadata) readValidity(role *node) error {
	for n := role; n != nil; n = n.parent {
		if text, ok := n.attr("validUntil"); ok {
			t, ok := parseDateTime(text)
			if !ok {
				return refuse(MetadataParse, "a validUntil that is an xs:dateTime", text)
			}
			if m.validUntil.IsZero() || t.Before(m.validUntil) {
				m.validUntil = t
			}
		}
		if text, ok := n.attr("cacheDuration"); ok {
			d, ok := parseDuration(text)
			if !ok {
				return refuse(MetadataParse, "a cacheDuration that is an xs:duration", text)
			}
			if !m.cached || d.shorter(m.cache) {
				m.cache, m.cached = d, true
			}
		}
	}
	return nil
}

// readRole reads an IDPSSODescriptor (SAML metadata §2.4.3).
func (m *Metadata) readRole(role *node, loopback bool) error {
	if m.entityID == "" || len(m.entityID) > maxEntityID {
		return refuse(MetadataParse, fmt.Sprintf("an entityID of 1 to %d bytes", maxEntityID), m.entityID)
	}
	want, _ := role.attr("WantAuthnRequestsSigned")
	want = strings.Trim(want, xmlSpaces)
	m.wantSigned = want == "true" || want == "1"
	for _, c := range role.elements() {
		var err error
		switch {
		case c.is(nsMetadata, "KeyDescriptor"):
			m.readKeyDescriptor(c)
		case c.is(nsMetadata, "SingleSignOnService"):
			m.sso, err = readEndpoint(m.sso, c, loopback)
		case c.is(nsMetadata, "SingleLogoutService"):
			m.slo, err = readEndpoint(m.slo, c, loopback)
		case c.is(nsMetadata, "NameIDFormat"):
			m.readFormat(c)
		}
		if err != nil {
			return err
		}
	}
	return m.complete()
}

// complete checks that there is what a sign-in needs.
func (m *Metadata) complete() error {
	switch {
	case len(m.keys) == 0:
		e := refuse(MetadataNoKeys, "a signing key: RSA of at least 2048 bits, or ECDSA on P-256, P-384 or P-521", "no signing certificate")
		if len(m.skipped) > 0 {
			e.Report.Checks[0].Actual = received(strings.Join(m.skipped, "; "))
		}
		return e
	case len(m.keys) > maxMetadataKeys:
		return refuse(MetadataParse, fmt.Sprintf("at most %d signing keys", maxMetadataKeys), fmt.Sprint(len(m.keys)))
	case len(m.sso) == 0:
		return refuse(MetadataEndpoint, "a SingleSignOnService by HTTP-Redirect or HTTP-POST", "none")
	}
	return nil
}

// readKeyDescriptor reads the keys for signing, those for everything among them (SAML metadata
// §2.4.1.1). Entra ID lists a key again for each of its uses.
func (m *Metadata) readKeyDescriptor(n *node) {
	use, _ := n.attr("use")
	if use = strings.Trim(use, xmlSpaces); use != "" && use != "signing" {
		return
	}
	info := n.child(nsSignature, "KeyInfo")
	if info == nil {
		m.skipped = append(m.skipped, "a KeyDescriptor without KeyInfo")
		return
	}
	found := false
	for _, data := range info.elements() {
		if !data.is(nsSignature, "X509Data") {
			continue
		}
		// The first certificate has the key; what follows is its chain.
		if certificate := data.child(nsSignature, "X509Certificate"); certificate != nil {
			found = true
			m.readCertificate(certificate)
		}
	}
	if !found {
		m.skipped = append(m.skipped, "a KeyInfo without an X509Certificate")
	}
}

func (m *Metadata) readCertificate(n *node) {
	text, _ := n.text()
	if err := m.addKey([]byte(text)); err != nil {
		m.skipped = append(m.skipped, err.Error())
	}
}

// addKey adds the key of a certificate, if it is not there already.
func (m *Metadata) addKey(certificate []byte) error {
	key, err := readKey(certificate)
	if err == nil && !slices.ContainsFunc(m.keys, key.same) {
		m.keys = append(m.keys, key)
	}
	return err
}

func (m *Metadata) readFormat(n *node) {
	text, _ := n.text()
	if text = strings.Trim(text, xmlSpaces); text != "" && !slices.Contains(m.formats, text) {
		m.formats = append(m.formats, text)
	}
}

// readEndpoint adds an endpoint, if it is for a binding that is spoken here.
func readEndpoint(to []Endpoint, n *node, loopback bool) ([]Endpoint, error) {
	binding, _ := n.attr("Binding")
	e := Endpoint{Binding: Binding(strings.Trim(binding, xmlSpaces))}
	if e.Binding != HTTPRedirect && e.Binding != HTTPPOST {
		return to, nil
	}
	e.Location, _ = n.attr("Location")
	e.ResponseLocation, _ = n.attr("ResponseLocation")
	e.Location = strings.Trim(e.Location, xmlSpaces)
	e.ResponseLocation = strings.Trim(e.ResponseLocation, xmlSpaces)
	err := checkLocation(e.Location, loopback)
	if err == nil && e.ResponseLocation != "" {
		err = checkLocation(e.ResponseLocation, loopback)
	}
	if err != nil {
		return to, err
	}
	return append(to, e), nil
}

// checkLocation wants a URL that a browser can be sent to without others reading along.
func checkLocation(location string, loopback bool) error {
	if problem := urlProblem(location, loopback); problem != "" {
		return refuse(MetadataEndpoint, problem, location)
	}
	return nil
}

// urlProblem says what an endpoint should be if it is not; "" = it is.
func urlProblem(location string, loopback bool) string {
	u, err := url.Parse(location)
	switch {
	case len(location) > maxLocation:
		return fmt.Sprintf("an endpoint of at most %d bytes", maxLocation)
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" || strings.ContainsFunc(location, notInURL):
		return "an endpoint that is an absolute URL"
	case u.User != nil:
		return "an endpoint without a user name"
	case strings.Contains(location, "#"):
		return "an endpoint without a fragment"
	case u.Scheme != "https" && !(loopback && u.Scheme == "http" && isLoopback(u.Hostname())):
		return "an endpoint with https"
	}
	return ""
}

// notInURL reports characters that different readers of a URL take for different things.
func notInURL(r rune) bool {
	return r <= ' ' || r > '~' || r == '\\' || r == '"' || r == '<' || r == '>'
}

// isLoopback reports whether a host is this one, without asking anybody.
func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && a.IsLoopback()
}
