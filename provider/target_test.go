package provider_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/seed-30109bde/gatehouse/provider"
	"github.com/seed-30109bde/gatehouse/provider/providertest"
	"github.com/seed-30109bde/gatehouse/saml"
	"github.com/seed-30109bde/gatehouse/saml/samltest"
)

// TestServiceProvider sends the whole corpus to a running service: a sign-in for each message.
func TestServiceProvider(t *testing.T) {
	h := providertest.NewHost(t, func(c *provider.Config) { c.Now = time.Now })
	h.Config.Replays = saml.NewMemoryReplays(0, time.Now)
	ring, err := h.Keys.Keys(t.Context(), providertest.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	ring.Decrypt = []provider.DecryptionKey{{Decrypter: samltest.TestDecrypter(), Certificate: samltest.TestKeys().SP.Raw}}
	if err := h.Keys.Set(ring); err != nil {
		t.Fatal(err)
	}
	if h.Service, err = provider.New(h.Config); err != nil {
		t.Fatal(err)
	}
	p, err := h.Begin(t.Context(), providertest.Admin, provider.Draft{Name: "corpus"})
	if err != nil {
		t.Fatal(err)
	}
	params := samltest.TestParams()
	for _, name := range []string{params.NameID, params.Attacker} {
		h.User(providertest.Managed(p.ID, name))
	}
	samltest.TestServiceProvider(t, samltest.Target{
		Client: func() *http.Client { return providertest.Browser(t) },
		Begin:  h.StartURL(p.ID),
		Trust: func(metadata []byte) error {
			m, err := saml.ParseMetadata(metadata, "")
			if err != nil {
				return err
			}
			for {
				stored, err := h.Config.Store.Provider(t.Context(), providertest.Tenant, p.ID)
				if err != nil {
					return err
				}
				stored.Active, stored.Enabled = &provider.Settings{Metadata: m}, true
				if _, err = h.Config.Store.PutProvider(t.Context(), providertest.Tenant, stored); !errors.Is(err, provider.ErrStale) {
					return err
				}
			}
		},
		SignedIn: func(client *http.Client) (string, bool) {
			s, ok := h.Session(client)
			return s.NameID.Value, ok
		},
		ACS: h.URL + "/sso/" + string(p.ID) + "/acs",
	})
}
