package saml

import (
	"errors"
	"fmt"
	"strings"
)

// Limits on the metadata that is read. That of the largest single identity providers has 100 KiB, and
// lists of a few hundred fit as well.
const (
	maxMetadata         = 2 << 20 // bytes
	maxMetadataElements = 50_000
	maxMetadataKeys     = 16   // of one identity provider, each may have to be tried; Entra ID has up to 6
	maxEntityID         = 1024 // bytes (SAML metadata §2.2.1)
	maxLocation         = 2048 // bytes of the URL of an endpoint
	maxNames            = 20   // entity IDs that a refusal lists
)

// MetadataOptions say how metadata is read. The zero value reads what [ParseMetadata] does.
type MetadataOptions struct {
	// EntityID chooses one identity provider; "" = the only one in the document.
	EntityID string
	// SignedBy is a certificate, as DER, PEM or base64. If it is set, the metadata is taken only if
	// its key has signed the element EntityDescriptor, or one around it. The dates of the
	// certificate do not count: it was chosen by whoever set it.
	SignedBy []byte
	// AllowLoopback accepts http at localhost, 127.0.0.0/8 and ::1, for identity providers that
	// run beside a test.
	AllowLoopback bool
}

// ParseMetadata reads the metadata of an identity provider (SAML metadata §2): an EntityDescriptor,
// or EntitiesDescriptor with the one that has the entity ID, or with only one that is an identity
// provider if entityID is "". Errors are [*Error], with a [*NotMetadata] in them if it is something
// else that was given.
//
// It looks at no clock: see [Metadata.ValidAt] and [Metadata.Expiring].
func ParseMetadata(data []byte, entityID string) (*Metadata, error) {
	return MetadataOptions{EntityID: entityID}.Parse(data)
}

// Parse reads metadata as [ParseMetadata] does.
func (o MetadataOptions) Parse(data []byte) (*Metadata, error) {
	if len(data) > maxMetadata {
		return nil, refuse(MetadataParse, fmt.Sprintf("at most %d bytes", maxMetadata), fmt.Sprintf("%d bytes", len(data)))
	}
	root, err := parseXML(data, xmlLimits{elements: maxMetadataElements, metadata: true})
	if err != nil {
		return nil, o.notXML(data, err)
	}
	entity, role, err := o.choose(root)
	if err != nil {
		return nil, err
	}
	if err := o.checkSignature(entity); err != nil {
		return nil, err
	}
	m := &Metadata{entityID: entityName(entity)}
	if err := m.readValidity(role); err != nil {
		return nil, err
	}
	if err := m.readRole(role, o.AllowLoopback); err != nil {
		return nil, err
	}
	return m, nil
}

// notXML says what was given, if it can be told, and else where the document is wrong.
func (o MetadataOptions) notXML(data []byte, cause error) error {
	if given := recognize(data); given != nil {
		return notMetadata(MetadataParse, given)
	}
	e := refuse(MetadataParse, "a document of SAML metadata", "")
	if x, ok := errors.AsType[*xmlError](cause); ok {
		e.Report.Checks[0].Actual = fmt.Sprintf("%s at byte %d", x.rule, x.offset)
	}
	e.Cause = cause
	return e
}

// checkSignature wants the pinned key to have signed the entity, or an element around it: in what it
// has not signed, anything may stand.
func (o MetadataOptions) checkSignature(entity *node) error {
	if len(o.SignedBy) == 0 {
		return nil
	}
	key, err := readKey(o.SignedBy)
	if err != nil {
		return refuse(ConfigInvalid, "a certificate in MetadataOptions.SignedBy", err.Error())
	}
	var first error
	for n := entity; n != nil; n = n.parent {
		_, err := verifyEnveloped(n, []Key{key}, false)
		if err == nil {
			return nil
		}
		if verdict, ok := errors.AsType[*Error](err); first == nil || ok && verdict.Code != SignatureMissing {
			first = err
		}
	}
	return first
}

