package scimtest

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// A canary is a text that one side alone sends: where another side reads it, something leaked. It
// says whose it is and what it was: canaryb17n is the 17th of side b, a user name.
type canary struct{ side, kind byte }

// canaryKinds are what canaries are put into.
var canaryKinds = map[byte]string{
	'n': "user name", 'd': "display name", 'm': "e-mail address", 'x': "external ID", 't': "title", 'k': "nick name",
	'e': "value of an extension", 'g': "name of a group", 'f': "text of a filter", 'v': "value that was refused", 'i': "ID",
}

// canaries makes canaries, and finds them.
type canaries struct {
	last atomic.Int64

	mu  sync.RWMutex
	ids map[string]canary // IDs of resources: canaries that the endpoint made
}

// shortestID is how long an ID has to be to be looked for: a short one may be anything.
const shortestID = 12

// make returns a text that nobody has sent.
func (c *canaries) make(side int, kind byte) string {
	return fmt.Sprintf("canary%c%d%c", 'a'+rune(side), c.last.Add(1), kind)
}

// learn takes the ID of a resource as a canary of the side that created it. An ID of two resources
// is none.
func (c *canaries) learn(side int, id string) {
	if len(id) < shortestID {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id = strings.ToLower(id)
	owner := canary{'a' + byte(side), 'i'}
	if was, known := c.ids[id]; known && was != owner {
		owner = canary{}
	}
	if c.ids == nil {
		c.ids = make(map[string]canary)
	}
	c.ids[id] = owner
}

var canaryText = regexp.MustCompile(`canary([a-z])([0-9]+)([a-z])`)

// in returns the canaries in a text, and the IDs, whatever their case and however they are escaped.
func (c *canaries) in(text string) map[string]canary {
	found := make(map[string]canary)
	for _, form := range forms(text) {
		if strings.Contains(form, "canary") {
			for _, m := range canaryText.FindAllStringSubmatch(form, -1) {
				found[m[0]] = canary{m[1][0], m[3][0]}
			}
		}
		c.mu.RLock()
		for word := range strings.FieldsFuncSeq(form, betweenIDs) {
			if owner, known := c.ids[word]; known && owner.side != 0 {
				found[word] = owner
			}
		}
		c.mu.RUnlock()
	}
	return found
}

// betweenIDs reports whether a character ends an ID in an answer.
func betweenIDs(r rune) bool { return r < '!' || strings.ContainsRune("\"'/\\,;<>()[]{}=&?%#", r) }

// forms returns a text without the case, and what it may be an escaped form of.
func forms(text string) []string {
	text = strings.ToLower(text)
	all := []string{text}
	if strings.Contains(text, `\u`) {
		all = append(all, unescaped(text))
	}
	if strings.Contains(text, "%") {
		for part := range strings.FieldsSeq(text) {
			if plain, err := url.QueryUnescape(part); err == nil && plain != part && !slices.Contains(all, plain) {
				all = append(all, strings.ToLower(plain))
			}
		}
	}
	return all
}

var escape = regexp.MustCompile(`\\u[0-9a-f]{4}`)

// unescaped reads the escapes of JSON, wherever they are.
func unescaped(text string) string {
	return strings.ToLower(escape.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseUint(s[2:], 16, 16)
		return string(rune(n))
	}))
}
