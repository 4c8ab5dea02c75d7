package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/saml"
)

// A Given is metadata as an administrator gives it, in one of three ways.
type Given struct {
	URL string // where the identity provider publishes it

	// Data is a document that was pasted, or uploaded if File is set.
	Data []byte
	File bool

	// EntityID and SignOnURL, with one certificate or more in DER, PEM or base64, are for an identity
	// provider that publishes none. With URL or Data the EntityID chooses one of several in a document.
	EntityID, SignOnURL string
	Certificates        [][]byte

	// SignedBy is a certificate; if it is set, metadata has to be signed with its key.
	SignedBy []byte
}

// maxMetadata bounds a document of metadata, in bytes: federations are larger, and out of scope.
const maxMetadata = 2 << 20

// A Preview is what an import would bring.
type Preview struct {
	Metadata *saml.Metadata
	Vendor   saml.Vendor // as far as it can be guessed
	Warnings []saml.Warning
	Skipped  []string // signing keys of the document that are not used, and why
	// Change says what differs from what is active; nil if nothing is.
	Change *saml.MetadataChange

	source Source
}

// Preview reads metadata, and changes nothing. The errors are those of [Service.Import].
func (s *Service) Preview(ctx context.Context, a Actor, id ID, g Given) (Preview, error) {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return Preview{}, err
	}
	return s.preview(ctx, &p, g, "")
}

// preview reads metadata for a provider.
func (s *Service) preview(ctx context.Context, p *Provider, g Given, etag string) (Preview, error) {
	metadata, source, err := s.read(ctx, g, etag)
	if err != nil {
		return Preview{}, err
	}
	now := s.now()
	if err := metadata.ValidAt(now); err != nil {
		return Preview{}, badMetadata(err, "This metadata has expired: fetch it again from the identity provider.")
	}
	if metadata.EntityID() == p.EntityID {
		return Preview{}, &Problem{Code: ProblemMetadata, Detail: "This is our own entity ID: what is wanted is the metadata of the identity provider."}
	}
	view := Preview{
		Metadata: metadata, source: source, Skipped: metadata.Skipped(), Warnings: metadata.Expiring(now, ExpirySoon),
		Vendor: saml.GuessVendor(metadata.EntityID(), metadata.SignOn()[0].Location),
	}
	if p.Active == nil {
		return view, nil
	}
	change, err := p.Active.Metadata.Compare(metadata)
	if err != nil {
		return Preview{}, badMetadata(err, fmt.Sprintf(
			"This is the metadata of %q, and the provider is connected to %q. Another identity provider needs another provider here: add one, and delete this one when nobody uses it.",
			shorten(metadata.EntityID()), shorten(p.Active.Metadata.EntityID())))
	}
	view.Change = &change
	return view, nil
}

// read reads metadata from where it is.
func (s *Service) read(ctx context.Context, g Given, etag string) (*saml.Metadata, Source, error) {
	source := Source{At: s.now()}
	options := saml.MetadataOptions{EntityID: g.EntityID, SignedBy: g.SignedBy, AllowLoopback: s.config.AllowLoopbackInsecure}
	ways := 0
	for _, given := range []bool{g.URL != "", len(g.Data) > 0, g.SignOnURL != "" || len(g.Certificates) > 0} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return nil, source, &Problem{Code: ProblemMetadata, Detail: "Give one of the URL of the metadata, the document itself, or entity ID, sign-on URL and certificate."}
	}
	data := g.Data
	switch {
	case g.URL != "":
		source.From, source.URL = SourceURL, g.URL
		fetched, err := s.fetch(ctx, g.URL, etag)
		if err != nil {
			return nil, source, err
		}
		data, source.ETag = fetched.data, fetched.etag
	case len(data) > 0 && g.File:
		source.From = SourceFile
	case len(data) > 0:
		source.From = SourceXML
	default:
		source.From = SourceHand
		metadata, err := options.FromParts(g.SignOnURL, g.Certificates...)
		if err != nil {
			return nil, source, badMetadata(err, "")
		}
		return metadata, source, nil
	}
	if len(data) > maxMetadata {
		return nil, source, &Problem{Code: ProblemMetadata, Detail: "The document is larger than 2 MiB. Metadata of a whole federation is not read: ask for that of your identity provider alone."}
	}
	metadata, err := options.Parse(data)
	if err != nil {
		return nil, source, badMetadata(err, "")
	}
	return metadata, source, nil
}

// badMetadata is the problem of metadata that is refused. The sentence is detail, or the hint for
// what was given instead, or what the code says.
func badMetadata(err error, detail string) error {
	not, isNot := errors.AsType[*saml.NotMetadata](err)
	verdict, isVerdict := errors.AsType[*saml.Error](err)
	switch {
	case detail != "":
	case isNot:
		detail = not.Error()
	case isVerdict:
		detail = reasonOf(verdict)
	default:
		return err
	}
	return &Problem{Code: ProblemMetadata, Detail: capital(detail), Cause: err}
}

// reasonOf returns what a refusal of metadata says to whoever has given it.
func reasonOf(e *saml.Error) string {
	entry := e.Code.Entry()
	if e.Cause != nil {
		return fmt.Sprintf("%s (%v)", entry.Meaning, e.Cause)
	}
	return entry.Meaning
}

