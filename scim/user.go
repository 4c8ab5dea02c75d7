package scim

import (
	"slices"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
)

// EnterpriseURN is the schema of [Enterprise].
const EnterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// userFields says where in a User each attribute is. An attribute of the user schemas that is not
// here makes New fail, and a test.
var userFields = slices.Concat(
	metaFields("User", func(u *User) *Meta { return &u.Meta }),
	[]field[User]{
		text1("userName", func(u *User) *string { return &u.UserName }),
		complex1[User]("name"),
		text1("name.formatted", func(u *User) *string { return &u.Name.Formatted }),
		text1("name.familyName", func(u *User) *string { return &u.Name.FamilyName }),
		text1("name.givenName", func(u *User) *string { return &u.Name.GivenName }),
		text1("name.middleName", func(u *User) *string { return &u.Name.MiddleName }),
		text1("name.honorificPrefix", func(u *User) *string { return &u.Name.HonorificPrefix }),
		text1("name.honorificSuffix", func(u *User) *string { return &u.Name.HonorificSuffix }),
		text1("displayName", func(u *User) *string { return &u.DisplayName }),
		text1("nickName", func(u *User) *string { return &u.NickName }),
		text1("profileUrl", func(u *User) *string { return &u.ProfileURL }),
		text1("title", func(u *User) *string { return &u.Title }),
		text1("userType", func(u *User) *string { return &u.UserType }),
		text1("preferredLanguage", func(u *User) *string { return &u.PreferredLanguage }),
		text1("locale", func(u *User) *string { return &u.Locale }),
		text1("timezone", func(u *User) *string { return &u.Timezone }),
		{path: "active", flag: func(u *User, _ int) *bool { return &u.Active }},
	},
	values("emails", func(u *User) *[]MultiValue { return &u.Emails }),
	values("phoneNumbers", func(u *User) *[]MultiValue { return &u.PhoneNumbers }),
	values("ims", func(u *User) *[]MultiValue { return &u.IMs }),
	values("photos", func(u *User) *[]MultiValue { return &u.Photos }),
	addressFields("addresses", func(u *User) *[]Address { return &u.Addresses }),
	values("entitlements", func(u *User) *[]MultiValue { return &u.Entitlements }),
	values("roles", func(u *User) *[]MultiValue { return &u.Roles }),
	values("x509Certificates", func(u *User) *[]MultiValue { return &u.X509Certificates }),
	[]field[User]{
		text1(EnterpriseURN+":employeeNumber", func(u *User) *string { return &u.Enterprise.EmployeeNumber }),
		text1(EnterpriseURN+":costCenter", func(u *User) *string { return &u.Enterprise.CostCenter }),
		text1(EnterpriseURN+":organization", func(u *User) *string { return &u.Enterprise.Organization }),
		text1(EnterpriseURN+":division", func(u *User) *string { return &u.Enterprise.Division }),
		text1(EnterpriseURN+":department", func(u *User) *string { return &u.Enterprise.Department }),
		complex1[User](EnterpriseURN + ":manager"),
		text1(EnterpriseURN+":manager.value", func(u *User) *string { return &u.Enterprise.Manager.Value }),
		text1(EnterpriseURN+":manager.$ref", func(u *User) *string { return &u.Enterprise.Manager.Ref }),
		text1(EnterpriseURN+":manager.displayName", func(u *User) *string { return &u.Enterprise.Manager.DisplayName }),
		text1(extension.URN+":"+extension.OrganizationID, func(u *User) *string { return &u.NinjaOne.OrganizationID }),
		text1(extension.URN+":"+extension.UserType, func(u *User) *string { return &u.NinjaOne.UserType }),
	},
)

func addressFields(path string, at func(*User) *[]Address) []field[User] {
	return []field[User]{
		listOf(path, at),
		listText(path+".formatted", at, func(u *User, i int) *string { return &(*at(u))[i].Formatted }),
		listText(path+".streetAddress", at, func(u *User, i int) *string { return &(*at(u))[i].StreetAddress }),
		listText(path+".locality", at, func(u *User, i int) *string { return &(*at(u))[i].Locality }),
		listText(path+".region", at, func(u *User, i int) *string { return &(*at(u))[i].Region }),
		listText(path+".postalCode", at, func(u *User, i int) *string { return &(*at(u))[i].PostalCode }),
		listText(path+".country", at, func(u *User, i int) *string { return &(*at(u))[i].Country }),
		listText(path+".type", at, func(u *User, i int) *string { return &(*at(u))[i].Type }),
		listFlag(path+".primary", at, func(u *User, i int) *bool { return &(*at(u))[i].Primary }),
	}
}

// Len and Value make a *User a [filter.Resource].
func (u *User) Len(r filter.Ref) int { return fieldLen(userFields, u, u.Extensions, r) }

// Value returns value i of the attribute r. Filters ask mostly for text, which takes the short way.
func (u *User) Value(r filter.Ref, i int) (v filter.Value) {
	f := &userFields[r.Slot()]
	if f.text == nil {
		return fieldValue(userFields, u, u.Extensions, r, i)
	}
	if s := *f.text(u, i); s != "" {
		v.Kind, v.Text = r.Kind(), s
	}
	return v
}

func (u *User) meta() *Meta { return &u.Meta }

func (u *User) set(r filter.Ref, i int, v filter.Value) {
	fieldSet(userFields, u, &u.Extensions, r, i, v)
}

func (u *User) grow(r filter.Ref)       { fieldGrow(userFields, u, &u.Extensions, r) }
func (u *User) cut(r filter.Ref, i int) { fieldCut(userFields, u, u.Extensions, r, i) }

// clone returns a copy that shares nothing that can be changed.
func (u User) clone() User {
	for _, l := range []*[]MultiValue{&u.Emails, &u.PhoneNumbers, &u.IMs, &u.Photos, &u.Entitlements, &u.Roles, &u.X509Certificates} {
		*l = slices.Clone(*l)
	}
	u.Addresses = slices.Clone(u.Addresses)
	u.Extensions = cloneObjects(u.Extensions)
	return u
}

var _ resource = (*User)(nil)
