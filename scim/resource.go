package scim

import (
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
)

// A TenantID names one tenant of the host. It is an argument of every store call.
type TenantID string

// Meta is what every resource has (RFC 7643 §3.1), and to whom it belongs.
type Meta struct {
	// ID is the store's: at most 64 bytes, stable, never given to another resource. The engine
	// proposes a time-ordered one when it creates a resource; a store may choose its own.
	ID string
	// Version is the store's: opaque, and new after every committed change, whoever made it. As an
	// entity tag it is printable ASCII without a quote (RFC 9110 §8.8.3).
	Version string
	// ManagedBy is the identity provider that manages the resource, as in [Principal.Manager];
	// "" means nobody does: it is native to the host.
	ManagedBy string
	// ExternalID is the identifier the managing identity provider uses. It need not be unique.
	ExternalID string
	// Created and LastModified are the engine's, from Config.Now: UTC, whole milliseconds.
	Created, LastModified time.Time
}

// A User is a person (RFC 7643 §4.1, §4.3). In a field of type string, "" means absent.
type User struct {
	Meta
	UserName          string // unique in its tenant under filter.Fold
	Name              Name
	DisplayName       string
	NickName          string
	ProfileURL        string
	Title             string
	UserType          string // the core attribute; the NinjaOne one is NinjaOne.UserType
	PreferredLanguage string
	Locale            string
	Timezone          string
	Emails            []MultiValue
	PhoneNumbers      []MultiValue
	IMs               []MultiValue
	Photos            []MultiValue
	Addresses         []Address
	Entitlements      []MultiValue
	Roles             []MultiValue
	X509Certificates  []MultiValue // Value is base64
	Enterprise        Enterprise
	NinjaOne          extension.User
	// Extensions holds the attributes of the schemas the host registered, by URN as registered.
	Extensions map[string]Object
	Active     bool

	// SSO, Administrator and Adopted are facts of the host without a form on the wire: whether
	// the user signs in through an identity provider, administers the tenant, and was native
	// before an identity provider took it over. Nothing here ever changes Administrator.
	SSO, Administrator, Adopted bool
}

// A Name is the name of a person (RFC 7643 §4.1.1).
type Name struct {
	Formatted, FamilyName, GivenName, MiddleName, HonorificPrefix, HonorificSuffix string
}

// A MultiValue is one value of a multi-valued attribute (RFC 7643 §2.4). Primary is false unless
// the identity provider said otherwise, and answers always show it.
type MultiValue struct {
	Value, Display, Type string
	Primary              bool
}

// An Address is a postal address (RFC 7643 §4.1.2).
type Address struct {
	Formatted, StreetAddress, Locality, Region, PostalCode, Country, Type string
	Primary                                                               bool
}

// Enterprise is the enterprise extension of a user (RFC 7643 §4.3).
type Enterprise struct {
	EmployeeNumber, CostCenter, Organization, Division, Department string
	Manager                                                        Manager
}

// A Manager is the manager of a user: Value is an ID the identity provider chose, usually one of
// ours. DisplayName is the host's to fill; identity providers cannot write it.
type Manager struct {
	Value, Ref, DisplayName string
}

// A Group is a group (RFC 7643 §4.2) without its members, which travel beside it: there may be
// 100,000 of them.
type Group struct {
	Meta
	DisplayName string // unique under filter.Fold among the groups of its manager
	Extensions  map[string]Object
}

// A Member is one member of a group, or one group of a user.
type Member struct {
	Value   string // the ID
	Display string // "" = unknown
}

// An Object holds attributes by name. Its values are string, bool, int64, float64, time.Time,
// []byte, Object, and []any of these; nothing else.
type Object map[string]any