// Import reads metadata, which becomes part of the candidate settings: what is active stays as it is.
// It refuses what is no metadata of an identity provider with a sentence that says what to fetch
// instead, metadata that has expired, and that of another identity provider than the active one.
func (s *Service) Import(ctx context.Context, a Actor, id ID, g Given) (Provider, error) {
	p, err := s.config.Store.Provider(ctx, a.Tenant, id)
	if err != nil {
		return Provider{}, err
	}
	view, err := s.preview(ctx, &p, g, "")
	if err != nil {
		return Provider{}, err
	}
	return s.take(ctx, a, id, view)
}

// take makes metadata the candidate of a provider.
func (s *Service) take(ctx context.Context, a Actor, id ID, view Preview) (Provider, error) {
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return Provider{}, err
	}
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		next := &Settings{Metadata: view.Metadata, Source: view.source}
		for _, known := range []*Settings{p.Candidate, p.Active} {
			if known != nil {
				next.Policy = known.clone().Policy
				break
			}
		}
		p.propose(next, u)
		return []Event{{Type: EventImported, Details: map[string]string{
			"from": string(view.source.From), "idp_entity_id": view.Metadata.EntityID(),
		}}}, nil
	})
}

// propose makes settings the candidate. A test that has passed with the same ones stays good.
func (p *Provider) propose(next *Settings, u URLs) {
	for _, known := range []*Settings{p.Candidate, p.Active} {
		if next.Tested == nil && known != nil && known.Tested != nil && known.Tested.Hash == p.hash(next, u) {
			next.Tested = copyOf(known.Tested)
		}
	}
	p.Candidate = next
}

// Refresh fetches the metadata of a provider again from the URL it came from. What has changed becomes
// the candidate, as by [Service.Import], to be tested and saved. changed is false if nothing has.
func (s *Service) Refresh(ctx context.Context, a Actor, id ID) (p Provider, changed bool, err error) {
	if p, err = s.config.Store.Provider(ctx, a.Tenant, id); err != nil {
		return Provider{}, false, err
	}
	set := tested(&p)
	if set == nil || set.Source.From != SourceURL {
		return Provider{}, false, &Problem{Code: ProblemMetadata, Detail: "The metadata of this provider did not come from a URL: import it again."}
	}
	given := Given{URL: set.Source.URL, EntityID: set.Metadata.EntityID()}
	view, err := s.preview(ctx, &p, given, set.Source.ETag)
	if errors.Is(err, errNotModified) {
		return p, false, nil
	}
	if err != nil {
		return Provider{}, false, err
	}
	if change, err := set.Metadata.Compare(view.Metadata); err == nil && change.None() {
		return p, false, nil
	}
	p, err = s.take(ctx, a, id, view)
	return p, err == nil, err
}

// minAuthnAge bounds [SignInPolicy.MaxAuthnAge] from below: a person needs a moment to sign in.
const minAuthnAge = time.Minute

// SetPolicy proposes a sign-in policy: like metadata it is tested before it is saved.
func (s *Service) SetPolicy(ctx context.Context, a Actor, id ID, policy SignInPolicy) (Provider, error) {
	if err := policy.check(); err != nil {
		return Provider{}, err
	}
	u, err := s.urls(ctx, a.Tenant)
	if err != nil {
		return Provider{}, err
	}
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		set := tested(p)
		if set == nil {
			return nil, &Problem{Code: ProblemNoCandidate, Detail: "Import the metadata of the identity provider first."}
		}
		next := set.clone()
		next.Policy, next.Tested = policy, nil
		p.propose(next.clone(), u)
		return []Event{{Type: EventPolicy, Details: policy.details()}}, nil
	})
}

// check says what of a policy cannot be meant.
func (c *SignInPolicy) check() error {
	switch {
	case c.Signed > saml.SignedBoth:
		return &Problem{Code: ProblemPolicy, Detail: "There is no such rule for what has to be signed."}
	case c.MaxAuthnAge != 0 && c.MaxAuthnAge < minAuthnAge:
		return &Problem{Code: ProblemPolicy, Detail: "The age of an authentication is limited to a minute at least, or not at all (0)."}
	case len(c.AuthnContexts) > 10:
		return &Problem{Code: ProblemPolicy, Detail: "Up to 10 authentication contexts can be asked for."}
	}
	return nil
}

// details returns what an event says of a policy: what in it is not as strict as it could be.
func (c *SignInPolicy) details() map[string]string {
	details := map[string]string{"signed": fmt.Sprint(c.Signed)}
	for name, on := range map[string]bool{
		"allow_sha1": c.AllowSHA1Insecure, "allow_rsa15": c.AllowRSA15Insecure,
		"ignore_certificate_dates": c.IgnoreCertificateDatesInsecure, "merge_attributes": c.MergeAttributes,
	} {
		if on {
			details[name] = "true"
		}
	}
	return details
}

// Discard forgets the candidate settings.
func (s *Service) Discard(ctx context.Context, a Actor, id ID) (Provider, error) {
	return s.change(ctx, a, id, "", func(_ context.Context, _ Store, p *Provider) ([]Event, error) {
		if p.Candidate == nil {
			return nil, nil
		}
		p.Candidate = nil
		return []Event{{Type: EventDiscarded}}, nil
	})
}
