package saml

import (
	"encoding/base64"
	"strings"
	"testing"
)

// TestDecodeBase64 compares with the decoder of the standard library, around the length of a piece.
func TestDecodeBase64(t *testing.T) {
	text := strings.Repeat("any bytes, \x00\xff and others ", 200)
	for _, n := range []int{0, 1, 2, 3, 4, 766, 767, 768, 769, 1535, 1536, 1537, 3000} {
		encoded := base64.StdEncoding.EncodeToString([]byte(text[:n]))
		got, err := decodeBase64(encoded)
		if err != nil || got != text[:n] {
			t.Errorf("%d bytes: %d, %v", n, len(got), err)
		}
		for i := range encoded {
			for _, changed := range []string{encoded[:i] + "=" + encoded[i+1:], encoded[:i], encoded[:i] + "!" + encoded[i+1:], encoded[:i] + "=" + encoded[i:]} {
				want, wrong := base64.StdEncoding.DecodeString(changed)
				if got, err := decodeBase64(changed); (err == nil) != (wrong == nil) || err == nil && got != string(want) {
					t.Fatalf("%d bytes, changed at %d: %v, want %v", n, i, err, wrong)
				}
			}
		}
	}
	padded := base64.StdEncoding.EncodeToString([]byte(text[:767]))
	for _, more := range []string{"AAAA", "AA==", "="} {
		if got, err := decodeBase64(padded + more); err == nil {
			t.Errorf("%s after the padding: %d bytes", more, len(got))
		}
	}
}
