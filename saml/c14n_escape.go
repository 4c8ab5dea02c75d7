package saml

// What is escaped: bits of c14nBytes.
const (
	c14nText = 1 << iota
	c14nValue
)

// c14nBytes is read only.
var c14nBytes = [256]byte{
	'&': c14nText | c14nValue, '<': c14nText | c14nValue, '\r': c14nText | c14nValue,
	'>': c14nText, '"': c14nValue, '\t': c14nValue, '\n': c14nValue,
}

// escape appends a text or the value of an attribute (Canonical XML 1.0 §2.3).
func escape(dst []byte, s string, in byte) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		for i+4 < len(s) && (c14nBytes[s[i]]|c14nBytes[s[i+1]]|c14nBytes[s[i+2]]|c14nBytes[s[i+3]])&in == 0 {
			i += 4
		}
		if c14nBytes[s[i]]&in == 0 {
			continue
		}
		dst = append(append(dst, s[from:i]...), reference(s[i])...)
		from = i + 1
	}
	return append(dst, s[from:]...)
}

// reference returns how a character is written that does not stand for itself.
func reference(c byte) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\t':
		return "&#x9;"
	case '\n':
		return "&#xA;"
	}
	return "&#xD;"
}
