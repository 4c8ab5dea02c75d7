package providertest

import (
	"encoding/json"
	"fmt"

	"github.com/seed-30109bde/gatehouse/extension"
	"github.com/seed-30109bde/gatehouse/provider"
)

// A directory is how an identity provider speaks: requests of its own for what an administrator does.
type directory struct {
	name   string
	client provider.SetupClient
	test   string // the path of the connection test
	// create is the body of a new user, and of a PUT.
	create func(name, organization, userType string) map[string]any
	// change changes the given name and the organization, takeOver writes to somebody who was here before,
	// and leave deactivates.
	change, takeOver, leave func(user person) request
	group                   func(members ...string) (create string, add request)
}

// A request is one to a resource that is there.
type request struct{ method, body string }

// A person is a user as a directory knows it.
type person struct{ id, name, organization, userType string }

const patchBody = `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [%s]}`

func patchOf(ops string, args ...any) request {
	return request{"PATCH", fmt.Sprintf(patchBody, fmt.Sprintf(ops, args...))}
}

func putOf(body map[string]any) request {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return request{"PUT", string(text)}
}

// entra speaks as Entra ID does without the flag aadOptscim062020: by PATCH, with capital letters, and
// booleans in strings.
var entra = directory{
	name: "Entra ID", client: provider.SetupEntra, test: `/Users?filter=userName eq "9f1c2a34-54a6-4a3e-8ab4-6b8d4ab1b2c9"`,
	create: func(name, organization, userType string) map[string]any {
		return map[string]any{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User", extension.URN}, "externalId": name, "userName": name + "@example.com", "active": true,
			"emails": []any{map[string]any{"primary": true, "type": "work", "value": name + "@example.com"}}, "meta": map[string]any{"resourceType": "User"},
			"name": map[string]any{"givenName": name, "familyName": "Example"}, "roles": []any{},
			extension.URN: map[string]any{"organizationId": organization, "userType": userType},
		}
	},
	change: func(p person) request {
		return patchOf(`{"op": "Replace", "path": "name.givenName", "value": "Augusta"}, {"op": "Replace", "path": "%s:organizationId", "value": %q}`, extension.URN, p.organization)
	},
	takeOver: func(p person) request { return patchOf(`{"op": "Add", "path": "externalId", "value": %q}`, p.name) },
	leave:    func(person) request { return patchOf(`{"op": "Replace", "path": "active", "value": "False"}`) },
	group: func(members ...string) (string, request) {
		return `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"], "externalId": "g", "displayName": "Support", "meta": {"resourceType": "Group"}}`,
			patchOf(`{"op": "Add", "path": "members", "value": [{"$ref": null, "value": %q}, {"$ref": null, "value": %q}]}`, members[0], members[1])
	},
}

// okta speaks as an app integration of Okta does: by PUT of the whole user, with a password that nobody
// asked for.
var okta = directory{
	name: "Okta", client: provider.SetupOkta, test: "/Users?startIndex=1&count=2",
	create: oktaUser,
	change: func(p person) request {
		body := oktaUser(p.name, p.organization, p.userType)
		body["id"], body["name"] = p.id, map[string]any{"givenName": "Augusta", "familyName": "Example"}
		return putOf(body)
	},
	takeOver: func(p person) request { return putOf(oktaUser(p.name, p.organization, p.userType)) },
	leave: func(p person) request {
		body := oktaUser(p.name, p.organization, p.userType)
		body["id"], body["active"] = p.id, false
		return putOf(body)
	},
	group: func(members ...string) (string, request) {
		return `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Support", "members": []}`,
			patchOf(`{"op": "add", "path": "members", "value": [{"value": %q, "display": "grace@example.com"}, {"value": %q, "display": "alice@example.com"}]}`, members[0], members[1])
	},
}

func oktaUser(name, organization, userType string) map[string]any {
	return map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User", extension.URN}, "userName": name + "@example.com",
		"name":   map[string]any{"givenName": name, "familyName": "Example"},
		"emails": []any{map[string]any{"primary": true, "value": name + "@example.com", "type": "work"}}, "displayName": name, "locale": "en-US",
		"externalId": "00u" + name, "groups": []any{}, "password": "9kx2nq7w", "active": true,
		extension.URN: map[string]any{"organizationId": organization, "userType": userType},
	}
}
