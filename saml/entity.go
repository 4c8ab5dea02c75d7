package saml

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// A ServiceProvider is one service provider towards one identity provider. Its methods may be called
// concurrently.
type ServiceProvider struct {
	config  Config // with defaults filled in
	trusted []trustedKey
	seals   seals
}

// Limits and defaults of a Config.
const (
	defaultSkew     = 60 * time.Second
	maxSkew         = 10 * time.Minute
	defaultResponse = 256 << 10
	maxResponse     = 2 << 20
	maxACS          = 32
	maxPublished    = 8 // certificates for one use
)

// New returns the service provider of a configuration, or a refusal with [ConfigInvalid] that names
// the field which is wrong.
func New(c Config) (*ServiceProvider, error) {
	if err := c.prepare(checkParties, checkOurs, checkURLs, checkBounds, checkSigning, checkDecryption); err != nil {
		return nil, err
	}
	s, err := newSeals(c.Seal, sealedFor(c.EntityID, c.IdP.entityID))
	if err != nil {
		return nil, err
	}
	trusted, err := trustedKeys(c.IdP.keys)
	if err != nil {
		return nil, err
	}
	return &ServiceProvider{config: c, trusted: trusted, seals: s}, nil
}

// prepare copies what is shared, fills in what is not set, and checks.
func (c *Config) prepare(checks ...func(*Config) error) error {
	c.ACS = slices.Clone(c.ACS)
	c.Decrypt = slices.Clone(c.Decrypt)
	if c.Skew == 0 {
		c.Skew = defaultSkew
	}
	if c.MaxResponse == 0 {
		c.MaxResponse = defaultResponse
	}
	if c.NameIDFormat == "" {
		c.NameIDFormat = EmailFormat
	}
	for _, check := range checks {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

// misconfigured names a field of a Config and what it should be.
func misconfigured(field, expected, actual string) error {
	return refuse(ConfigInvalid, "Config."+field+": "+expected, actual)
}

func checkParties(c *Config) error {
	switch {
	case c.IdP == nil || c.IdP.entityID == "":
		return misconfigured("IdP", "metadata that was read", "none")
	case c.Replays == nil:
		return misconfigured("Replays", "a cache; without one a stolen response works twice", "none")
	case c.Now == nil:
		return misconfigured("Now", "a clock", "none")
	}
	return nil
}

func checkOurs(c *Config) error {
	if c.EntityID == "" || len(c.EntityID) > maxEntityID || !isXMLText(c.EntityID) {
		return misconfigured("EntityID", fmt.Sprintf("1 to %d bytes of text", maxEntityID), c.EntityID)
	}
	return nil
}

func checkURLs(c *Config) error {
	if len(c.ACS) == 0 || len(c.ACS) > maxACS {
		return misconfigured("ACS", fmt.Sprintf("1 to %d URLs", maxACS), fmt.Sprint(len(c.ACS)))
	}
	for i, u := range c.ACS {
		if problem := urlProblem(u, true); problem != "" {
			return misconfigured(fmt.Sprintf("ACS[%d]", i), problem, u)
		}
		if slices.Contains(c.ACS[:i], u) {
			return misconfigured(fmt.Sprintf("ACS[%d]", i), "each URL once", u)
		}
	}
	if c.SLO == "" {
		return nil
	}
	if problem := urlProblem(c.SLO, true); problem != "" {
		return misconfigured("SLO", problem, c.SLO)
	}
	if c.Sign == nil {
		return misconfigured("SLO", "none without Config.Sign, since messages of a logout are signed", c.SLO)
	}
	return nil
}

func checkBounds(c *Config) error {
	switch {
	case c.Policy > SignedBoth:
		return misconfigured("Policy", "one of the policies", fmt.Sprint(c.Policy))
	case c.Skew < 0 || c.Skew > maxSkew:
		return misconfigured("Skew", "0 to "+maxSkew.String(), c.Skew.String())
	case c.MaxResponse < 0 || c.MaxResponse > maxResponse:
		return misconfigured("MaxResponse", fmt.Sprintf("0 to %d", maxResponse), fmt.Sprint(c.MaxResponse))
	case c.MaxAuthnAge < 0:
		return misconfigured("MaxAuthnAge", "0 or more", c.MaxAuthnAge.String())
	case !isXMLText(c.NameIDFormat):
		return misconfigured("NameIDFormat", "text", c.NameIDFormat)
	case slices.ContainsFunc(c.AuthnContexts, func(s string) bool { return s == "" || !isXMLText(s) }):
		return misconfigured("AuthnContexts", "texts", "one that is none")
	}
	return nil
}

// checkSigning checks the key that signs, and the certificates that are published for it.
func checkSigning(c *Config) error {
	if c.Sign == nil {
		if len(c.SignCertificate) > 0 {
			return misconfigured("SignCertificate", "none without Config.Sign", "one")
		}
		return checkCertificates("NextSignCertificates", c.NextSignCertificates, nil)
	}
	if problem := keyProblem(c.Sign.Public()); problem != "" {
		return misconfigured("Sign", "RSA of at least 2048 bits, or ECDSA on P-256, P-384 or P-521", problem)
	}
	if len(c.SignCertificate) == 0 {
		return misconfigured("SignCertificate", "the certificate of Config.Sign; NewCertificate makes one", "none")
	}
	ours := []crypto.PublicKey{c.Sign.Public()}
	if err := checkCertificates("SignCertificate", [][]byte{c.SignCertificate}, ours); err != nil {
		return err
	}
	return checkCertificates("NextSignCertificates", c.NextSignCertificates, nil)
}

func checkDecryption(c *Config) error {
	var ours []crypto.PublicKey
	for i, d := range c.Decrypt {
		if d == nil {
			return misconfigured(fmt.Sprintf("Decrypt[%d]", i), "a key", "none")
		}
		ours = append(ours, d.Public())
	}
	if len(ours) == 0 && len(c.DecryptCertificates) > 0 {
		return misconfigured("DecryptCertificates", "none without Config.Decrypt", "one")
	}
	return checkCertificates("DecryptCertificates", c.DecryptCertificates, ours)
}

// checkCertificates wants certificates in DER, of one of the keys unless there are none.
func checkCertificates(field string, certificates [][]byte, of []crypto.PublicKey) error {
	if len(certificates) > maxPublished {
		return misconfigured(field, fmt.Sprintf("at most %d", maxPublished), fmt.Sprint(len(certificates)))
	}
	for _, der := range certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return misconfigured(field, "an X.509 certificate in DER", "another text")
		}
		known := func(k crypto.PublicKey) bool {
			e, ok := k.(interface{ Equal(crypto.PublicKey) bool })
			return ok && e.Equal(c.PublicKey)
		}
		if len(of) > 0 && !slices.ContainsFunc(of, known) {
			return misconfigured(field, "the certificate of the key", "one of another key")
		}
	}
	return nil
}

// replayKey returns the key under which the ID of a message is remembered. Each part is behind its
// length, so that no two have one key, and messages of two identity providers never meet.
func (sp *ServiceProvider) replayKey(kind, id string) string {
	sum := sha256.Sum256(appendParts(nil, sp.config.EntityID, sp.config.IdP.entityID, kind, id))
	return hex.EncodeToString(sum[:])
}

// appendParts appends texts, each behind its length.
func appendParts(b []byte, parts ...string) []byte {
	for _, p := range parts {
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
	}
	return b
}

// usableKeys returns the keys of the identity provider that signatures may be of now. A certificate
// whose time is over, or has not come, counts unless the host ignores that.
func (sp *ServiceProvider) usableKeys(now time.Time) (usable []Key, err error) {
	if err := sp.config.IdP.ValidAt(now); err != nil {
		return nil, err
	}
	for _, k := range sp.config.IdP.keys {
		if sp.config.IgnoreCertificateDatesInsecure || k.goodAt(now, sp.config.Skew) {
			usable = append(usable, k)
		}
	}
	return usable, nil
}
