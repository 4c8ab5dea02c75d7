package main

import (
	"context"
	"errors"
	"strings"

	"github.com/seed-30109bde/gatehouse/provider/sqlstore"
	"github.com/seed-30109bde/gatehouse/scim"
)

// tenant is our one customer, and domain what its people's logins end with. A host of many looks
// domains up that a customer has proven to own.
const (
	tenant = scim.TenantID("acme")
	domain = "@example.com"
)

// adopt lets an identity provider find the users who were there before it, and take them over, if
// their login is of the customer's domain. Administrators stay ours.
func adopt(_ context.Context, p scim.Principal, u scim.User) error {
	if p.Tenant != tenant || !strings.HasSuffix(strings.ToLower(u.UserName), domain) || u.Administrator {
		return scim.ErrNotFound
	}
	return nil
}

// audit notes each change of a user in a table of ours. The row is committed with the change or not
// at all.
func audit(ctx context.Context, stores scim.Stores, c *scim.Change) error {
	tx, ok := sqlstore.In(stores)
	if !ok {
		return errors.New("ownusers: there is no transaction to write the audit in")
	}
	action, subject := "", ""
	switch {
	case c.Adopts:
		action, subject = "adopts", c.After.UserName
	case c.Before == nil && c.After != nil:
		action, subject = "creates", c.After.UserName
	case c.After != nil:
		action, subject = "changes", c.After.UserName
	case c.Before != nil:
		action, subject = "deletes", c.Before.UserName
	default: // a group
		return nil
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO audit (tenant, actor, action, subject) VALUES ($1, $2, $3, $4)",
		string(c.By.Tenant), c.By.Manager, action, subject)
	return err
}
