package saml

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"
)

// Metadata returns the metadata of the service provider (SAML metadata §2.4.4), which an identity
// provider is given: always the same bytes for one configuration. It is not signed.
func (sp *ServiceProvider) Metadata() ([]byte, error) { return sp.descriptor("") }

// OwnMetadata returns what [ServiceProvider.Metadata] does for a configuration that has no identity
// provider yet, which is often given this first. IdP, Replays, Now and Seal need not be set.
func OwnMetadata(c Config) ([]byte, error) {
	if err := c.prepare(checkOurs, checkURLs, checkBounds, checkSigning, checkDecryption); err != nil {
		return nil, err
	}
	return (&ServiceProvider{config: c}).Metadata()
}

// SignedMetadata returns the metadata with a signature of Config.Sign.
func (sp *ServiceProvider) SignedMetadata() ([]byte, error) {
	if sp.config.Sign == nil {
		return nil, misconfigured("Sign", "a key to sign the metadata with", "none")
	}
	plain, err := sp.descriptor("")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain) // so that an ID stands for one content
	with, err := sp.descriptor("_" + hex.EncodeToString(sum[:20]))
	if err != nil {
		return nil, err
	}
	root, err := parseXML(with, xmlLimits{})
	if err != nil {
		return nil, err
	}
	return sp.signDocument(root.etree())
}

// descriptor writes the EntityDescriptor, with an ID if it is to be signed.
func (sp *ServiceProvider) descriptor(id string) ([]byte, error) {
	c := &sp.config
	var w xmlWriter
	w.start("md:EntityDescriptor", "xmlns:md", nsMetadata, "xmlns:ds", nsSignature, "entityID", c.EntityID)
	if id != "" {
		w.attribute("ID", id)
	}
	w.start("md:SPSSODescriptor",
		"AuthnRequestsSigned", strconv.FormatBool(c.Sign != nil),
		"WantAssertionsSigned", strconv.FormatBool(c.Policy != SignedResponse),
		"protocolSupportEnumeration", nsProtocol)
	sp.publishKeys(&w)
	if c.SLO != "" {
		w.endpoint("md:SingleLogoutService", Endpoint{Binding: HTTPRedirect, Location: c.SLO})
		w.endpoint("md:SingleLogoutService", Endpoint{Binding: HTTPPOST, Location: c.SLO})
	}
	w.leaf("md:NameIDFormat", c.NameIDFormat)
	for i, acs := range c.ACS {
		w.start("md:AssertionConsumerService", "Binding", bindingPOST, "Location", acs, "index", strconv.Itoa(i))
		if i == 0 {
			w.attribute("isDefault", "true")
		}
		w.end()
	}
	return w.finish()
}

// publishKeys writes the certificates: that of the key that signs now, those of the next ones, and
// those to encrypt with.
func (sp *ServiceProvider) publishKeys(w *xmlWriter) {
	if sp.config.Sign != nil {
		w.keyDescriptor("md:", "signing", sp.config.SignCertificate)
	}
	for _, certificate := range sp.config.NextSignCertificates {
		w.keyDescriptor("md:", "signing", certificate)
	}
	for _, certificate := range sp.config.DecryptCertificates {
		w.keyDescriptor("md:", "encryption", certificate, publishedEncryption...)
	}
}

// publishedEncryption are the methods of encryption that are read, as recommended: content first,
// the strongest first.
var publishedEncryption = []string{
	nsEncrypt11 + "aes256-gcm", nsEncrypt11 + "aes128-gcm",
	nsEncrypt + "aes256-cbc", nsEncrypt + "aes128-cbc",
	nsEncrypt + "rsa-oaep-mgf1p",
}

// NewCertificate makes a certificate for a key, signed with itself, in DER: identity providers want
// one to find the key in. Nobody checks who signed it or what it says; some look at its dates. The
// same key and dates give the same serial number.
func NewCertificate(key crypto.Signer, name string, notBefore, notAfter time.Time) ([]byte, error) {
	if key == nil {
		return nil, errors.New("saml: making a certificate: there is no key")
	}
	if problem := keyProblem(key.Public()); problem != "" {
		return nil, errors.New("saml: making a certificate: it has " + problem)
	}
	if name == "" || !notAfter.After(notBefore) {
		return nil, errors.New("saml: making a certificate: it has a name, and a time that begins before it ends")
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("saml: making a certificate: %w", err)
	}
	sum := sha256.Sum256(fmt.Appendf(public, " %d %d", notBefore.Unix(), notAfter.Unix()))
	sum[0] &= 0x7F // a serial number is positive (RFC 5280 §4.1.2.2)
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(sum[:16]),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	if _, ok := key.Public().(*rsa.PublicKey); ok {
		template.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("saml: making a certificate: %w", err)
	}
	return der, nil
}
