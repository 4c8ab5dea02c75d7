package saml

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // the hash functions of OAEP
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"slices"
)

// oaepDigests are the DigestMethods of RSA-OAEP. SHA-256 goes by three names: that of XML Encryption,
// and two that senders have made after those of XML Signature. Nothing here rests on collisions, so
// SHA-1 is as good as the others.
var oaepDigests = map[string]crypto.Hash{
	nsSignature + "sha1":   crypto.SHA1,
	nsEncrypt + "sha256":   crypto.SHA256,
	nsSignature + "sha256": crypto.SHA256,
	nsSigMore + "sha256":   crypto.SHA256,
	nsEncrypt + "sha384":   crypto.SHA384,
	nsSigMore + "sha384":   crypto.SHA384,
	nsEncrypt + "sha512":   crypto.SHA512,
	nsSigMore + "sha512":   crypto.SHA512,
	nsSignature + "sha512": crypto.SHA512,
}

// oaepMasks are the mask generation functions (XML Encryption 1.1 §5.5.2).
var oaepMasks = map[string]crypto.Hash{
	nsEncrypt11 + "mgf1sha1":   crypto.SHA1,
	nsEncrypt11 + "mgf1sha256": crypto.SHA256,
	nsEncrypt11 + "mgf1sha384": crypto.SHA384,
	nsEncrypt11 + "mgf1sha512": crypto.SHA512,
}

const nsSigMore = "http://www.w3.org/2001/04/xmldsig-more#"

// The algorithms that transport a key, and what an administrator is told about others.
const (
	oaepMGF1P = nsEncrypt + "rsa-oaep-mgf1p"
	oaep11    = nsEncrypt11 + "rsa-oaep"
	rsa15     = nsEncrypt + "rsa-1_5"

	wantedTransports = "a key encrypted with RSA-OAEP (set the key transport algorithm of the identity provider to RSA-OAEP)"
	wantedDigests    = "RSA-OAEP with SHA-1, SHA-256, SHA-384 or SHA-512"
)

// A wrappedKey is an EncryptedKey that can be for us.
type wrappedKey struct {
	ciphertext  []byte
	certificate []byte // of the key it is for, says the sender; may be nil
	rsa15       bool
	digest      crypto.Hash
	masks       []crypto.Hash // to be tried in order
	label       []byte
}

// keysFor returns the keys that can be for us: if there are several and the Recipient of some is our
// entity ID, those (SAML core §6.2). Keys with algorithms we do not have are left out as long as
// there are others.
func (e *encrypted) keysFor(opt decryptOptions) ([]wrappedKey, error) {
	ours := slices.DeleteFunc(slices.Clone(e.keys), func(k *node) bool {
		recipient, _ := k.attr("Recipient")
		return recipient == "" || recipient != opt.entityID
	})
	if len(ours) == 0 {
		ours = e.keys
	}
	var keys []wrappedKey
	var refused error
	for _, k := range ours {
		w, err := readWrappedKey(k, opt.allowRSA15)
		if err == nil {
			keys = append(keys, w)
		} else if refused == nil {
			refused = err
		}
	}
	if len(keys) == 0 {
		return nil, refused
	}
	return keys, nil
}

// readWrappedKey reads an EncryptedKey.
func readWrappedKey(k *node, allowRSA15 bool) (w wrappedKey, err error) {
	method := k.child(nsEncrypt, "EncryptionMethod")
	if method == nil {
		return w, decryptError(DecryptionAlgorithm, wantedTransports, "no EncryptionMethod")
	}
	switch name, _ := method.attr("Algorithm"); {
	case name == oaepMGF1P || name == oaep11:
		err = w.readOAEP(method, name)
	case name == rsa15 && allowRSA15:
		w.rsa15 = true
	default:
		err = decryptError(DecryptionAlgorithm, wantedTransports, calledAlgorithm(name))
	}
	if err != nil {
		return w, err
	}
	w.certificate = certificateHint(k)
	w.ciphertext, err = cipherValue(k, maxWrappedKey)
	return w, err
}

