package scimtest

import (
	"fmt"
	"net/url"
	"strings"
)

// foreign returns a resource that another side has or had, and whose it is; nil if there is none.
func (w *worker) foreign(kind string, fixed bool) (*resource, *side) {
	other := w.sides[(w.side.index+1+w.random.IntN(sides-1))%sides]
	return other.some(w.random, kind, fixed), other
}

func (w *worker) someKind() string {
	if w.mixture.groups && w.random.IntN(3) == 0 {
		return "Groups"
	}
	return "Users"
}

// nobody is an ID like another one, of no resource. A short one may be a number, of which the next is
// soon that of somebody.
func nobody(id string) string {
	if len(id) < shortestID {
		return id + "0000000"
	}
	last := "0"
	if strings.HasSuffix(id, last) {
		last = "1"
	}
	return id[:len(id)-1] + last
}

// alike expects to be told the same about what is another's and about what is nobody's.
func (w *worker) alike(theirs, none *exchanged, r *resource, id string) {
	if a, b := theirs.masked(r.id), none.masked(id); a != b {
		w.fail(theirs, "the answer about %q, of another side, is not that about %q, of nobody, which is\n%s", r.id, id, indent(shortened(none.text)))
	}
}

// askByID uses the ID of a resource of another side.
func (w *worker) askByID() {
	r, _ := w.foreign(w.someKind(), false)
	if r == nil {
		return
	}
	none := *r
	none.id = nobody(r.id)
	method := pick(w.random, []string{"GET", "PUT", "PATCH", "DELETE"})
	body := ""
	switch method {
	case "PUT":
		mine := resource{kind: r.kind, mark: w.mark, name: w.canary('v'), external: w.canary('v'), mail: w.canary('v') + "@example.com"}
		body = w.body(&mine).String()
	case "PATCH":
		body = patchOp(object{"op": "replace", "path": "displayName", "value": w.canary('v')})
	}
	var header []string
	if r.etag != "" && w.random.IntN(2) == 0 {
		header = []string{pick(w.random, []string{"If-Match", "If-None-Match"}), r.etag}
	}
	e := w.send(method, pathOf(r), body, header...)
	w.wants(e, 404, "use the ID of another side")
	w.alike(e, w.send(method, pathOf(&none), body, header...), r, none.id)
}

// askByFilter looks for a resource of another side by what it is known by.
func (w *worker) askByFilter() {
	r, _ := w.foreign(w.someKind(), false)
	if r == nil {
		return
	}
	f := []string{fmt.Sprintf("id eq %q", r.id), fmt.Sprintf("externalId eq %q", r.external)}
	if r.kind == "Users" {
		f = append(f, fmt.Sprintf("emails.value eq %q", r.mail), fmt.Sprintf("nickName eq %q", r.mark), fmt.Sprintf(`emails[type eq "work" and value co %q]`, r.mark))
		if !r.common {
			f = append(f, fmt.Sprintf("userName eq %q", r.name), fmt.Sprintf("userName sw %q", r.name))
		}
	} else {
		f = append(f, fmt.Sprintf("displayName eq %q", r.name), fmt.Sprintf("displayName sw %q", r.mark))
	}
	kind := "/" + r.kind
	text := pick(w.random, f)
	if u, _ := w.foreign("Users", false); u != nil && w.mixture.groups && w.random.IntN(3) == 0 {
		kind, text = "/Groups", fmt.Sprintf("members.value eq %q", u.id)
	}
	e := w.send("GET", kind+query("filter", text, "count", "5"), "")
	if w.wants(e, 200, "look for what is another side's") && e.total() != 0 {
		w.fail(e, "%d of another side are found", e.total())
	}
}

// askForMember makes a user of another side a member.
func (w *worker) askForMember() {
	u, _ := w.foreign("Users", true)
	if u == nil || len(w.groups) == 0 {
		return
	}
	g, none := pick(w.random, w.groups), nobody(u.id)
	name := w.mark + " " + w.canary('v')
	add := func(id string) *exchanged {
		return w.send("PATCH", pathOf(g), patchOp(object{"op": "add", "path": "members", "value": []object{{"value": id}}}))
	}
	if w.random.IntN(2) == 0 {
		add = func(id string) *exchanged {
			return w.send("POST", "/Groups", object{"schemas": []string{groupURN}, "displayName": name, "members": []object{{"value": id}}}.String())
		}
	}
	e := add(u.id)
	if e.code < 400 {
		w.fail(e, "a user of another side became a member: got status %d", e.code)
		return
	}
	w.alike(e, add(none), u, none)
}

