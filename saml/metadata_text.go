package saml

import (
	"encoding/base64"
	"errors"
	"strconv"
)

// MarshalText returns the metadata as an EntityDescriptor, always the same bytes.
func (m *Metadata) MarshalText() ([]byte, error) {
	if m == nil || m.entityID == "" {
		return nil, errors.New("saml: a Metadata that was never read")
	}
	var w xmlWriter
	w.start("EntityDescriptor", "xmlns", nsMetadata, "xmlns:ds", nsSignature, "entityID", m.entityID)
	if until, ok := m.ValidUntil(); ok {
		w.attribute("validUntil", dateTime(until))
	}
	if m.cached {
		w.attribute("cacheDuration", m.cache.String())
	}
	w.start("IDPSSODescriptor", "WantAuthnRequestsSigned", strconv.FormatBool(m.wantSigned),
		"protocolSupportEnumeration", nsProtocol)
	for _, k := range m.keys {
		w.keyDescriptor("", "signing", k.Certificate)
	}
	for _, e := range m.slo {
		w.endpoint("SingleLogoutService", e)
	}
	for _, f := range m.formats {
		w.leaf("NameIDFormat", f)
	}
	for _, e := range m.sso {
		w.endpoint("SingleSignOnService", e)
	}
	return w.finish()
}

// UnmarshalText reads the text of another Metadata, or any metadata with one identity provider in
// it. Endpoints at the loopback interface may have http, since that was allowed when they were read
// first.
func (m *Metadata) UnmarshalText(text []byte) error {
	read, err := MetadataOptions{AllowLoopback: true}.Parse(text)
	if err != nil {
		return err
	}
	*m = *read
	return nil
}

// endpoint writes an endpoint (SAML metadata §2.2.2).
func (w *xmlWriter) endpoint(name string, e Endpoint) {
	w.start(name, "Binding", string(e.Binding), "Location", e.Location)
	if e.ResponseLocation != "" {
		w.attribute("ResponseLocation", e.ResponseLocation)
	}
	w.end()
}

// keyDescriptor writes a certificate, what its key is for, and the methods of encryption, if any, that
// are read with it. prefix is that of the namespace of metadata, with its colon.
func (w *xmlWriter) keyDescriptor(prefix, use string, certificate []byte, methods ...string) {
	w.start(prefix+"KeyDescriptor", "use", use)
	w.start("ds:KeyInfo")
	w.start("ds:X509Data")
	w.leaf("ds:X509Certificate", base64.StdEncoding.EncodeToString(certificate))
	w.end()
	w.end()
	for _, m := range methods {
		w.leaf(prefix+"EncryptionMethod", "", "Algorithm", m)
	}
	w.end()
}