// readOAEP reads the parameters of RSA-OAEP (XML Encryption §5.5.2). The mask generation function is
// MGF1 with SHA-1 unless xmlenc11 names another. There are senders who let it follow the digest
// without saying so: that is tried where the specification's does not fit.
func (w *wrappedKey) readOAEP(method *node, name string) error {
	if err := onlyParts(method, part{nsEncrypt, "KeySize", 1}, part{nsEncrypt, "OAEPparams", 1},
		part{nsSignature, "DigestMethod", 1}, part{nsEncrypt11, "MGF", 1}); err != nil {
		return err
	}
	var err error
	if w.digest, err = hashOf(method.child(nsSignature, "DigestMethod"), oaepDigests, crypto.SHA1); err != nil {
		return err
	}
	mgf := method.child(nsEncrypt11, "MGF")
	other, err := hashOf(mgf, oaepMasks, w.digest)
	if err != nil {
		return err
	}
	w.masks = []crypto.Hash{crypto.SHA1, other}
	if name == oaep11 && mgf != nil {
		w.masks = w.masks[1:]
	}
	w.masks = slices.Compact(w.masks)
	if label := method.child(nsEncrypt, "OAEPparams"); label != nil {
		w.label, err = base64Value(label, maxOAEPLabel)
	}
	return err
}

// hashOf returns the hash function that an element names; missing is that of an element that is not
// there.
func hashOf(n *node, known map[string]crypto.Hash, missing crypto.Hash) (crypto.Hash, error) {
	if n == nil {
		return missing, nil
	}
	name, _ := n.attr("Algorithm")
	h, ok := known[name]
	if !ok {
		return 0, decryptError(DecryptionAlgorithm, wantedDigests, n.local+" "+calledAlgorithm(name))
	}
	return h, nil
}

// certificateHint returns the first certificate that the sender names for a key. It only says what to
// try first, so it may be anything, and nothing if it cannot be read.
func certificateHint(k *node) []byte {
	for _, name := range []string{"KeyInfo", "X509Data", "X509Certificate"} {
		if k = k.child(nsSignature, name); k == nil {
			return nil
		}
	}
	b, err := base64Value(k, maxKeyHint)
	if err != nil {
		return nil
	}
	return b
}

// An attempt is one operation with a private key.
type attempt struct {
	key        crypto.Decrypter
	ciphertext []byte
	way        crypto.DecrypterOpts
}

// attempts returns what to try for a session key of a size, in order, at most maxKeyDecryptions. What
// the sender hints at comes first, then what the specification says, then the rest.
func attempts(wrapped []wrappedKey, keys []crypto.Decrypter, size int) []attempt {
	var hinted, first, rest []attempt
	for _, w := range wrapped {
		for _, k := range keys {
			hint := w.hints(k)
			for i, way := range w.ways(size) {
				a := attempt{k, w.ciphertext, way}
				switch {
				case hint:
					hinted = append(hinted, a)
				case i == 0:
					first = append(first, a)
				default:
					rest = append(rest, a)
				}
			}
		}
	}
	all := slices.Concat(hinted, first, rest)
	return all[:min(len(all), maxKeyDecryptions)]
}

// ways returns how a key may have been wrapped.
func (w *wrappedKey) ways(size int) []crypto.DecrypterOpts {
	if w.rsa15 {
		//lint:ignore SA1019 this is what Config.AllowRSA15Insecure allows
		return []crypto.DecrypterOpts{&rsa.PKCS1v15DecryptOptions{SessionKeyLen: size}}
	}
	var ways []crypto.DecrypterOpts
	for _, mask := range w.masks {
		ways = append(ways, &rsa.OAEPOptions{Hash: w.digest, MGFHash: mask, Label: w.label})
	}
	return ways
}

// hints reports whether the certificate that came with a wrapped key is one of ours, because our
// public key is in it. It need not be parsed for that.
func (w *wrappedKey) hints(k crypto.Decrypter) bool {
	if w.certificate == nil {
		return false
	}
	public, err := x509.MarshalPKIXPublicKey(k.Public())
	return err == nil && bytes.Contains(w.certificate, public)
}

// unwrap returns a session key of a size. OAEP knows whether it has found one; then it is sure, and
// else there is none. RSA 1.5 must never tell: what it does not find is replaced by a random key. So
// is a key of another size.
func (a *attempt) unwrap(size int) (session []byte, sure bool) {
	random := randomKey(size)
	session, err := a.key.Decrypt(rand.Reader, a.ciphertext, a.way)
	_, sure = a.way.(*rsa.OAEPOptions)
	if err != nil && sure {
		return nil, false
	}
	if err != nil || len(session) != size {
		session = random
	}
	return session, sure
}

func randomKey(size int) []byte {
	key := make([]byte, size)
	rand.Read(key) // never fails
	return key
}
