package saml

import (
	"fmt"
	"strings"
	"time"
)

// parseDateTime reads an xs:dateTime (XML Schema 2 §3.2.7) of the years 1 to 9999. Without a time
// zone it is in UTC, as SAML core §1.3.3 has it. Digits below a nanosecond are dropped.
func parseDateTime(s string) (t time.Time, ok bool) {
	d := digits{rest: strings.Trim(s, xmlSpaces)}
	year, month, day := d.number(4, '-'), d.number(2, '-'), d.number(2, 'T')
	hour, minute, second := d.number(2, ':'), d.number(2, ':'), d.number(2, 0)
	nanos := d.fraction()
	zone := d.zone()
	midnight := hour == 24 && minute == 0 && second == 0 && nanos == 0
	if d.bad || d.rest != "" || hour > 23 && !midnight || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	if date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC); date.Month() != time.Month(month) || date.Day() != day {
		return time.Time{}, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC).Add(-zone)
	return t, t.Year() >= 1 && t.Year() <= 9999
}

// digits reads a text from its beginning.
type digits struct {
	rest string
	bad  bool
}

// number reads n digits and what follows them; 0 = nothing has to.
func (d *digits) number(n int, then byte) (value int) {
	for range n {
		if d.rest == "" || !isDigit(d.rest[0]) {
			d.bad = true
			return 0
		}
		value = value*10 + int(d.rest[0]-'0')
		d.rest = d.rest[1:]
	}
	if then != 0 && !d.take(then) {
		d.bad = true
	}
	return value
}

func (d *digits) take(c byte) bool {
	if d.rest == "" || d.rest[0] != c {
		return false
	}
	d.rest = d.rest[1:]
	return true
}

// fraction reads a fraction of a second, in nanoseconds.
func (d *digits) fraction() (nanos int) {
	if !d.take('.') {
		return 0
	}
	if d.rest == "" || !isDigit(d.rest[0]) {
		d.bad = true
	}
	for unit := 100_000_000; d.rest != "" && isDigit(d.rest[0]); unit /= 10 {
		nanos += int(d.rest[0]-'0') * unit
		d.rest = d.rest[1:]
	}
	return nanos
}

// zone reads a time zone, if there is one.
func (d *digits) zone() time.Duration {
	sign := time.Minute
	switch {
	case d.rest == "" || d.take('Z'):
		return 0
	case d.take('-'):
		sign = -sign
	case !d.take('+'):
		d.bad = true
	}
	hours, minutes := d.number(2, ':'), d.number(2, 0)
	if minutes > 59 || hours*60+minutes > 14*60 {
		d.bad = true
	}
	return time.Duration(hours*60+minutes) * sign
}

// dateTime writes an xs:dateTime in UTC, as precise as it is.
func dateTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999999Z") }

// An xmlDuration is an xs:duration (XML Schema 2 §3.2.6) that is not negative. A month is as long as
// the month in which it begins.
type xmlDuration struct {
	months, days int
	time         time.Duration
}

// after returns the end of a duration that begins at t.
func (d xmlDuration) after(t time.Time) time.Time {
	return t.AddDate(0, d.months, d.days).Add(d.time)
}

// shorter compares two durations, as of the beginning of a usual year.
func (d xmlDuration) shorter(than xmlDuration) bool {
	begin := time.Date(2001, time.January, 1, 0, 0, 0, 0, time.UTC)
	return d.after(begin).Before(than.after(begin))
}

// String writes the duration as xs:duration.
func (d xmlDuration) String() string {
	return fmt.Sprintf("P%dM%dDT%d.%09dS", d.months, d.days, d.time/time.Second, d.time%time.Second)
}

// A duration is at most this long in months, and in days, and in time: a longer one counts as this,
// so that sums have room.
const (
	maxMonths = 1200
	maxDays   = 36_600
	maxTime   = maxDays * 24 * time.Hour
)

// durationParts are the parts of a duration in their order, T among them as one without a unit.
var durationParts = []struct {
	name  byte
	month int           // how many months it is
	unit  time.Duration // or how long it is
}{
	{name: 'Y', month: 12}, {name: 'M', month: 1}, {name: 'D', unit: 24 * time.Hour}, {name: 'T'},
	{name: 'H', unit: time.Hour}, {name: 'M', unit: time.Minute}, {name: 'S', unit: time.Second},
}

// parseDuration reads an xs:duration. One that is negative is not ok.
func parseDuration(s string) (out xmlDuration, ok bool) {
	d := digits{rest: strings.Trim(s, xmlSpaces)}
	if !d.take('P') {
		return out, false
	}
	parts := 0
	for _, part := range durationParts {
		if part.name == 'T' {
			if !d.take('T') {
				break
			}
			parts = 0 // there has to be one behind it
			continue
		}
		n, nanos, found := d.part(part.name)
		if !found {
			continue
		}
		parts++
		out = out.plus(part.month, part.unit, n)
		out.time = min(out.time+time.Duration(nanos), maxTime)
	}
	return out, !d.bad && d.rest == "" && parts > 0
}

// part reads a number before a letter, if that letter follows. Seconds alone have a fraction.
func (d *digits) part(name byte) (n int64, nanos int, ok bool) {
	r := *d
	for r.rest != "" && isDigit(r.rest[0]) {
		n = min(n*10+int64(r.rest[0]-'0'), int64(maxTime/time.Second))
		r.rest = r.rest[1:]
	}
	if n == 0 && len(r.rest) == len(d.rest) {
		return 0, 0, false
	}
	if name == 'S' {
		nanos = r.fraction()
	}
	if !r.take(name) {
		return 0, 0, false
	}
	*d = r
	return n, nanos, true
}

// plus adds n parts to a duration.
func (d xmlDuration) plus(months int, unit time.Duration, n int64) xmlDuration {
	switch {
	case months > 0:
		d.months = min(d.months+int(min(n, maxMonths))*months, maxMonths)
	case unit == 24*time.Hour:
		d.days = int(min(n, maxDays))
	default:
		d.time = min(d.time+time.Duration(min(n, int64(maxTime/unit)))*unit, maxTime)
	}
	return d
}

// xmlSpaces is the white space of XML 1.0 §2.3.
const xmlSpaces = " \t\r\n"
