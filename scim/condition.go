package scim

import (
	"net/http"
	"strings"
)

// condition is an If-Match header (RFC 9110 §13.1.1): the versions a change may start from. The
// zero condition allows all. Tags are compared weakly, as RFC 7644 §3.14 has it.
type condition struct {
	any  bool
	tags []string
}

var errPrecondition = &Refusal{Status: 412, Detail: "the resource has another version than If-Match names; read it and try again"}

func ifMatch(h http.Header) condition { return readCondition(h.Values("If-Match")) }

func readCondition(values []string) condition {
	var c condition
	for _, v := range values {
		for v != "" {
			var tag string
			switch tag, v = cutTag(v); tag {
			case "":
			case "*":
				c.any = true
			default:
				c.tags = append(c.tags, opaque(tag))
			}
		}
	}
	return c
}

// cutTag cuts a list at its first comma that is not within quotes: a version may have one.
func cutTag(list string) (tag, rest string) {
	quoted := false
	for i := range len(list) {
		switch {
		case list[i] == '"':
			quoted = !quoted
		case list[i] == ',' && !quoted:
			return strings.TrimSpace(list[:i]), list[i+1:]
		}
	}
	return strings.TrimSpace(list), ""
}

// opaque strips W/ and quotes; a bare version, as some clients send it, is left as it is.
func opaque(tag string) string {
	return strings.Trim(strings.TrimPrefix(tag, "W/"), `"`)
}

func (c condition) given() bool { return len(c.tags) > 0 }

func (c condition) names(version string) bool {
	for _, t := range c.tags {
		if t == version {
			return true
		}
	}
	return false
}

func (c condition) allows(version string) bool { return c.any || !c.given() || c.names(version) }
