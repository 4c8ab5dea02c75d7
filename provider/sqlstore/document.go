package sqlstore

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/scim"
)

// A document is a resource as the database keeps it, in JSON: with the names of RFC 7643 where it
// has them, without the version, and without what is absent. Fields may be added, and never change
// their meaning.

type metaDocument struct {
	ID           string    `json:"id"`
	ManagedBy    string    `json:"managedBy,omitzero"`
	ExternalID   string    `json:"externalId,omitzero"`
	Created      time.Time `json:"created,omitzero"`
	LastModified time.Time `json:"lastModified,omitzero"`
}

type userDocument struct {
	metaDocument
	UserName          string              `json:"userName"`
	Name              nameDocument        `json:"name,omitzero"`
	DisplayName       string              `json:"displayName,omitzero"`
	NickName          string              `json:"nickName,omitzero"`
	ProfileURL        string              `json:"profileUrl,omitzero"`
	Title             string              `json:"title,omitzero"`
	UserType          string              `json:"userType,omitzero"`
	PreferredLanguage string              `json:"preferredLanguage,omitzero"`
	Locale            string              `json:"locale,omitzero"`
	Timezone          string              `json:"timezone,omitzero"`
	Active            bool                `json:"active"`
	Emails            []valueDocument     `json:"emails,omitempty"`
	PhoneNumbers      []valueDocument     `json:"phoneNumbers,omitempty"`
	IMs               []valueDocument     `json:"ims,omitempty"`
	Photos            []valueDocument     `json:"photos,omitempty"`
	Addresses         []addressDocument   `json:"addresses,omitempty"`
	Entitlements      []valueDocument     `json:"entitlements,omitempty"`
	Roles             []valueDocument     `json:"roles,omitempty"`
	X509Certificates  []valueDocument     `json:"x509Certificates,omitempty"`
	Enterprise        enterpriseDocument  `json:"enterprise,omitzero"`
	NinjaOne          ninjaDocument       `json:"ninjaone,omitzero"`
	Extensions        map[string]document `json:"extensions,omitempty"`
	SSO               bool                `json:"sso,omitzero"`
	Administrator     bool                `json:"administrator,omitzero"`
	Adopted           bool                `json:"adopted,omitzero"`
}

type nameDocument struct {
	Formatted       string `json:"formatted,omitzero"`
	FamilyName      string `json:"familyName,omitzero"`
	GivenName       string `json:"givenName,omitzero"`
	MiddleName      string `json:"middleName,omitzero"`
	HonorificPrefix string `json:"honorificPrefix,omitzero"`
	HonorificSuffix string `json:"honorificSuffix,omitzero"`
}

type valueDocument struct {
	Value   string `json:"value,omitzero"`
	Display string `json:"display,omitzero"`
	Type    string `json:"type,omitzero"`
	Primary bool   `json:"primary,omitzero"`
}

type addressDocument struct {
	Formatted     string `json:"formatted,omitzero"`
	StreetAddress string `json:"streetAddress,omitzero"`
	Locality      string `json:"locality,omitzero"`
	Region        string `json:"region,omitzero"`
	PostalCode    string `json:"postalCode,omitzero"`
	Country       string `json:"country,omitzero"`
	Type          string `json:"type,omitzero"`
	Primary       bool   `json:"primary,omitzero"`
}

type enterpriseDocument struct {
	EmployeeNumber string          `json:"employeeNumber,omitzero"`
	CostCenter     string          `json:"costCenter,omitzero"`
	Organization   string          `json:"organization,omitzero"`
	Division       string          `json:"division,omitzero"`
	Department     string          `json:"department,omitzero"`
	Manager        managerDocument `json:"manager,omitzero"`
}

type managerDocument struct {
	Value       string `json:"value,omitzero"`
	Ref         string `json:"$ref,omitzero"`
	DisplayName string `json:"displayName,omitzero"`
}

type ninjaDocument struct {
	OrganizationID string `json:"organizationId,omitzero"`
	UserType       string `json:"userType,omitzero"`
}

type groupDocument struct {
	metaDocument
	DisplayName string              `json:"displayName"`
	Extensions  map[string]document `json:"extensions,omitempty"`
}

func metaOf(m *scim.Meta) metaDocument {
	return metaDocument{m.ID, m.ManagedBy, m.ExternalID, m.Created, m.LastModified}
}

