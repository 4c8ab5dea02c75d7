package saml

import (
	"encoding/base64"
	"strings"
)

// decodeBase64 decodes a text without white space. It does so piece by piece, because a string cannot be
// decoded into, and a document should not be in memory twice.
func decodeBase64(text string) (string, error) {
	var out strings.Builder
	out.Grow(base64.StdEncoding.DecodedLen(len(text)))
	var piece [768]byte
	for text != "" {
		part := text[:min(len(text), len(piece)/3*4)]
		text = text[len(part):]
		n, err := base64.StdEncoding.Decode(piece[:], []byte(part))
		if err != nil || n < len(piece) && text != "" {
			return "", errBase64 // also of padding before the end
		}
		out.Write(piece[:n])
	}
	return out.String(), nil
}
