package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzReturn: whatever is taken for a path of this host leads to this host, by the rules of net/url and
// by those of browsers, who take a backslash for a slash and pass over tabs and line ends.
func FuzzReturn(f *testing.F) {
	for _, seed := range []string{"/", "/app?x=y#z", "//evil.example", "/\\evil.example", "/\t/evil.example", "/%2fevil", "/%5cevil", "https://evil.example", "/..//evil.example", "/./\\evil"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://app.example.com/sso/x/acs")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if !isLocalPath(target) {
			return
		}
		browser := strings.NewReplacer("\t", "", "\r", "", "\n", "", "\\", "/").Replace(strings.Trim(target, " \x00"))
		for _, text := range []string{target, browser} {
			to, err := base.Parse(text)
			if err != nil || to.Host != base.Host || to.Scheme != "https" || to.User != nil || strings.HasPrefix(text, "//") {
				t.Errorf("%q leads to %v, %v", target, to, err)
			}
		}
		if strings.ContainsAny(target, "\r\n") || len(target) > maxReturn {
			t.Errorf("%q cannot stand in a header or a cookie", target)
		}
	})
}

// FuzzDomain: a domain that was normalised is what it is normalised to, and that of a user name with it.
func FuzzDomain(f *testing.F) {
	for _, seed := range []string{"example.com", "@Müller.EXAMPLE", "xn--mller-kva.example", "a@b@c.example", "ß.example", "İ.example", "。", "xn--zzzzzz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		domain, err := NormalizeDomain(text)
		if err != nil {
			return
		}
		if again, err := NormalizeDomain(domain); err != nil || again != domain {
			t.Errorf("%q is %q, and that is %q, %v", text, domain, again, err)
		}
		if got := domainOf("somebody@" + domain); got != domain {
			t.Errorf("the domain of somebody@%s is %q", domain, got)
		}
		if len(domain) > maxDomain || domain != strings.ToLower(domain) || strings.ContainsAny(domain, "@/: ") {
			t.Errorf("%q is normalised to %q", text, domain)
		}
	})
}

// FuzzCookies: what a browser sends as cookies is read without a panic, bounded, and said to be nobody's
// provider but the one in it.
func FuzzCookies(f *testing.F) {
	f.Add("gatehouse-0011=s.abc.p..sealed; gatehouse-0022=t.abc.p.run.sealed", "relay")
	f.Add("gatehouse-x=....", "")
	s := &Service{config: Config{AllowLoopbackInsecure: true}}
	f.Fuzz(func(t *testing.T, header, relayState string) {
		r := httptest.NewRequest(http.MethodPost, "http://localhost/sso/p/acs", nil)
		r.Header["Cookie"] = []string{header}
		o := s.answered(r, "p", relayState)
		if len(o.sealed) > maxPending || len(s.pendings(r, "p")) > maxPending {
			t.Errorf("%d requests are pending", len(o.sealed))
		}
		for _, c := range s.pending(r) {
			if len(c.sealed) > maxCookieValue {
				t.Errorf("%d bytes of cookie", len(c.sealed))
			}
		}
		if o.cookie != "" && len(o.sealed) != 1 {
			t.Errorf("the cookie %s is for %d requests", o.cookie, len(o.sealed))
		}
	})
}
