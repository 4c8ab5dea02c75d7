package provider

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxDomains bounds [Provider.Domains]: customers have a dozen.
const maxDomains = 100

// maxDomain and maxLabel bound a domain and what is between its dots, in bytes (RFC 1035 §2.3.4).
const (
	maxDomain = 253
	maxLabel  = 63
)

// NormalizeDomain returns the form in which domains are kept and compared: in lower case, ASCII
// (IDNA 2008, RFC 5891), without an "@" before it. Sub-domains are domains of their own.
func NormalizeDomain(text string) (string, error) {
	given := text
	text = strings.TrimPrefix(strings.TrimSpace(text), "@")
	if len(text) > 4*maxDomain {
		return "", fmt.Errorf("a domain has up to %d characters", maxDomain)
	}
	// IDNA passes over what cannot be seen; here it makes another name.
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cf, r) }) {
		return "", fmt.Errorf("%q is not a domain, such as example.com", shorten(strings.ToValidUTF8(given, "?")))
	}
	domain, err := idna.Lookup.ToASCII(text)
	if err != nil || domain == "" || len(domain) > maxDomain || strings.HasSuffix(domain, ".") || !isHost(domain) {
		return "", fmt.Errorf("%q is not a domain, such as example.com", shorten(given))
	}
	return strings.ToLower(domain), nil
}

// isHost reports whether a text has the characters of a host name: ToASCII lets others through.
func isHost(s string) bool {
	for _, label := range strings.Split(s, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
		for i := range len(label) {
			if c := label[i]; c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
				return false
			}
		}
	}
	return true
}

// domainOf returns the domain of a user name, normalised; "" if it has none.
func domainOf(userName string) string {
	i := strings.LastIndexByte(userName, '@')
	if i < 0 {
		return ""
	}
	domain, err := NormalizeDomain(userName[i+1:])
	if err != nil {
		return ""
	}
	return domain
}

// normalizeDomains returns the domains of a provider, each once, sorted.
func normalizeDomains(list []string) ([]string, error) {
	if len(list) > maxDomains {
		return nil, &Problem{Code: ProblemDomain, Detail: fmt.Sprintf("A provider has up to %d domains, not %d.", maxDomains, len(list))}
	}
	var domains []string
	for _, text := range list {
		domain, err := NormalizeDomain(text)
		if err != nil {
			return nil, &Problem{Code: ProblemDomain, Detail: capital(err.Error()) + "."}
		}
		domains = append(domains, domain)
	}
	slices.Sort(domains)
	return slices.Compact(domains), nil
}

// shorten returns a text that fits in a sentence.
func shorten(text string) string {
	const most = 80
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}

// capital returns a sentence with a capital letter at its beginning.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
