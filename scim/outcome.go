package scim

import (
	"net/http"
	"strings"
)

// An Outcome is how a request with a good token was answered, for [Policy.Answered].
type Outcome struct {
	By   Principal
	Type string // "User" or "Group"; "" = the request was for neither
	ID   string // of the resource it was about, or which it has created; "" = none, or not known
	// Name is the userName or displayName: of a create as it was sent, else of the resource as it is
	// stored; "" = not known.
	Name   string
	Status int
	// Refusal is what the client was told, if it was refused.
	Refusal *Refusal
	// Incident is under what the log has what went wrong here; "" = nothing did.
	Incident string
	// Empty says that it was a search that has found nothing.
	Empty bool
}

// about notes which resource the request is about.
func (x *exchange) about(rt *resourceType, res resource) {
	switch r := res.(type) {
	case *User:
		x.outcome.Name = r.UserName
	case *Group:
		x.outcome.Name = r.DisplayName
	}
	x.outcome.Type, x.outcome.ID = rt.name, res.meta().ID
}

// answered tells the policy how a request was answered, unless nobody knows who sent it.
func (x *exchange) answered(r *Refusal) {
	tell := x.h.engine.policy.Answered
	if tell == nil || x.who.Manager == "" {
		return
	}
	x.outcome.By, x.outcome.Refusal = x.who, r
	if x.outcome.Status == 0 {
		x.outcome.Status = http.StatusOK
	}
	if r != nil {
		x.outcome.Status = r.Status
	}
	tell(x.r, x.outcome)
}

// nameIn returns what a body calls its resource, also where nothing else of it can be read.
func (rt *resourceType) nameIn(v jsonValue) string {
	for _, m := range v.list {
		if m.kind == jsonString && (strings.EqualFold(m.key, "userName") || strings.EqualFold(m.key, "displayName") && !rt.members.IsZero()) {
			return m.text
		}
	}
	return ""
}
