package saml_test

import (
	"encoding/base64"
	"reflect"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// mutable are the accepted responses that are mutated: what is signed in each way, and encrypted.
var mutable = map[string]bool{"A1": true, "A2": true, "A3": true, "A10": true, "B6": true, "E1": true, "E3": true}

// FuzzMutated changes a signed response in several places, by pieces of itself and by bytes of the
// fuzzer. Whatever it makes of it is refused, or says exactly what the original says.
func FuzzMutated(f *testing.F) {
	p := samltest.TestParams()
	var cases []samltest.Case
	var originals [][]byte
	for _, c := range samltest.Corpus() {
		if mutable[c.ID] {
			cases, originals = append(cases, c), append(originals, c.Make(p))
		}
	}
	validate := func(t testing.TB, i int, document []byte) (*saml.Assertion, error) {
		sp := newSP(t, cases[i], p, nil)
		pending, err := sp.SealPending(p.RequestID, p.ACS, nil, p.Now.Add(-time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return sp.Validate(t.Context(), saml.Response{Encoded: base64.StdEncoding.EncodeToString(document), PostedTo: p.ACS, Pending: []string{pending}})
	}
	for i := range cases {
		f.Add(byte(i), []byte{})
		f.Add(byte(i), []byte("\x02\x10\x00\x20\x01\x40\x03\x99\x00\x07mallory"))
	}
	f.Fuzz(func(t *testing.T, which byte, edits []byte) {
		i := int(which) % len(cases)
		want, err := validate(t, i, originals[i])
		if err != nil {
			t.Fatalf("the original %s: %v", cases[i].ID, err)
		}
		got, err := validate(t, i, mutate(originals[i], edits))
		if err != nil {
			return
		}
		if got.NameID() != want.NameID() || got.ID() != want.ID() || !reflect.DeepEqual(got.Attributes(), want.Attributes()) {
			t.Errorf("%s: believed %+v %v, want %+v %v", cases[i].ID, got.NameID(), got.Attributes(), want.NameID(), want.Attributes())
		}
	})
}

// mutate applies edits of five bytes: what to do, where, and how much. A copy or a move takes a piece
// of the document; an insertion takes the bytes that follow it in the edits.
func mutate(document, edits []byte) []byte {
	out := append([]byte(nil), document...)
	for len(edits) >= 6 {
		what, from, to, size := edits[0], int(edits[1])<<8|int(edits[2]), int(edits[3])<<8|int(edits[4]), int(edits[5])*8
		edits = edits[6:]
		from, to = boundary(out, from), boundary(out, to)
		piece := out[from:min(from+size, len(out))]
		if what&8 != 0 { // a whole element, if there is one
			piece = elementAt(out, from)
		}
		piece = append([]byte(nil), piece...)
		switch what % 4 {
		case 0: // copied
			out = splice(out, to, 0, piece)
		case 1: // removed
			out = splice(out, from, len(piece), nil)
		case 2: // moved in the place of what is there
			out = splice(out, to, len(piece), piece)
		case 3: // from outside
			n := min(len(edits), size/8%32)
			out = splice(out, to, 0, edits[:n])
			edits = edits[n:]
		}
	}
	return out
}

func splice(document []byte, at, without int, piece []byte) []byte {
	at = min(at, len(document))
	rest := document[min(at+without, len(document)):]
	return append(append(append([]byte(nil), document[:at]...), piece...), rest...)
}

// boundary moves a place to the next tag, so that many mutants are well-formed.
func boundary(document []byte, at int) int {
	if len(document) == 0 {
		return 0
	}
	at %= len(document)
	for i := at; i < len(document); i++ {
		if document[i] == '<' {
			return i
		}
	}
	return at
}

// elementAt returns the element that begins at a place.
func elementAt(document []byte, at int) []byte {
	depth := 0
	for i := at; i < len(document); i++ {
		switch {
		case document[i] == '<' && i+1 < len(document) && document[i+1] == '/':
			depth--
		case document[i] == '<':
			depth++
		case document[i] == '>' && document[i-1] == '/':
			depth--
		}
		if document[i] == '>' && depth == 0 {
			return document[at : i+1]
		}
	}
	return nil
}
