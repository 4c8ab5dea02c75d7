package provider

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// maxReturn bounds a return target, in bytes: it travels in a cookie.
const maxReturn = 1024

// isLocalPath reports whether a text is a path of this host, whoever reads it: not the beginning of
// another host, and nothing that browsers mend.
func isLocalPath(text string) bool {
	if len(text) > maxReturn || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "\\") {
		return false
	}
	for _, r := range text {
		if r <= ' ' || r == 0x7f || r > 0x7e {
			return false
		}
	}
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && !strings.HasPrefix(u.Path, "//") && !strings.Contains(u.Path, "\\")
}

// isReturn reports whether a sign-in may end at a target: a path of this host, or what the host allows.
func (s *Service) isReturn(text string) bool { return isLocalPath(text) || s.isForeign(text) }

// isForeign reports whether a target is at an origin, or an app link, that the host allows.
func (s *Service) isForeign(text string) bool {
	if text == "" || len(text) > maxReturn || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	if u.Host != "" && slices.Contains(s.config.Returns, u.Scheme+"://"+u.Host) {
		return true
	}
	return slices.Contains(s.config.Returns, u.Scheme+":")
}

// webSchemes cannot be allowed as those of app links: everybody has them.
var webSchemes = []string{"http:", "https:", "javascript:", "data:", "file:", "blob:", "about:", "vbscript:", "ws:", "wss:", "ftp:"}

// checkReturns says what of [Config.Returns] cannot be meant.
func checkReturns(list []string) error {
	for _, text := range list {
		scheme, rest, found := strings.Cut(text, ":")
		if found && rest == "" {
			if scheme == "" || scheme != strings.ToLower(scheme) || slices.Contains(webSchemes, text) {
				return fmt.Errorf("provider: Config.Returns: %q is not the scheme of an app link", text)
			}
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != text || u.Scheme != "https" && !isLoopback(u.Hostname()) {
			return fmt.Errorf("provider: Config.Returns: %q is not an origin such as https://app.example.com", text)
		}
	}
	return nil
}
