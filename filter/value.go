package filter

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// A Kind is the data type of an attribute (RFC 7643 §2.3). The zero Kind is no type at all.
type Kind uint8

// The data types of RFC 7643 §2.3.
const (
	String Kind = iota + 1
	Boolean
	Integer
	Decimal
	DateTime
	Binary
	Reference
	Complex
)

var kindNames = [...]string{"", "string", "boolean", "integer", "decimal", "dateTime", "binary", "reference", "complex"}

// String returns the name RFC 7643 §7 gives the type, such as "dateTime".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// A Value is one simple value of an attribute. The zero Value means absent. It is a plain struct,
// not an interface, so that reading an attribute allocates nothing.
type Value struct {
	Kind Kind
	// Nanos are the nanoseconds within the second of a DateTime.
	Nanos int32
	// Text is the value of a String or Reference, and the base64 text of a Binary.
	Text string
	// Int is the value of an Integer; 1 or 0 for a Boolean; the Unix seconds of a DateTime.
	Int int64
	// Float is the value of a Decimal.
	Float float64
}

// TextValue returns s as a String, or the zero Value if s is empty: pr asks for a value that is
// not empty (RFC 7644 §3.4.2.2), so a filter knows no difference between empty and absent.
func TextValue(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{Kind: String, Text: s}
}

// BoolValue returns b as a Boolean.
func BoolValue(b bool) Value {
	if b {
		return Value{Kind: Boolean, Int: 1}
	}
	return Value{Kind: Boolean}
}

// TimeValue returns t as a DateTime, or the zero Value if t is the zero time.
func TimeValue(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	return Value{Kind: DateTime, Int: t.Unix(), Nanos: int32(t.Nanosecond())}
}

// Present reports whether there is a value.
func (v Value) Present() bool { return v.Kind != 0 }

// Bool returns the value of a Boolean.
func (v Value) Bool() bool { return v.Int != 0 }

// Time returns the value of a DateTime, in UTC.
func (v Value) Time() time.Time { return time.Unix(v.Int, int64(v.Nanos)).UTC() }

// compareTime orders two DateTime values.
func compareTime(a, b Value) int {
	return cmp.Or(cmp.Compare(a.Int, b.Int), cmp.Compare(a.Nanos, b.Nanos))
}

// ParseTime reads a dateTime (RFC 7643 §2.3.5) in the form of RFC 3339 and no looser one. Of any
// number of fractional digits nine count. Without a zone it is read as UTC and zoned is false.
func ParseTime(s string) (t time.Time, zoned, ok bool) {
	t, err := time.Parse(time.RFC3339, s)
	if zoned = err == nil; !zoned {
		t, err = time.Parse("2006-01-02T15:04:05", s)
	}
	if err != nil || !strictTime(s, zoned) {
		return time.Time{}, false, false
	}
	return t.UTC(), zoned, true
}

// strictTime refuses what time.Parse takes beyond RFC 3339: an hour of one digit, a comma before
// the fraction, and zones of 24 hours or 60 minutes.
func strictTime(s string, zoned bool) bool {
	if s[len("2006-01-02T15")] != ':' || strings.Contains(s, ",") {
		return false
	}
	hour, minute := s[len(s)-len("07:00"):len(s)-len(":00")], s[len(s)-len("00"):]
	return !zoned || s[len(s)-1] == 'Z' || hour < "24" && minute < "60"
}
