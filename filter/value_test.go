package filter

import (
	"math"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		zoned      bool
	}{
		{"2015-10-10T14:38:21.8617979-07:00", "2015-10-10T21:38:21.8617979Z", true},
		{"2015-10-10T14:38:21Z", "2015-10-10T14:38:21Z", true},
		{"2015-10-10T14:38:21.05Z", "2015-10-10T14:38:21.05Z", true},
		{"2015-10-10T14:38:21.1234567899Z", "2015-10-10T14:38:21.123456789Z", true},
		{"2015-10-10T14:38:21.5", "2015-10-10T14:38:21.5Z", false},
		{"9999-12-31T23:59:59-23:59", "10000-01-01T23:58:59Z", true},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", true},
		{"2015-10-10T4:38:21Z", "", false}, {"2015-10-10T4:38:21.55", "", false}, {"2015-10-10T04:38:21,5Z", "", false},
		{"2015-10-10T04:38:21,5", "", false}, {"2015-10-10T04:38:21+24:00", "", false}, {"2015-10-10T04:38:21+23:60", "", false},
		{"2015-10-10T24:00:00Z", "", false}, {"2015-10-10T04:38:60Z", "", false}, {"2015-10-10T04:38Z", "", false},
		{"2015-10-10", "", false}, {"", "", false}, {" 2015-10-10T14:38:21Z", "", false}, {"2015-10-10T14:38:21ZZ", "", false},
		{"2015-10-10T14:38:21 Z", "", false}, {"2015-10-10t14:38:21Z", "", false}, {"2015-10-10T14:38:21.Z", "", false},
	} {
		got, zoned, ok := ParseTime(tt.text)
		text := got.Format(time.RFC3339Nano)
		if ok != (tt.want != "") || ok && (text != tt.want || zoned != tt.zoned || got.Location() != time.UTC) {
			t.Errorf("ParseTime(%q) = %s, %t, %t; want %s, %t", tt.text, text, zoned, ok, tt.want, tt.zoned)
		}
	}
}

func TestValue(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 678, time.FixedZone("", 3600))
	switch {
	case TextValue("").Present(), TimeValue(time.Time{}).Present(), (Value{}).Present():
		t.Error("empty is absent")
	case TextValue("x") != Value{Kind: String, Text: "x"}:
		t.Error("text")
	case !BoolValue(true).Bool(), BoolValue(false).Bool(), !BoolValue(false).Present():
		t.Error("false is a value")
	case !TimeValue(now).Time().Equal(now), TimeValue(now).Time().Location() != time.UTC:
		t.Error("a time comes back in UTC")
	}
}

func TestKind(t *testing.T) {
	for k, want := range map[Kind]string{String: "string", DateTime: "dateTime", Complex: "complex", Complex + 1: "kind 9", 0: ""} {
		if k.String() != want {
			t.Errorf("%d is %q, want %q", k, k, want)
		}
	}
}

// TestKey: keys are equal exactly where a filter finds the values equal.
func TestKey(t *testing.T) {
	g := testRegistry(t)
	at := func(path string) Ref {
		r, ok := g.Ref(path)
		if !ok {
			t.Fatal(path)
		}
		return r
	}
	instant := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		path string
		a, b Value
		want bool
	}{
		{"userName", TextValue("Bob"), TextValue("bOB"), true},
		{"userName", TextValue("\u212a"), TextValue("k"), true},
		{"userName", TextValue("a"), TextValue("b"), false},
		{"id", TextValue("Bob"), TextValue("bob"), false},
		{"picture", Value{Kind: Binary, Text: "QQ=="}, Value{Kind: Binary, Text: "qq=="}, false},
		{"loginCount", Value{Kind: Integer, Int: math.MaxInt64}, Value{Kind: Integer, Int: math.MaxInt64 - 1}, false},
		{"loginCount", Value{Kind: Integer, Int: 5}, Value{Kind: Integer, Int: 5}, true},
		{"score", Value{Kind: Decimal}, Value{Kind: Decimal, Float: math.Copysign(0, -1)}, true},
		{"score", Value{Kind: Decimal, Float: 0.1}, Value{Kind: Decimal, Float: math.Nextafter(0.1, 1)}, false},
		{"active", BoolValue(true), BoolValue(false), false},
		{"meta.created", TimeValue(instant), TimeValue(instant.In(time.FixedZone("", 3600))), true},
		{"meta.created", TimeValue(instant), TimeValue(instant.Add(1)), false},
	} {
		r := at(tt.path)
		if got := r.Key(tt.a) == r.Key(tt.b); got != tt.want {
			t.Errorf("%s: %q and %q", tt.path, r.Key(tt.a), r.Key(tt.b))
		}
	}
}
