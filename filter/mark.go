package filter

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"unicode"
)

// Mark returns a short text that two registries share exactly if they make the same folded
// documents and keys of every resource. A store keeps it, and makes both anew when it changes: with
// the attributes, or with the Unicode of a new version of Go.
func (g *Registry) Mark() string {
	h := sha256.New()
	fmt.Fprintf(h, "1 %s\n", unicode.Version)
	for _, a := range g.refs {
		fmt.Fprintf(h, "%q %q %d %t %t %t\n", a.path, a.Name, a.Kind, a.Multi, a.CaseExact, a.Derived)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
