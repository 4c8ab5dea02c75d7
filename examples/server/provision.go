package main

import (
	"context"
	"errors"

	"github.com/seed-30109bde/gatehouse/provider"
)

// maxRivals bounds how often servers that start at once are in each other's way.
const maxRivals = 5

// provision makes sure that the provider of the demo's token is there and provisions, before the first
// request: what an administrator has done about it since stays.
func (h *host) provision(ctx context.Context, defaultOrganization string) (err error) {
	for range maxRivals {
		err = h.tryProvision(ctx, defaultOrganization)
		_, taken := errors.AsType[*provider.Taken](err)
		if err == nil || !taken && !errors.Is(err, provider.ErrStale) {
			return err
		}
	}
	return err
}

func (h *host) tryProvision(ctx context.Context, defaultOrganization string) error {
	actor := serverActor()
	p, err := h.Provider(ctx, actor, idpID)
	if errors.Is(err, provider.ErrNotFound) {
		p, err = h.Begin(ctx, actor, provider.Draft{ID: idpID, Name: "example.com", EntityID: ourEntityID})
	}
	if err != nil {
		return err
	}
	if len(p.Provisioning.Grants.UserTypes) == 0 { // it has never been enabled
		proof, err := h.Prove(ctx, actor, provider.ActionEnableSCIM, p.ID, h.itself)
		if err != nil {
			return err
		}
		if p, err = h.EnableSCIM(ctx, actor, p.ID, proof); err != nil {
			return err
		}
	}
	if defaultOrganization == "" || p.Provisioning.DefaultOrganization == defaultOrganization {
		return nil
	}
	proof, err := h.Prove(ctx, actor, provider.ActionGrants, p.ID, h.itself)
	if err != nil {
		return err
	}
	v := p.Provisioning
	v.DefaultOrganization = defaultOrganization
	_, err = h.SetGrants(ctx, actor, p.ID, v, proof)
	return err
}
