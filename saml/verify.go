package saml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // behind an option
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"time"
)

// A trustedKey is a key of the identity provider, as its metadata has it.
type trustedKey struct {
	public      crypto.PublicKey
	certificate *x509.Certificate
	encoded     string // the certificate, in base64
}

// trustedKeys returns the keys of metadata as they are tried.
func trustedKeys(keys []Key) ([]trustedKey, error) {
	out := make([]trustedKey, len(keys))
	for i, k := range keys {
		certificate, err := x509.ParseCertificate(k.Certificate)
		if err != nil {
			return nil, refuse(MetadataNoKeys, "certificates of keys", err.Error())
		}
		out[i] = trustedKey{certificate.PublicKey, certificate, base64.StdEncoding.EncodeToString(k.Certificate)}
	}
	return out, nil
}

// A verified signature is one that a trusted key made, over these very bytes.
type verified struct {
	*signature
	key       trustedKey
	canonical []byte // of the parent without the signature
}

// verify checks a signature against the trusted keys. What KeyInfo names only orders them. One whose
// SignedInfo only one of the two verifiers would read as it was signed is refused for that.
func (s *signature) verify(keys []trustedKey, allowSHA1 bool) (*verified, error) {
	if !allowSHA1 && (s.method.hash == crypto.SHA1 || s.digest == crypto.SHA1) {
		return nil, wrong(SignatureAlgorithm, "SHA-256 or better", "SHA-1")
	}
	info := canonicalize(nil, s.info, s.infoC14N.method, s.infoC14N.prefixes, nil)
	key, err := s.signer(keys, sum(s.method.hash, info))
	if err != nil {
		return nil, err
	}
	if len(s.infoC14N.prefixes) > 0 && !bytes.Equal(info, canonicalize(nil, s.info, s.infoC14N.method, nil, nil)) {
		return nil, wrong(SignatureUnsupported, "a CanonicalizationMethod without a PrefixList that changes anything",
			"PrefixList "+strings.Join(s.infoC14N.prefixes, " "))
	}
	canonical := canonicalize(nil, s.parent, s.refC14N.method, s.refC14N.prefixes, s.element)
	if subtle.ConstantTimeCompare(sum(s.digest, canonical), s.digestValue) != 1 {
		return nil, wrong(SignatureInvalid, "a document that was not changed after it was signed", "another digest")
	}
	return &verified{s, key, canonical}, nil
}

func sum(h crypto.Hash, data []byte) []byte {
	w := h.New()
	w.Write(data)
	return w.Sum(nil)
}

// signer finds the key that made the signature. That none did says that a key is unknown, or, if
// the one that KeyInfo names is trusted, that the signature is wrong.
func (s *signature) signer(keys []trustedKey, digest []byte) (trustedKey, error) {
	fitting, named := 0, false
	for _, hinted := range []bool{true, false} {
		for _, k := range keys {
			if s.fits(k) && s.names(k) == hinted {
				fitting++
				named = named || hinted
				if s.method.check(k.public, digest, s.value) {
					return k, nil
				}
			}
		}
	}
	switch {
	case fitting == 0:
		return trustedKey{}, wrong(SignatureAlgorithm, "an algorithm that a trusted key can use", s.method.uri)
	case named && len(keys) == 1 && len(s.hints) == 1:
		return trustedKey{}, wrong(SignatureUnknownKey, "a signature by a trusted key", "one by another key, or over another SignedInfo")
	}
	return trustedKey{}, wrong(SignatureUnknownKey, "a signature by a trusted key", "one by another key")
}

func (s *signature) fits(k trustedKey) bool {
	switch k.public.(type) {
	case *rsa.PublicKey:
		return s.method.rsa
	case *ecdsa.PublicKey:
		return !s.method.rsa
	}
	return false
}

// names reports whether KeyInfo names the certificate of a key. One that is written otherwise than usual
// is not recognised, and its key tried later.
func (s *signature) names(k trustedKey) bool {
	return slices.Contains(s.hints, k.encoded)
}

// check verifies a signature of a digest.
func (m sigMethod) check(public crypto.PublicKey, digest, value []byte) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, m.hash, digest, value) == nil
	case *ecdsa.PublicKey:
		der, ok := ecdsaDER(key, value)
		return ok && ecdsa.VerifyASN1(key, digest, der)
	}
	return false
}

// ecdsaDER returns a signature in ASN.1. XML Signature writes r and s side by side, each as long as
// the order of the curve (RFC 4050 §3.3); some write ASN.1.
func ecdsaDER(key *ecdsa.PublicKey, value []byte) ([]byte, bool) {
	size := (key.Params().N.BitLen() + 7) / 8
	if len(value) != 2*size {
		return value, len(value) > 0 && value[0] == 0x30
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])})
	return der, err == nil
}

// current reports whether a key may be used at a time by the dates of its certificate.
func (k trustedKey) current(now time.Time, skew time.Duration) bool {
	c := k.certificate
	return c == nil || !now.Add(skew).Before(c.NotBefore) && !now.Add(-skew).After(c.NotAfter)
}
