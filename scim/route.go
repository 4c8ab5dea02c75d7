package scim

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// route finds the resource type and the id. It answers discovery itself and then returns no type.
func (x *exchange) route() (*resourceType, string, error) {
	path := x.r.URL.EscapedPath()
	if below, ok := strings.CutPrefix(path, urlPath(x.base)); ok && (below == "" || below[0] == '/') {
		path = below
	}
	name, rest, _ := strings.Cut(strings.Trim(path, "/"), "/")
	rest = strings.Trim(rest, "/")
	id, err := url.PathUnescape(rest)
	if err != nil || strings.Contains(rest, "/") && name != "Schemas" { // a URN may have a slash
		return nil, "", x.noSuchPath()
	}
	for _, rt := range x.h.types {
		if "/"+name == rt.endpoint {
			return rt, id, nil
		}
	}
	switch name {
	case "Schemas", "ResourceTypes", "ServiceProviderConfig":
		return nil, "", x.discover(name, id)
	case "Bulk", "Me", ".search":
		return nil, "", &Refusal{Status: http.StatusNotImplemented, Detail: "/" + name + " is not served here; see /ServiceProviderConfig for what is"}
	}
	return nil, "", x.noSuchPath()
}

// urlPath returns the path of an absolute URL without query.
func urlPath(u string) string {
	_, rest, _ := strings.Cut(u, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}

func (x *exchange) noSuchPath() error {
	return &Refusal{Status: http.StatusNotFound, Detail: "nothing is served at this path; the tenant URL is " + x.base + " and below it are /Users and /Groups"}
}

// unserved answers for groups where the host keeps none: reading finds none, since Entra ID's
// connection test asks; writing says what to turn off.
func (x *exchange) unserved(rt *resourceType, id string) error {
	if x.r.Method != http.MethodGet {
		return &Refusal{Status: http.StatusNotImplemented, Detail: "groups are not provisioned here; turn off the provisioning of groups at the identity provider"}
	}
	if id != "" {
		return ErrNotFound
	}
	l, err := x.listing(rt)
	if err != nil {
		return err
	}
	return x.answerList(rt, Page[resource]{}, l, rt.usual)
}

// collection answers /Users and /Groups.
func (x *exchange) collection(rt *resourceType) error {
	switch x.r.Method {
	case http.MethodGet:
		return x.search(rt)
	case http.MethodPost:
		return x.create(rt)
	}
	return x.wrongMethod("GET, POST")
}

// one answers /Users/{id} and /Groups/{id}.
func (x *exchange) one(rt *resourceType, id string) error {
	if id == ".search" {
		return &Refusal{Status: http.StatusNotImplemented, Detail: "/.search is not served here; use a GET with a filter"}
	}
	switch x.r.Method {
	case http.MethodGet:
		return x.read(rt, id)
	case http.MethodPut, http.MethodPatch:
		return x.write(rt, id)
	case http.MethodDelete:
		if err := x.parseQuery(); err != nil {
			return err
		}
		if err := x.h.engine.remove(x.ctx, x.who, rt, id, ifMatch(x.r.Header)); err != nil {
			return err
		}
		x.bare(http.StatusNoContent)
		return nil
	}
	return x.wrongMethod("GET, PUT, PATCH, DELETE")
}

func (x *exchange) wrongMethod(allow string) error {
	x.w.Header().Set("Allow", allow)
	return &Refusal{Status: http.StatusMethodNotAllowed, Detail: fmt.Sprintf("%s is not served here; %s are", shorten(x.r.Method), allow)}
}