func (d *metaDocument) meta(version string) scim.Meta {
	return scim.Meta{ID: d.ID, Version: version, ManagedBy: d.ManagedBy, ExternalID: d.ExternalID, Created: d.Created, LastModified: d.LastModified}
}

func encodeUser(u *scim.User) ([]byte, error) {
	e := &u.Enterprise
	d := userDocument{
		metaDocument: metaOf(&u.Meta),
		UserName:     u.UserName, Name: nameDocument(u.Name), DisplayName: u.DisplayName, NickName: u.NickName,
		ProfileURL: u.ProfileURL, Title: u.Title, UserType: u.UserType, PreferredLanguage: u.PreferredLanguage,
		Locale: u.Locale, Timezone: u.Timezone, Active: u.Active,
		Emails: toValues(u.Emails), PhoneNumbers: toValues(u.PhoneNumbers), IMs: toValues(u.IMs), Photos: toValues(u.Photos),
		Entitlements: toValues(u.Entitlements), Roles: toValues(u.Roles), X509Certificates: toValues(u.X509Certificates),
		Addresses: mapped(u.Addresses, func(a scim.Address) addressDocument { return addressDocument(a) }),
		Enterprise: enterpriseDocument{e.EmployeeNumber, e.CostCenter, e.Organization, e.Division, e.Department,
			managerDocument(e.Manager)},
		NinjaOne:   ninjaDocument(u.NinjaOne),
		Extensions: toDocuments(u.Extensions),
		SSO:        u.SSO, Administrator: u.Administrator, Adopted: u.Adopted,
	}
	text, err := json.Marshal(&d)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: user %q: %w", u.ID, err)
	}
	return text, nil
}

func decodeUser(text []byte, version string) (scim.User, error) {
	var d userDocument
	if err := json.Unmarshal(text, &d); err != nil {
		return scim.User{}, fmt.Errorf("sqlstore: a document of a user: %w", err)
	}
	e := &d.Enterprise
	return scim.User{
		Meta:     d.meta(version),
		UserName: d.UserName, Name: scim.Name(d.Name), DisplayName: d.DisplayName, NickName: d.NickName,
		ProfileURL: d.ProfileURL, Title: d.Title, UserType: d.UserType, PreferredLanguage: d.PreferredLanguage,
		Locale: d.Locale, Timezone: d.Timezone, Active: d.Active,
		Emails: ofValues(d.Emails), PhoneNumbers: ofValues(d.PhoneNumbers), IMs: ofValues(d.IMs), Photos: ofValues(d.Photos),
		Entitlements: ofValues(d.Entitlements), Roles: ofValues(d.Roles), X509Certificates: ofValues(d.X509Certificates),
		Addresses: mapped(d.Addresses, func(a addressDocument) scim.Address { return scim.Address(a) }),
		Enterprise: scim.Enterprise{EmployeeNumber: e.EmployeeNumber, CostCenter: e.CostCenter, Organization: e.Organization,
			Division: e.Division, Department: e.Department, Manager: scim.Manager(e.Manager)},
		NinjaOne:   extension.User(d.NinjaOne),
		Extensions: ofDocuments(d.Extensions),
		SSO:        d.SSO, Administrator: d.Administrator, Adopted: d.Adopted,
	}, nil
}

func encodeGroup(g *scim.Group) ([]byte, error) {
	text, err := json.Marshal(&groupDocument{metaOf(&g.Meta), g.DisplayName, toDocuments(g.Extensions)})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: group %q: %w", g.ID, err)
	}
	return text, nil
}

func decodeGroup(text []byte, version string) (scim.Group, error) {
	var d groupDocument
	if err := json.Unmarshal(text, &d); err != nil {
		return scim.Group{}, fmt.Errorf("sqlstore: a document of a group: %w", err)
	}
	return scim.Group{Meta: d.meta(version), DisplayName: d.DisplayName, Extensions: ofDocuments(d.Extensions)}, nil
}

func mapped[A, B any](list []A, f func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

func toValues(list []scim.MultiValue) []valueDocument {
	return mapped(list, func(v scim.MultiValue) valueDocument { return valueDocument(v) })
}

func ofValues(list []valueDocument) []scim.MultiValue {
	return mapped(list, func(v valueDocument) scim.MultiValue { return scim.MultiValue(v) })
}