// askWithVersion changes an own user on the condition of a version of another side's.
func (w *worker) askWithVersion() {
	r, _ := w.foreign("Users", false)
	if r == nil || r.etag == "" || len(w.users) == 0 {
		return
	}
	u := pick(w.random, w.users)
	if u.etag == "" || u.etag == r.etag {
		return
	}
	e := w.send("PATCH", pathOf(u), patchOp(object{"op": "replace", "path": "title", "value": w.canary('v')}), "If-Match", r.etag)
	if !w.wants(e, 412, "change a user on the condition of a version that it does not have") && e.code == 200 {
		w.changed(u, e)
	}
}

// askWithCursor continues a listing of another side. It may be refused, or begin anew.
func (w *worker) askWithCursor() {
	_, other := w.foreign("Users", false)
	other.mu.Lock()
	cursor := ""
	if len(other.cursor) > 0 {
		cursor = pick(w.random, other.cursor)
	}
	other.mu.Unlock()
	if cursor == "" {
		return
	}
	var e *exchanged
	least, most := w.side.count["Users"].during(func() {
		e = w.send("GET", "/Users"+query("cursor", cursor, "count", "20"), "")
	})
	if n := e.total(); e.code == 200 && n >= 0 && (n < least || n > most) {
		w.fail(e, "with a cursor of another side the total is %d, and there are %d to %d", n, least, most)
	}
}

// takeName creates a user of a name that the other provider of the tenant has, which is told as it
// always is.
func (w *worker) takeName() {
	if w.side.index > 1 {
		return
	}
	r := w.sides[1-w.side.index].some(w.random, "Users", true)
	if r == nil {
		return
	}
	mine := resource{kind: "Users", mark: w.mark, name: r.name, external: w.canary('v'), mail: w.canary('v') + "@example.com"}
	e := w.send("POST", "/Users", w.userBody(&mine).String())
	if !w.wants(e, 409, "create a user of a name that is taken") {
		return
	}
	said := e.masked(r.name, strings.ToLower(r.name))
	w.side.mu.Lock()
	defer w.side.mu.Unlock()
	if w.side.taken == "" {
		w.side.taken = said
	}
	if said != w.side.taken {
		w.fail(e, "a name that is taken was answered differently before:\n%s", indent(shortened(w.side.taken)))
	}
}

// ask asks what is the same for all, or wrong, with canaries wherever an answer may repeat them.
func (w *worker) ask() {
	v := w.canary('v')
	quoted := fmt.Sprintf("%q", v)
	switch w.random.IntN(14) {
	case 0:
		w.send("GET", pick(w.random, []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig"}), "")
	case 1:
		w.send("GET", "/Users"+query("filter", "userName zz "+quoted), "")
	case 2:
		w.send("GET", "/Users"+query("filter", v+` eq "x"`), "")
	case 3:
		w.send("GET", "/Users"+query("filter", "displayName co "+fmt.Sprintf("%q", w.canary('f')), "attributes", v), "")
	case 4:
		w.send("GET", "/"+v+"/"+v, "")
	case 5:
		w.send("POST", "/Users", `{"userName": `+quoted+`, "emails": [`)
	case 6:
		w.send("POST", "/Users", object{"schemas": []string{userURN}, "userName": v, "active": "maybe " + v}.String())
	case 7:
		w.send("POST", "/Users", object{"schemas": []string{v}, "displayName": v}.String())
	case 8:
		w.send("GET", "/Users"+query("startIndex", v, "sortBy", v), "")
	case 9:
		w.send("POST", "/Users", object{"userName": 1, "title": v}.String(), "Content-Type", "text/"+v)
	case 10:
		w.send("GET", "/Users"+query("cursor", v), "")
	case 11:
		w.send("GET", "/Users/"+url.PathEscape(v+" é"), "", "If-None-Match", `W/"`+v+`"`)
	case 12:
		w.send(pick(w.random, []string{"POST", "PUT", "OPTIONS"}), pick(w.random, []string{"/Users/.search", "/Bulk", "/Me"}), object{"filter": "userName eq " + quoted}.String())
	case 13:
		w.spoil(v)
	}
}

// spoil sends a PATCH that cannot be carried out to an own user.
func (w *worker) spoil(v string) {
	if len(w.users) == 0 {
		return
	}
	u := pick(w.random, w.users)
	e := w.send("PATCH", pathOf(u), patchOp(pick(w.random, []object{
		{"op": "replace", "path": "emails[type eq " + v, "value": v},
		{"op": "replace", "path": "active", "value": v},
		{"op": v, "path": "title", "value": v},
		{"op": "replace", "path": "id", "value": v},
		{"op": "add", "path": "emails[type eq \"home\"].primary", "value": object{v: v}},
	})))
	if e.code == 200 {
		w.changed(u, e)
	}
}
