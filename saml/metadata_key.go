package saml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Limits on keys, in bits: what is shorter can be broken, what is longer takes milliseconds.
const (
	minRSA = 2048
	maxRSA = 8192
)

// maxCertificate bounds the text of a certificate, in bytes: usual ones have 2 KiB.
const maxCertificate = 64 << 10

// readKey reads a certificate, and the key in it.
func readKey(data []byte) (Key, error) {
	c, err := readX509(data)
	if err != nil {
		return Key{}, err
	}
	k := Key{Public: c.PublicKey, Certificate: c.Raw, Subject: c.Subject.String(), NotBefore: c.NotBefore, NotAfter: c.NotAfter}
	if problem := keyProblem(c.PublicKey); problem != "" {
		return Key{}, fmt.Errorf("the certificate %q has %s", received(k.Subject), problem)
	}
	return k, nil
}

// keyProblem says why a public key is not used; "" = it is.
func keyProblem(public crypto.PublicKey) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSA || n > maxRSA {
			return fmt.Sprintf("an RSA key of %d bits; %d to %d are used", n, minRSA, maxRSA)
		}
		return ""
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return ""
		}
		return "an ECDSA key on a curve other than P-256, P-384 and P-521"
	}
	return fmt.Sprintf("a key of type %s; RSA and ECDSA are used", strings.TrimPrefix(fmt.Sprintf("%T", public), "*"))
}

var (
	errNoCertificate = errors.New("it is not an X.509 certificate")
	errPrivateKey    = errors.New("it is a private key, which should leave its owner never; a certificate is what is needed")
)

// readX509 reads a certificate as DER, as PEM, or as base64 with white space anywhere.
func readX509(data []byte) (*x509.Certificate, error) {
	if len(data) > maxCertificate {
		return nil, fmt.Errorf("a certificate has at most %d bytes", maxCertificate)
	}
	if c, err := x509.ParseCertificate(data); err == nil {
		return c, nil
	}
	data = bytes.TrimPrefix(bytes.Trim(data, xmlSpaces), []byte("\xEF\xBB\xBF"))
	if bytes.HasPrefix(data, []byte("-----BEGIN ")) {
		return readPEM(data)
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), ""))
	if err != nil {
		return nil, errNoCertificate
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errNoCertificate
	}
	return c, nil
}

// readPEM reads the first certificate of a PEM file, whose lines may be indented.
func readPEM(data []byte) (*x509.Certificate, error) {
	if bytes.Contains(data, []byte("PRIVATE KEY-----")) {
		return nil, errPrivateKey
	}
	lines := strings.Split(string(data), "\n")
	for i := range lines {
		lines[i] = strings.Trim(lines[i], xmlSpaces)
	}
	block, _ := pem.Decode([]byte(strings.Join(lines, "\n")))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errNoCertificate
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errNoCertificate
	}
	return c, nil
}

// MetadataFromParts makes the metadata of an identity provider that publishes none: of its entity
// ID, the URL for single sign-on by HTTP-Redirect, and its signing certificates, each as DER, PEM or
// base64.
func MetadataFromParts(entityID, ssoURL string, certificates ...[]byte) (*Metadata, error) {
	return MetadataOptions{EntityID: entityID}.FromParts(ssoURL, certificates...)
}

// FromParts makes metadata as [MetadataFromParts] does. SignedBy is not looked at.
func (o MetadataOptions) FromParts(ssoURL string, certificates ...[]byte) (*Metadata, error) {
	m := &Metadata{
		entityID: strings.Trim(o.EntityID, xmlSpaces),
		sso:      []Endpoint{{Binding: HTTPRedirect, Location: strings.Trim(ssoURL, xmlSpaces)}},
	}
	if m.entityID == "" || len(m.entityID) > maxEntityID || !isXMLText(m.entityID) {
		return nil, refuse(MetadataParse, fmt.Sprintf("an entity ID of 1 to %d bytes of text", maxEntityID), m.entityID)
	}
	if err := checkLocation(m.sso[0].Location, o.AllowLoopback); err != nil {
		return nil, err
	}
	for _, c := range certificates {
		// Here each was given for itself, so one that is wrong is a mistake to be told.
		if err := m.addKey(c); err != nil {
			return nil, refuse(MetadataNoKeys, "a certificate with a key that is used", err.Error())
		}
	}
	if err := m.complete(); err != nil {
		return nil, err
	}
	return m, nil
}
