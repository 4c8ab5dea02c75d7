// Package examples_test holds the tests of the house as a whole: which package may import which
// (map_test.go), and what the exported API may not name (engines_test.go). They stand beside the
// examples because they belong to no single package.
package examples_test

import "strings"

const module = "github.com/seed-30109bde/gatehouse"

// The engines do work for us out of sight: hosts must not come to depend on their types, so that
// an engine can be upgraded or replaced without a change of our API.
const (
	elimity      = "github.com/elimity-com/scim"
	gosaml2      = "github.com/russellhaering/gosaml2"
	goxmldsig    = "github.com/russellhaering/goxmldsig"
	etree        = "github.com/beevik/etree"
	filterParser = "github.com/scim2/filter-parser"
)

var engines = []string{elimity, gosaml2, goxmldsig, etree, filterParser}

// within reports whether path is root or lies below it.
func within(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}
