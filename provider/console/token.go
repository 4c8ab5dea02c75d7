package console

import (
	"net/url"

	"github.com/seed-30109bde/gatehouse/provider"
)

// A tokenRow is a token in the list.
type tokenRow struct {
	provider.Token
	Good bool
}

// A secretData is a page that shows a secret, this once.
type secretData struct {
	providerData
	Secret string
	Token  provider.Token
}

func (c *call) askToken() error {
	return c.ask("scim", askData{Heading: "Generate a secret token", Action: "/scim/token", Button: "Generate token",
		Text: "The token is shown once. One that is good already stays good: enter the new one at the identity provider, see that its connection test comes here, and revoke the old one then."})
}

func (c *call) newToken() error {
	proofs, err := c.prove(provider.ActionNewToken)
	if err != nil {
		return err
	}
	return c.makeToken(proofs[0])
}

// makeToken makes a token and shows it.
func (c *call) makeToken(proof provider.Proof) error {
	secret, token, err := c.service.NewToken(c.ctx(), c.actor, c.id, proof)
	if err != nil {
		return err
	}
	d, err := c.providerData("scim")
	if err != nil {
		return err
	}
	return c.render("token", d.title(), "providers", secretData{d, secret.Reveal(), token})
}

func (c *call) askRevoke() error {
	return c.ask("scim", askData{Heading: "Revoke a token", Action: "/scim/tokens/" + url.PathEscape(c.r.PathValue("token")) + "/revoke", Button: "Revoke token", Danger: true,
		Text: "The identity provider is refused at once if it still uses this token."})
}

func (c *call) revokeToken() error {
	proofs, err := c.prove(provider.ActionRevokeToken)
	if err != nil {
		return err
	}
	if err := c.service.RevokeToken(c.ctx(), c.actor, c.id, c.r.PathValue("token"), proofs[0]); err != nil {
		return err
	}
	return c.back("/scim", "revoked")
}