// A candidate is an EntityDescriptor, and its role as an identity provider of SAML 2.0.
type candidate struct {
	entity, role *node
}

// choose returns the entity that is meant, and its IDPSSODescriptor.
func (o MetadataOptions) choose(root *node) (entity, role *node, err error) {
	if !root.is(nsMetadata, "EntityDescriptor") && !root.is(nsMetadata, "EntitiesDescriptor") {
		return nil, nil, notMetadata(MetadataParse, recognizeRoot(root))
	}
	var named, idps []candidate
	for _, e := range entities(root, nil) {
		role, err := idpRole(e)
		if err != nil {
			return nil, nil, err
		}
		c := candidate{e, role}
		if role != nil {
			idps = append(idps, c)
		}
		if o.EntityID != "" && entityName(e) == o.EntityID {
			named = append(named, c)
		}
	}
	c, err := o.oneOf(root, named, idps)
	return c.entity, c.role, err
}

// oneOf returns the entity with the name that is wanted, or the only identity provider.
func (o MetadataOptions) oneOf(root *node, named, idps []candidate) (candidate, error) {
	from := idps
	if o.EntityID != "" {
		from = named
	}
	switch {
	case len(from) == 1 && from[0].role == nil:
		return candidate{}, notMetadata(MetadataNoIdP, recognizeEntity(from[0].entity))
	case len(from) == 1:
		return from[0], nil
	case len(named) > 1:
		return candidate{}, refuse(MetadataParse, "one EntityDescriptor for "+received(o.EntityID), fmt.Sprintf("%d of them", len(named)))
	case o.EntityID != "" && len(idps) == 1:
		return candidate{}, refuse(MetadataEntityChanged, o.EntityID, entityName(idps[0].entity))
	case o.EntityID != "" && len(idps) > 0:
		return candidate{}, refuse(MetadataNoIdP, o.EntityID, entityNames(idps))
	case len(idps) > 0:
		return candidate{}, refuse(MetadataNoIdP, "the entity ID of one of several identity providers", entityNames(idps))
	}
	return candidate{}, notMetadata(MetadataNoIdP, recognizeEntity(root))
}

// entityNames lists entities, as many as fit.
func entityNames(of []candidate) string {
	var names []string
	for _, c := range of[:min(len(of), maxNames)] {
		names = append(names, entityName(c.entity))
	}
	return fmt.Sprintf("%d: %s", len(of), strings.Join(names, ", "))
}

// entities appends the EntityDescriptors in an element (SAML metadata §2.3.1, §2.3.2).
func entities(n *node, to []*node) []*node {
	if n.is(nsMetadata, "EntityDescriptor") {
		return append(to, n)
	}
	for _, c := range n.elements() {
		if c.is(nsMetadata, "EntityDescriptor") || c.is(nsMetadata, "EntitiesDescriptor") {
			to = entities(c, to)
		}
	}
	return to
}

// entityName returns the entityID.
func entityName(entity *node) string {
	id, _ := entity.attr("entityID")
	return strings.Trim(id, xmlSpaces)
}

// idpRole returns the role as an identity provider of SAML 2.0; nil = it has none. Roles of other
// protocols, and a service provider beside it, do not matter.
func idpRole(entity *node) (*node, error) {
	var role *node
	for _, c := range entity.elements() {
		if !c.is(nsMetadata, "IDPSSODescriptor") || !speaksSAML2(c) {
			continue
		}
		if role != nil {
			return nil, refuse(MetadataParse, "one IDPSSODescriptor of SAML 2.0", "two of them in "+entityName(entity))
		}
		role = c
	}
	return role, nil
}

// speaksSAML2 reports whether SAML 2.0 is among the protocols of a role.
func speaksSAML2(role *node) bool {
	protocols, _ := role.attr("protocolSupportEnumeration")
	for _, p := range strings.Fields(protocols) {
		if p == nsProtocol {
			return true
		}
	}
	return false
}
