package scim

import (
	"strings"
	"testing"
)

func TestPlace(t *testing.T) {
	title, _ := mustRegistry(t).Ref("title")
	by := Order{By: title}
	for _, title := range []string{"", "Straße", "\x00", strings.Repeat("x", maxKey), strings.Repeat("x", maxKey+1), strings.Repeat("x", 130)} {
		for _, id := range []string{"1", "\x00", "k\x00", strings.Repeat("z", maxID)} {
			u := &User{Title: title}
			want := by.place(u, id)
			if len(title) > maxKey {
				want = Place{ID: id, Long: true}
			}
			if got, err := by.Place(by.Position(u, id)); got != want || err != nil {
				t.Errorf("title %.20q, ID %.20q: %+v, %v, want %+v", title, id, got, err, want)
			}
			if got, err := (Order{}).Place(Order{}.Position(u, id)); got != (Place{ID: id}) || err != nil {
				t.Errorf("ID %.20q, in no order: %+v, %v", id, got, err)
			}
			if got, err := (Order{}).Place(by.Position(u, id)); err != ErrPosition {
				t.Errorf("a sorted position in no order: %+v, %v", got, err)
			}
			if got, err := by.Place(Order{}.Position(u, id)); err != ErrPosition {
				t.Errorf("a position of no order in a sorted listing: %+v, %v", got, err)
			}
		}
	}
	for _, position := range []string{
		"", "k", "a", "k\x00", "a\x00", "l\x00", "k\x05abcd", "k\x05abcde", "a\x01xid", "l\x01xid", "b\x00id", "K\x00id", "\xffid",
		"k\x80", "k\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01id", "k\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01id",
	} {
		if got, err := by.Place(position); err != ErrPosition || got != (Place{}) {
			t.Errorf("position %q: %+v, %v, want ErrPosition", position, got, err)
		}
	}
	for _, position := range []string{"\x00", "\x00\x00", "\x00\x01xid", "\x00\x01x", "k\x00id"} {
		if got, err := (Order{}).Place(position); err != ErrPosition || got != (Place{}) {
			t.Errorf("position %q in no order: %+v, %v, want ErrPosition", position, got, err)
		}
	}
}
