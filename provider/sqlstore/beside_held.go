package sqlstore

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strconv"
	"strings"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

const (
	enterprise = scim.EnterpriseURN + ":"
	ninja      = extension.URN + ":"
)

// heldText says where in a user the texts are that a host may hold. Beside them that is active, and
// the attributes of its own schemas.
var heldText = map[string]func(*scim.User) *string{
	"userName":             func(u *scim.User) *string { return &u.UserName },
	"name.formatted":       func(u *scim.User) *string { return &u.Name.Formatted },
	"name.familyName":      func(u *scim.User) *string { return &u.Name.FamilyName },
	"name.givenName":       func(u *scim.User) *string { return &u.Name.GivenName },
	"name.middleName":      func(u *scim.User) *string { return &u.Name.MiddleName },
	"name.honorificPrefix": func(u *scim.User) *string { return &u.Name.HonorificPrefix },
	"name.honorificSuffix": func(u *scim.User) *string { return &u.Name.HonorificSuffix },
	"displayName":          func(u *scim.User) *string { return &u.DisplayName },
	"nickName":             func(u *scim.User) *string { return &u.NickName },
	"profileUrl":           func(u *scim.User) *string { return &u.ProfileURL },
	"title":                func(u *scim.User) *string { return &u.Title },
	"userType":             func(u *scim.User) *string { return &u.UserType },
	"preferredLanguage":    func(u *scim.User) *string { return &u.PreferredLanguage },
	"locale":               func(u *scim.User) *string { return &u.Locale },
	"timezone":             func(u *scim.User) *string { return &u.Timezone },

	enterprise + "employeeNumber":      func(u *scim.User) *string { return &u.Enterprise.EmployeeNumber },
	enterprise + "costCenter":          func(u *scim.User) *string { return &u.Enterprise.CostCenter },
	enterprise + "organization":        func(u *scim.User) *string { return &u.Enterprise.Organization },
	enterprise + "division":            func(u *scim.User) *string { return &u.Enterprise.Division },
	enterprise + "department":          func(u *scim.User) *string { return &u.Enterprise.Department },
	enterprise + "manager.value":       func(u *scim.User) *string { return &u.Enterprise.Manager.Value },
	enterprise + "manager.$ref":        func(u *scim.User) *string { return &u.Enterprise.Manager.Ref },
	enterprise + "manager.displayName": func(u *scim.User) *string { return &u.Enterprise.Manager.DisplayName },

	ninja + "organizationId": func(u *scim.User) *string { return &u.NinjaOne.OrganizationID },
	ninja + "userType":       func(u *scim.User) *string { return &u.NinjaOne.UserType },
}

// canHold reports whether a host may hold a simple, singular attribute.
func canHold(r filter.Ref) bool {
	ours := r.URN() == "" || strings.HasPrefix(r.String(), enterprise) || strings.HasPrefix(r.String(), ninja)
	return heldText[r.String()] != nil || r.String() == "active" || !ours && !r.Derived()
}

// clear takes what the host holds out of a user, who shares nothing that is changed by it.
func (t *besideTables) clear(u *scim.User) {
	for _, ref := range t.held {
		switch text := heldText[ref.String()]; {
		case text != nil:
			*text(u) = ""
		case ref.String() == "active":
			u.Active = false
		case u.Value(ref, 0).Present():
			u.Extensions = without(u.Extensions, ref)
		}
	}
}

// without returns extensions that lack an attribute they have.
func without(m map[string]scim.Object, r filter.Ref) map[string]scim.Object {
	m = maps.Clone(m)
	o := maps.Clone(m[r.URN()])
	if p := r.Parent(); p.IsZero() {
		delete(o, r.Name())
	} else {
		parts := maps.Clone(o[p.Name()].(scim.Object)) // it has the attribute
		delete(parts, r.Name())
		if o[p.Name()] = parts; len(parts) == 0 {
			delete(o, p.Name())
		}
	}
	if m[r.URN()] = o; len(o) == 0 {
		delete(m, r.URN())
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// version is that of a user: of what is beside the account, and of what is held, so that it is
// another one when the host has changed that.
func (t *besideTables) version(beside string, u *scim.User) string {
	text := make([]byte, 0, 256)
	for _, ref := range t.held {
		v := u.Value(ref, 0)
		s := v.Text
		if s == "" && v.Present() {
			s = ref.Key(v)
		}
		text = strconv.AppendQuote(text, s)
	}
	for _, fact := range []bool{u.SSO, u.Administrator, u.Adopted} {
		text = strconv.AppendBool(text, fact)
	}
	sum := sha256.Sum256(text)
	return beside + "." + hex.EncodeToString(sum[:8])
}

// A besideView is a user as the table beside the accounts has it.
type besideView struct {
	*scim.User
	*besideTables
}

// Len implements [filter.Resource].
func (v besideView) Len(r filter.Ref) int {
	switch {
	case v.isElsewhere(r.String()):
		return 0
	case r.Kind() == filter.Complex && !r.Multi():
		for i := range r.Subs() {
			if v.Len(r.Sub(i)) > 0 {
				return 1
			}
		}
		return 0
	}
	return v.User.Len(r)
}

// Value implements [filter.Resource].
func (v besideView) Value(r filter.Ref, i int) filter.Value {
	if v.isElsewhere(r.String()) {
		return filter.Value{}
	}
	return v.User.Value(r, i)
}

// codec says how users are kept beside accounts.
func (t *besideTables) codec() codec[scim.User] {
	return codec[scim.User]{
		kind: func(*Store) *kind { return t.beside },
		decode: func(document []byte, version string) (scim.User, error) {
			u, err := decodeUser(document, version)
			t.clear(&u) // of what was not held when it was written
			return u, err
		},
		encode: func(u *scim.User) ([]byte, error) {
			beside := *u
			t.clear(&beside)
			return encodeUser(&beside)
		},
		view: func(u *scim.User) (filter.Resource, string) { return besideView{u, t}, u.ID },
		meta: ofUsers.meta,
	}
}
