package scimtest

import (
	"bytes"
	"fmt"
	"reflect"
	"time"
)

// difference says where two values first differ, or "". A store may keep an empty list as none,
// and a time in any zone.
func difference(got, want any) string {
	return differ("", reflect.ValueOf(got), reflect.ValueOf(want))
}

func differ(at string, got, want reflect.Value) string {
	if want.IsValid() && want.Kind() == reflect.Interface {
		want = want.Elem()
	}
	if got.IsValid() && got.Kind() == reflect.Interface {
		got = got.Elem()
	}
	switch {
	case !got.IsValid() && !want.IsValid():
		return ""
	case !got.IsValid() || !want.IsValid() || got.Type() != want.Type():
		return unlike(at, got, want)
	}
	same := true
	switch w := want.Interface().(type) {
	case time.Time:
		same = got.Interface().(time.Time).Equal(w)
	case []byte:
		same = bytes.Equal(got.Bytes(), w)
	default:
		switch want.Kind() {
		case reflect.Struct:
			return differInFields(at, got, want)
		case reflect.Slice:
			return differInElements(at, got, want)
		case reflect.Map:
			return differInKeys(at, got, want)
		}
		same = got.Interface() == want.Interface()
	}
	if !same {
		return unlike(at, got, want)
	}
	return ""
}

func differInFields(at string, got, want reflect.Value) string {
	for i := range want.NumField() {
		if d := differ(at+"."+want.Type().Field(i).Name, got.Field(i), want.Field(i)); d != "" {
			return d
		}
	}
	return ""
}

func differInElements(at string, got, want reflect.Value) string {
	if got.Len() != want.Len() {
		return unlike(at, got, want)
	}
	for i := range want.Len() {
		if d := differ(fmt.Sprintf("%s[%d]", at, i), got.Index(i), want.Index(i)); d != "" {
			return d
		}
	}
	return ""
}

func differInKeys(at string, got, want reflect.Value) string {
	for _, key := range want.MapKeys() {
		if d := differ(fmt.Sprintf("%s[%q]", at, key), got.MapIndex(key), want.MapIndex(key)); d != "" {
			return d
		}
	}
	if got.Len() != want.Len() {
		return unlike(at, got, want)
	}
	return ""
}

func unlike(at string, got, want reflect.Value) string {
	if at != "" {
		at += ": "
	}
	return fmt.Sprintf("%sgot %s, want %s", at, printed(got), printed(want))
}

// printedBytes is how much of a value a message repeats, in bytes.
const printedBytes = 400

func printed(v reflect.Value) string {
	if !v.IsValid() {
		return "nothing"
	}
	s := fmt.Sprintf("%#v", v)
	if t, ok := v.Interface().(time.Time); ok {
		s = t.Format(time.RFC3339Nano)
	}
	if len(s) > printedBytes {
		s = s[:printedBytes] + "…"
	}
	return s
}
