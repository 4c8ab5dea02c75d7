package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// What a fetch of metadata may cost.
const (
	fetchTimeout = 10 * time.Second // an administrator waits for it
	maxRedirects = 3
	maxFetchURL  = 2048 // characters
	maxHeader    = 64 << 10
)

// errNotModified says that a document is the one that is known.
var errNotModified = errors.New("provider: the metadata has not changed")

// errAddress is the only thing said about an address that is not connected to: what is behind it is
// nobody's business.
var errAddress = errors.New("the name leads to an address that is not public")

// A fetched is a document and the tag that its server gave it.
type fetched struct {
	data []byte
	etag string
}

// fetch reads a document of metadata. This is the only connection that the package opens.
//
// It speaks https, or http to a loopback address if the host allows that; it connects to public
// addresses and the host's own alone, which is checked when the name was resolved and the connection
// is made; it follows three redirects by the same rules, and reads 2 MiB in ten seconds.
func (s *Service) fetch(ctx context.Context, address, etag string) (f fetched, err error) {
	began := s.config.Now()
	defer func() { s.measure.fetch(ctx, err == nil || errors.Is(err, errNotModified), s.config.Now().Sub(began)) }()
	if err := s.checkFetch(address); err != nil {
		return fetched{}, unfetched(fmt.Sprintf("%q cannot be read: %v.", shorten(address), err), err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fetched{}, unfetched("This is not a URL.", err)
	}
	request.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml, */*;q=0.1")
	request.Header.Set("User-Agent", "Gatehouse")
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	client := s.fetcher()
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return fetched{}, unfetched(s.whyNot(address, err), err)
	}
	defer response.Body.Close()
	return readFetched(response, etag)
}

// readFetched reads the answer to a fetch.
func readFetched(response *http.Response, etag string) (fetched, error) {
	switch {
	case response.StatusCode == http.StatusNotModified && etag != "":
		return fetched{}, errNotModified
	case response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden:
		return fetched{}, unfetched(fmt.Sprintf("The server answered %s: the URL needs a sign-in. Use the URL that your identity provider calls the metadata URL, or upload the file.", response.Status), nil)
	case response.StatusCode != http.StatusOK:
		return fetched{}, unfetched(fmt.Sprintf("The server answered %s. Check the URL, or upload the file.", response.Status), nil)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxMetadata+1))
	if err != nil {
		return fetched{}, unfetched("The server began to answer and did not end within ten seconds, or broke off.", err)
	}
	if len(data) > maxMetadata {
		return fetched{}, unfetched("The document is larger than 2 MiB. Metadata of a whole federation is not read: use the URL of your identity provider's own.", nil)
	}
	etag = response.Header.Get("ETag")
	if len(etag) > 256 {
		etag = ""
	}
	return fetched{data, etag}, nil
}

func unfetched(detail string, cause error) error {
	return &Problem{Code: ProblemFetch, Detail: detail, Cause: cause}
}

// checkFetch says what is wrong with a URL before anything is connected to.
func (s *Service) checkFetch(address string) error {
	if len(address) > maxFetchURL {
		return fmt.Errorf("a URL has up to %d characters", maxFetchURL)
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return errors.New("it is not a URL, such as https://login.example.com/metadata")
	}
	return s.checkHop(u)
}

// checkHop says why a URL, or one that was redirected to, is not asked.
func (s *Service) checkHop(u *url.URL) error {
	switch {
	case u.User != nil:
		return errors.New("it has a user name in it")
	case u.Scheme == "https", u.Scheme == "http" && s.config.AllowLoopbackInsecure && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("it is not https")
}

// fetcher returns the client of one fetch: no proxy, no cookies, no connection that is kept.
func (s *Service) fetcher() *http.Client {
	dialer := &net.Dialer{Timeout: fetchTimeout, ControlContext: s.control}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    fetchTimeout,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.fetchRoots},
			DisableKeepAlives:      true,
			DisableCompression:     true, // what was asked for is what is read: bounded as it comes
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("it was redirected more than %d times", maxRedirects)
			}
			if err := s.checkHop(request.URL); err != nil {
				return fmt.Errorf("it was redirected, and %w", err)
			}
			request.Header.Del("Referer")
			return nil
		},
	}
}

// control is called with the address that a connection is made to, when the name has been resolved.
func (s *Service) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !s.connects(to.Addr()) {
		return errAddress
	}
	return nil
}

// connects reports whether an address may be connected to.
func (s *Service) connects(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for _, network := range s.config.Networks {
		if network.Contains(ip) {
			return true
		}
	}
	if s.config.AllowLoopbackInsecure && ip.IsLoopback() {
		return true
	}
	return isPublic(ip)
}

// special are the networks that are not the internet, or lead to others through an address in them
// (the special-purpose registries of IANA, RFC 6890).
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)

// global is where public addresses of IPv6 are, and hidden what in it is none: tunnels with an address
// of IPv4 in them, benchmarks, documentation.
var (
	global = prefixes("2000::/3")
	hidden = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// isPublic reports whether an address is one of the internet.
func isPublic(ip netip.Addr) bool {
	if !ip.IsValid() {
		return false
	}
	if ip.Is4() {
		return !within(special, ip)
	}
	return within(global, ip) && !within(hidden, ip)
}

func within(list []netip.Prefix, ip netip.Addr) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// whyNot says to an administrator why a document could not be fetched.
func (s *Service) whyNot(address string, err error) string {
	host := address
	if u, e := url.Parse(address); e == nil {
		host = u.Hostname()
	}
	dns, isDNS := errors.AsType[*net.DNSError](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	timeout, isNet := errors.AsType[net.Error](err)
	hop, isHop := errors.AsType[*url.Error](err)
	switch {
	case errors.Is(err, errAddress):
		return fmt.Sprintf("%s is not connected to: %v. Upload the file instead, or have your network allowed by the operator of this service.", shorten(host), errAddress)
	case isDNS && dns.IsNotFound:
		return fmt.Sprintf("There is no server with the name %s.", shorten(host))
	case isCertificate:
		return fmt.Sprintf("The TLS certificate of %s is not trusted: %s", shorten(host), certificateProblem(err))
	case isNet && timeout.Timeout():
		return fmt.Sprintf("%s has not answered within ten seconds.", shorten(host))
	case isHop && strings.Contains(hop.Err.Error(), "redirected"):
		return fmt.Sprintf("The URL cannot be read: %v.", hop.Err)
	}
	return fmt.Sprintf("%s cannot be reached from here. Check the address, or import the metadata as a file.", shorten(host))
}

// certificateProblem says what is wrong with a certificate, in the words of crypto/x509.
func certificateProblem(err error) string {
	if bad, ok := errors.AsType[x509.HostnameError](err); ok {
		return "it is for another name than " + shorten(bad.Host) + "."
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok && bad.Reason == x509.Expired {
		return "it has expired, or is not valid yet."
	}
	return "nobody known has issued it."
}
