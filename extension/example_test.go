package extension_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seed-30109bde/gatehouse/extension"
)

// Every spelling of all is welcome, for organizations; a misspelled userType is not.
func Example() {
	rules := extension.Rules{RequireOrganization: true, Resolve: extension.DecimalID}

	u, err := rules.Create(context.Background(), extension.User{OrganizationID: "All"})
	fmt.Printf("%+v %v\n", u, err)

	_, err = rules.Create(context.Background(), extension.User{UserType: "enduser"})
	fmt.Println(err)

	// Output:
	// {OrganizationID:all UserType:endUser} <nil>
	// urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User:userType cannot be "enduser": it must be "Technician" or "endUser", in exactly this spelling
}

// A host that knows its organizations checks the form first, then the existence.
func ExampleRules() {
	organizations := map[string]bool{"7": true, "8": true}
	rules := extension.Rules{
		DefaultOrganization: "7",
		Resolve: func(ctx context.Context, id string) (string, error) {
			id, err := extension.DecimalID(ctx, id)
			if err != nil {
				return "", err
			}
			if !organizations[id] { // which also keeps global end users away
				return "", extension.ErrUnknownOrganization
			}
			return id, nil
		},
	}
	for _, sent := range []string{"8", "", "9"} {
		u, err := rules.Create(context.Background(), extension.User{OrganizationID: sent})
		fmt.Printf("%q: %q, unknown: %t\n", sent, u.OrganizationID, errors.Is(err, extension.ErrUnknownOrganization))
	}

	// Output:
	// "8": "8", unknown: false
	// "": "7", unknown: false
	// "9": "", unknown: true
}

// Removing the userType of a technician makes an end user, who needs an organization.
func ExampleRules_Update() {
	rules := extension.Rules{DefaultOrganization: "7", Resolve: extension.DecimalID}
	before := extension.User{OrganizationID: "helpdesk", UserType: extension.Technician}
	after := extension.User{OrganizationID: "helpdesk"}

	u, err := rules.Update(context.Background(), before, after)
	fmt.Printf("%+v %v\n", u, err)

	// Output: {OrganizationID:7 UserType:endUser} <nil>
}

// The request that deactivates a user may have anything wrong with it.
func ExampleRules_Leave() {
	rules := extension.Rules{RequireOrganization: true, Resolve: extension.DecimalID}
	before := extension.User{OrganizationID: "7", UserType: extension.EndUser}
	after := extension.User{OrganizationID: "", UserType: "none"}

	u, errs := rules.Leave(context.Background(), before, after)
	fmt.Printf("%+v\n", u)
	for _, err := range errs {
		if refusal, ok := errors.AsType[*extension.Error](err); ok {
			fmt.Printf("not taken over: %s %q\n", refusal.Attribute, refusal.Value)
		}
	}

	// Output:
	// {OrganizationID:7 UserType:endUser}
	// not taken over: userType "none"
	// not taken over: organizationId ""
}

func ExampleDecimalID() {
	for _, id := range []string{"42", "ALL", "042"} {
		id, err := extension.DecimalID(context.Background(), id)
		fmt.Printf("%q %t\n", id, err == nil)
	}

	// Output:
	// "42" true
	// "all" true
	// "" false
}

func ExampleSchema() {
	var schema struct {
		ID         string
		Attributes []struct{ Name string }
	}
	if err := json.Unmarshal(extension.Schema(), &schema); err != nil {
		panic(err)
	}
	fmt.Println(schema.ID)
	for _, a := range schema.Attributes {
		fmt.Println(a.Name)
	}

	// Output:
	// urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User
	// organizationId
	// userType
}
