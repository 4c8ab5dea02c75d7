package saml_test

import (
	"crypto"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// A service is a host over package saml: it begins sign-ins, takes their answers, and says who is
// signed in.
type service struct {
	url      string
	now      func() time.Time
	mu       sync.Mutex
	sp       *saml.ServiceProvider
	sessions map[string]string // NameID by cookie
}

// trust makes the service believe an identity provider.
func (s *service) trust(metadata []byte) error {
	m, err := saml.ParseMetadata(metadata, "")
	if err != nil {
		return err
	}
	sp, err := saml.New(saml.Config{
		EntityID: s.url, IdP: m, ACS: []string{s.url + "/acs"}, Now: s.now, Replays: saml.NewMemoryReplays(1_000, s.now),
		Decrypt: []crypto.Decrypter{samltest.TestDecrypter()}, Seal: [][]byte{testSeal},
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sp = sp
	return nil
}

func (s *service) provider() *saml.ServiceProvider {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sp
}

// ServeHTTP is the whole service.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /sign-in":
		s.begin(w, r)
	case "POST /acs":
		s.answer(w, r)
	case "GET /me":
		if c, err := r.Cookie("session"); err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			io.WriteString(w, s.sessions[c.Value])
		}
	default:
		http.NotFound(w, r)
	}
}

func (s *service) begin(w http.ResponseWriter, r *http.Request) {
	m, err := s.provider().Start(saml.Request{})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "pending", Value: m.Pending, Path: "/acs", HttpOnly: true})
	http.Redirect(w, r, m.URL, http.StatusFound)
}

func (s *service) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(saml.MaxForm(0))))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	response, err := saml.ReadForm(body)
	if err == nil {
		response.PostedTo = s.url + "/acs"
		if c, e := r.Cookie("pending"); e == nil {
			response.Pending = []string{c.Value}
		}
		var a *saml.Assertion
		if a, err = s.provider().Validate(r.Context(), response); err == nil {
			id := rand.Text()
			s.mu.Lock()
			s.sessions[id] = a.NameID().Value
			s.mu.Unlock()
			http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true})
			return
		}
	}
	http.Error(w, err.Error(), http.StatusForbidden)
}

// TestService sends the whole corpus to a running service, each message in a sign-in of its own.
func TestService(t *testing.T) {
	p := samltest.TestParams()
	s := &service{now: func() time.Time { return p.Now }, sessions: map[string]string{}}
	server := httptest.NewServer(s)
	defer server.Close()
	s.url = server.URL
	samltest.TestServiceProvider(t, samltest.Target{
		Client: func() *http.Client {
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			return &http.Client{Jar: jar}
		},
		Begin: s.url + "/sign-in", Trust: s.trust, Now: s.now,
		SignedIn: func(client *http.Client) (string, bool) {
			answer, err := client.Get(s.url + "/me")
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			name, err := io.ReadAll(answer.Body)
			return string(name), err == nil && len(name) > 0
		},
	})
}
