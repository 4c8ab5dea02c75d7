package saml

import (
	"testing"
	"time"
)

func TestParseDateTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-15T10:00:00Z":                      "2026-01-15T10:00:00Z",
		"2026-01-15T10:00:00":                       "2026-01-15T10:00:00Z",
		" 2026-01-15T10:00:00.5Z\n":                 "2026-01-15T10:00:00.5Z",
		"2026-01-15T10:00:00.1234567Z":              "2026-01-15T10:00:00.1234567Z",
		"2026-01-15T10:00:00.12345678912345678912Z": "2026-01-15T10:00:00.123456789Z",
		"2026-01-15T10:00:00+02:00":                 "2026-01-15T08:00:00Z",
		"2026-01-15T10:00:00-14:00":                 "2026-01-16T00:00:00Z",
		"2026-12-31T24:00:00":                       "2027-01-01T00:00:00Z",
		"2024-02-29T00:00:00Z":                      "2024-02-29T00:00:00Z",
		"9999-12-31T23:59:59Z":                      "9999-12-31T23:59:59Z",
		"0001-01-01T00:00:00Z":                      "0001-01-01T00:00:00Z",
	} {
		got, ok := parseDateTime(text)
		if !ok || dateTime(got) != want || got.Location() != time.UTC {
			t.Errorf("%q: %v %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "2026-01-15", "2026-01-15T10:00Z", "2026-01-15 10:00:00Z", "2026-1-15T10:00:00Z", "2026-02-29T00:00:00Z",
		"2026-00-10T00:00:00Z", "2026-13-10T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-15T24:00:01Z",
		"2026-01-15T25:00:00Z", "2026-01-15T10:60:00Z", "2026-01-15T10:00:60Z", "2026-01-15T10:00:00.Z", "2026-01-15T10:00:00,5Z",
		"2026-01-15T10:00:00z", "2026-01-15T10:00:00+0200", "2026-01-15T10:00:00+14:01", "2026-01-15T10:00:00+02:60", "2026-01-15T10:00:00+2:00",
		"12026-01-15T10:00:00Z", "-2026-01-15T10:00:00Z", "0000-01-15T10:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+01:00",
		"2026-01-15T10:00:00Z Z", "2026-01-15T10:00:00Z0", "٢٠٢٦-01-15T10:00:00Z",
	} {
		if got, ok := parseDateTime(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	begin := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"PT0S":                  begin,
		"P1Y":                   begin.AddDate(1, 0, 0),
		"P1M":                   time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC), // the 31st of February
		"P1Y2M3DT4H5M6.5S":      begin.AddDate(0, 14, 3).Add(4*time.Hour + 5*time.Minute + 6500*time.Millisecond),
		"PT604800S":             begin.AddDate(0, 0, 7),
		" P7D\n":                begin.AddDate(0, 0, 7),
		"PT36H":                 begin.Add(36 * time.Hour),
		"P0Y0M1DT0H0M0S":        begin.AddDate(0, 0, 1),
		"PT1M":                  begin.Add(time.Minute),
		"P999999999999999999Y":  begin.AddDate(100, 0, 0),
		"PT99999999999999999H":  begin.Add(maxTime),
		"PT9999999999H9999999M": begin.Add(maxTime),
	} {
		got, ok := parseDuration(text)
		if !ok || !got.after(begin).Equal(want) {
			t.Errorf("%q: %v after %v, want %v", text, ok, got.after(begin), want)
		}
		if again, ok := parseDuration(got.String()); !ok || again != got {
			t.Errorf("%q: %v is %v", text, got, again)
		}
	}
	for _, text := range []string{"", "P", "PT", "-P1D", "+P1D", "1D", "P1", "PD", "P1S", "P1H", "PT1D", "P1DT", "P1M1Y", "PT1S1H", "P1.5D", "PT1.S", "PT.5S", "P 1D", "p1d", "P1D1D", "P1W"} {
		if got, ok := parseDuration(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestShorterDuration(t *testing.T) {
	durations := []string{"PT0S", "PT1M", "PT23H", "P1D", "PT25H", "P27D", "P1M", "P32D", "P1Y", "P366D"}
	for i := 1; i < len(durations); i++ {
		a, _ := parseDuration(durations[i-1])
		b, _ := parseDuration(durations[i])
		if !a.shorter(b) || b.shorter(a) {
			t.Errorf("%s and %s", durations[i-1], durations[i])
		}
	}
}
