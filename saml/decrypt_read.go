package saml

import (
	"encoding/base64"
	"fmt"
	"strings"
)

const (
	typeElement      = nsEncrypt + "Element"
	typeEncryptedKey = nsEncrypt + "EncryptedKey"
)

// encrypted is an encrypted element as it was received: nothing of it is secret.
type encrypted struct {
	cipher     blockCipher
	ciphertext []byte
	keys       []*node // EncryptedKey elements, those that may be for the content
}

// readEncrypted reads an element of type EncryptedElementType (SAML core §2.2.4): EncryptedData, and
// EncryptedKeys beside it.
func readEncrypted(enc *node) (*encrypted, error) {
	if err := onlyParts(enc, part{nsEncrypt, "EncryptedData", 1}, part{nsEncrypt, "EncryptedKey", maxEncryptedKeys}); err != nil {
		return nil, err
	}
	data := enc.child(nsEncrypt, "EncryptedData")
	if data == nil {
		return nil, missingPart(enc, "EncryptedData")
	}
	if err := onlyParts(data, encryptedParts...); err != nil {
		return nil, err
	}
	if t, ok := data.attr("Type"); ok && t != typeElement {
		return nil, decryptError(StructureChild, "EncryptedData of Type "+typeElement, t)
	}
	keys, err := encryptedKeys(enc, data)
	if err != nil {
		return nil, err
	}
	c, err := readCipher(data)
	if err != nil {
		return nil, err
	}
	e := &encrypted{cipher: c, keys: keys}
	e.ciphertext, err = cipherValue(data, maxCiphertext)
	return e, err
}

// encryptedKeys returns the EncryptedKeys in the KeyInfo and beside the data or, if the KeyInfo
// points to some of them, those (XML Encryption §3.5).
func encryptedKeys(enc, data *node) ([]*node, error) {
	var keys, pointers []*node
	if info := data.child(nsSignature, "KeyInfo"); info != nil {
		for _, c := range info.elements() {
			switch {
			case c.is(nsEncrypt, "EncryptedKey"):
				keys = append(keys, c)
			case c.is(nsSignature, "RetrievalMethod"):
				pointers = append(pointers, c)
			}
		}
	}
	for _, c := range enc.elements() {
		if c.is(nsEncrypt, "EncryptedKey") {
			keys = append(keys, c)
		}
	}
	if len(keys) == 0 {
		return nil, missingPart(data, "EncryptedKey")
	}
	if n := max(len(keys), len(pointers)); n > maxEncryptedKeys {
		return nil, decryptError(StructureChild, fmt.Sprintf("at most %d keys for one element", maxEncryptedKeys), fmt.Sprint(n))
	}
	for _, k := range keys {
		if err := onlyParts(k, encryptedKeyParts...); err != nil {
			return nil, err
		}
	}
	if len(pointers) == 0 {
		return keys, nil
	}
	return keysAt(pointers, keys)
}

// keysAt follows RetrievalMethods to keys. Each must lead to one of them.
func keysAt(pointers, keys []*node) ([]*node, error) {
	var found []*node
	for _, p := range pointers {
		uri, _ := p.attr("URI")
		id, local := strings.CutPrefix(uri, "#")
		if t, ok := p.attr("Type"); !local || id == "" || len(p.elements()) > 0 || ok && t != typeEncryptedKey {
			return nil, decryptError(StructureReference, "a RetrievalMethod of an EncryptedKey by its Id", uri)
		}
		before := len(found)
		for _, k := range keys {
			if got, _ := k.attr("Id"); got == id {
				found = append(found, k)
			}
		}
		if len(found) != before+1 {
			return nil, decryptError(StructureReference, "a RetrievalMethod that leads to one EncryptedKey of the element", uri)
		}
	}
	return found, nil
}

// A part is an element that another may have, and how often.
type part struct {
	space, local string
	max          int
}

var (
	encryptedParts = []part{ // XML Encryption §3.1, in no order
		{nsEncrypt, "EncryptionMethod", 1}, {nsSignature, "KeyInfo", 1}, {nsEncrypt, "CipherData", 1}, {nsEncrypt, "EncryptionProperties", 1},
	}
	encryptedKeyParts = append(encryptedParts[:4:4],
		part{nsEncrypt, "ReferenceList", 1}, part{nsEncrypt, "CarriedKeyName", 1})
)

// onlyParts refuses an element that has others, more of them, or text between them.
func onlyParts(n *node, allowed ...part) error {
	counts := make([]int, len(allowed))
next:
	for _, it := range n.items {
		if it.node == nil {
			if strings.Trim(it.text, xmlSpace) != "" {
				return decryptError(StructureText, "no text in "+n.local, it.text)
			}
			continue
		}
		for i, p := range allowed {
			if it.node.is(p.space, p.local) && counts[i] < p.max {
				counts[i]++
				continue next
			}
		}
		return decryptError(StructureChild, "no other child of "+n.local, it.node.local)
	}
	return nil
}

func missingPart(n *node, part string) error {
	return decryptError(StructureChild, n.local+" with "+part, "none")
}

// xmlSpace is what XML 1.0 §2.3 calls white space.
const xmlSpace = " \t\r\n"

// cipherValue returns the bytes in the CipherData of an EncryptedData or EncryptedKey. A reference to
// them is not followed.
func cipherValue(n *node, limit int) ([]byte, error) {
	data := n.child(nsEncrypt, "CipherData")
	if data == nil {
		return nil, missingPart(n, "CipherData")
	}
	if data.child(nsEncrypt, "CipherReference") != nil {
		return nil, decryptError(StructureReference, "a CipherValue", "a CipherReference")
	}
	if err := onlyParts(data, part{nsEncrypt, "CipherValue", 1}); err != nil {
		return nil, err
	}
	value := data.child(nsEncrypt, "CipherValue")
	if value == nil {
		return nil, missingPart(data, "CipherValue")
	}
	return base64Value(value, limit)
}

// base64Value returns the bytes that an element has in base64, with any white space.
func base64Value(n *node, limit int) ([]byte, error) {
	text, ok := n.text()
	if !ok {
		return nil, decryptError(StructureText, n.local+" with text alone", "elements in it")
	}
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(xmlSpace, r) {
			return -1
		}
		return r
	}, text)
	if size := base64.StdEncoding.DecodedLen(len(text)); size > limit+2 {
		return nil, decryptError(XMLLimits, fmt.Sprintf("at most %d bytes in %s", limit, n.local), fmt.Sprint(size))
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, decryptError(EncodingBase64, n.local+" in base64", err.Error())
	}
	return b, nil
}
