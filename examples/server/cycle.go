package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-30109bde/gatehouse/extension"
)

// A cycle is what a provisioning service does when it comes by: it compares the directory with what the server
// has, and sends what is different. It sends the requests that a product sends, in its own spelling.
type cycle struct {
	product product
	base    string // tenant URL, without a slash at its end and without query
	flag    bool   // aadOptscim062020: Entra ID writes PATCH as RFC 7644 has it
	token   string
	client  *http.Client
	run     cycleRun
}

// A product is whose requests are sent.
type product string

// The products.
const (
	productEntra product = "entra"
	productOkta  product = "okta"
)

// String is what the product is called.
func (p product) String() string {
	if p == productOkta {
		return "Okta"
	}
	return "Microsoft Entra ID"
}

// Value is what forms have for it.
func (p product) Value() string { return string(p) }

// A cycleRun is what was sent, and what came of it.
type cycleRun struct {
	Title     string
	Product   product
	Began     time.Time
	Took      time.Duration
	Stopped   string // why it went no further, in a sentence; "" = it was finished
	Exchanges []exchange
	Outcomes  []outcome
}

// Count returns how many people and groups something became of.
func (r *cycleRun) Count(what string) (n int) {
	for _, o := range r.Outcomes {
		if o.What == what {
			n++
		}
	}
	return n
}

// What becomes of a person or a group.
const (
	becameCreated     = "created"
	becameUpdated     = "updated"
	becameDeactivated = "deactivated"
	becameReactivated = "reactivated"
	becameUnchanged   = "unchanged"
	becameSkipped     = "skipped"
	becameFailed      = "failed"
)

// An outcome is what became of a person or a group.
type outcome struct {
	Name     string
	What     string
	Sentence string // why, or what the server has said
}

// An exchange is a request and its answer, without the token.
type exchange struct {
	Purpose string
	Method  string
	URL     string
	Headers []string
	Body    string
	Status  string // with its text; "" = there was no answer
	Failed  bool
	Answer  string
	Took    time.Duration
}

// Limits of a cycle.
const (
	cycleFor    = 90 * time.Second
	maxAnswer   = 1 << 20  // bytes that are read of an answer
	maxShown    = 16 << 10 // and shown
	maxExchange = 1000     // requests of a cycle
)

// redactedToken stands for the token wherever a request or an answer is shown.
const redactedToken = "[the secret token]"

// newCycle returns one that has not sent anything.
func newCycle(p product, base, token string, flag bool) *cycle {
	return &cycle{
		product: p, base: base, token: token, flag: flag,
		client: &http.Client{
			Timeout: 30 * time.Second,
			// It talks to this server alone: through no proxy, and following nobody elsewhere.
			Transport:     &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		run: cycleRun{Product: p, Began: time.Now()},
	}
}

// finish says what came of it. err is why it went no further.
func (c *cycle) finish(title string, err error) cycleRun {
	c.run.Title, c.run.Took = title, time.Since(c.run.Began)
	if err != nil {
		c.run.Stopped = c.redact(err.Error())
	}
	return c.run
}

func (c *cycle) redact(text string) string { return strings.ReplaceAll(text, c.token, redactedToken) }

// test does what "Test connection" does.
func (c *cycle) test(ctx context.Context) error {
	query := "startIndex=1&count=2"
	purpose := "Test the API credentials: the first two users"
	if c.product == productEntra {
		query, purpose = filterQuery("userName", objectID(rand.Text())), "Test connection: somebody who does not exist"
	}
	r, err := c.send(ctx, purpose, http.MethodGet, "/Users?"+query, nil)
	switch {
	case err != nil:
		return err
	case r.status != http.StatusOK || !r.isList():
		return fmt.Errorf("the test did not pass: %s", r.sentence())
	}
	return nil
}

// provision does one cycle for people, and for groups.
func (c *cycle) provision(ctx context.Context, people []employee, groups []string) error {
	ids := map[string]string{} // at the server, by user name
	for _, p := range people {
		id, err := c.person(ctx, p)
		if err != nil {
			return err
		}
		if id != "" {
			ids[p.UserName] = id
		}
	}
	for _, g := range groups {
		if err := c.group(ctx, g, people, ids); err != nil {
			return err
		}
	}
	return nil
}

// became notes what became of somebody.
func (c *cycle) became(name, what, sentence string) {
	c.run.Outcomes = append(c.run.Outcomes, outcome{name, what, c.redact(sentence)})
}

// judge notes what became of somebody whom a request was about, and reports whether it was done.
func (c *cycle) judge(name, what string, r cycleReply) bool {
	if r.status/100 != 2 {
		c.became(name, becameFailed, r.sentence())
		return false
	}
	c.became(name, what, "")
	return true
}

// person brings one to the server. id is theirs there; "" = they are not there.
func (c *cycle) person(ctx context.Context, p employee) (id string, err error) {
	query := filterQuery("userName", p.UserName)
	if c.product == productOkta {
		query += "&startIndex=1&count=100"
	}
	r, err := c.send(ctx, "Look for "+p.UserName, http.MethodGet, "/Users?"+query, nil)
	if err != nil {
		return "", err
	}
	if r.status != http.StatusOK {
		c.became(p.UserName, becameFailed, r.sentence())
		return "", nil
	}
	found := r.first()
	switch {
	case found == nil && !p.InScope():
		why := "not assigned"
		if p.Assigned {
			why = "disabled, and who is disabled is never created"
		}
		c.became(p.UserName, becameSkipped, why)
		return "", nil
	case found == nil:
		return c.create(ctx, p)
	}
	id = textOf(found, "id")
	if !p.InScope() {
		return id, c.deactivate(ctx, p, id, found["active"] == true)
	}
	return id, c.update(ctx, p, id, found)
}

func (c *cycle) create(ctx context.Context, p employee) (string, error) {
	body := entraUser(p, c.flag)
	if c.product == productOkta {
		body = oktaUser(p)
	}
	r, err := c.send(ctx, "Create "+p.UserName, http.MethodPost, "/Users", body)
	if err != nil || !c.judge(p.UserName, becameCreated, r) {
		return "", err
	}
	return textOf(r.body, "id"), nil
}

func (c *cycle) deactivate(ctx context.Context, p employee, id string, isActive bool) error {
	if !isActive {
		c.became(p.UserName, becameUnchanged, "deactivated before")
		return nil
	}
	body := c.patch(c.replace("active", c.boolean(false)))
	if c.product == productOkta {
		body = c.patch(patchOperation{Op: "replace", Value: map[string]any{"active": false}})
	}
	r, err := c.send(ctx, "Deactivate "+p.UserName, http.MethodPatch, "/Users/"+url.PathEscape(id), body)
	if err == nil {
		c.judge(p.UserName, becameDeactivated, r)
	}
	return err
}

func (c *cycle) update(ctx context.Context, p employee, id string, found map[string]any) error {
	what, method, body := becameUpdated, http.MethodPatch, any(nil)
	if found["active"] != true {
		what = becameReactivated
	}
	if c.product == productOkta {
		r, err := c.send(ctx, "Read "+p.UserName, http.MethodGet, "/Users/"+url.PathEscape(id), nil)
		if err != nil {
			return err
		}
		if r.status != http.StatusOK {
			c.became(p.UserName, becameFailed, r.sentence())
			return nil
		}
		if hasChanged(p, r.body) {
			method, body = http.MethodPut, oktaMerged(p, r.body)
		}
	} else if list := c.differences(p, found); len(list) > 0 {
		body = c.patch(list...)
	}
	if body == nil {
		c.became(p.UserName, becameUnchanged, "")
		return nil
	}
	r, err := c.send(ctx, "Update "+p.UserName, method, "/Users/"+url.PathEscape(id), body)
	if err == nil {
		c.judge(p.UserName, what, r)
	}
	return err
}

// Schemas and media type of requests.
const (
	scimMedia        = "application/scim+json"
	patchSchema      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	entraGroupSchema = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
)

// A patchOperation is one of a PATCH.
type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

func (c *cycle) patch(list ...patchOperation) any {
	return map[string]any{"schemas": []string{patchSchema}, "Operations": list}
}

// replace and add spell an operation as the product does.
func (c *cycle) replace(path string, value any) patchOperation {
	return c.spell("Replace", path, value)
}
func (c *cycle) add(path string, value any) patchOperation { return c.spell("Add", path, value) }

func (c *cycle) spell(op, path string, value any) patchOperation {
	if c.flag || c.product == productOkta {
		op = strings.ToLower(op)
	}
	return patchOperation{op, path, value}
}

// boolean is a text at Entra ID unless it is told otherwise.
func (c *cycle) boolean(v bool) any {
	if c.flag {
		return v
	}
	if v {
		return "True"
	}
	return "False"
}

// filterQuery is a query by one attribute, with spaces as both products encode them.
func filterQuery(attribute, value string) string {
	quoted, _ := json.Marshal(value) // a text always has a JSON form
	return "filter=" + strings.ReplaceAll(url.QueryEscape(attribute+" eq "+string(quoted)), "+", "%20")
}

// A cycleReply is what the server has answered.
type cycleReply struct {
	status int
	body   map[string]any // nil if it is no JSON object
}

func (r cycleReply) isList() bool { return r.body != nil && r.body["totalResults"] != nil }

// first returns the first resource of a list, or nil.
func (r cycleReply) first() map[string]any {
	if list, _ := r.body["Resources"].([]any); len(list) > 0 {
		first, _ := list[0].(map[string]any)
		return first
	}
	return nil
}

// sentence is why something was refused.
func (r cycleReply) sentence() string {
	if detail := textOf(r.body, "detail"); detail != "" {
		return detail
	}
	return fmt.Sprintf("The server answered %d %s.", r.status, http.StatusText(r.status))
}

// Errors that end a cycle.
var (
	errCycleToken = errors.New("the server does not accept the token, so the cycle ends here")
	errCycleLong  = errors.New("the cycle has sent as many requests as it may")
)

// send sends a request and notes it with its answer. An error ends the cycle: there was no answer, or the
// token is not good.
func (c *cycle) send(ctx context.Context, purpose, method, target string, body any) (cycleReply, error) {
	if len(c.run.Exchanges) >= maxExchange {
		return cycleReply{}, errCycleLong
	}
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return cycleReply{}, err
		}
	}
	address := c.base + target
	if c.flag {
		separator := "?"
		if strings.Contains(target, "?") {
			separator = "&"
		}
		address += separator + entraFlag
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(sent))
	if err != nil {
		return cycleReply{}, err
	}
	x := exchange{Purpose: purpose, Method: method, URL: c.redact(address), Body: c.shown(sent), Failed: true}
	x.Headers = c.headers(request.Header, body != nil)
	began := time.Now()
	r, answer, err := c.exchange(request)
	x.Took = time.Since(began)
	if err == nil {
		x.Status, x.Failed = fmt.Sprint(r.status, " ", http.StatusText(r.status)), r.status >= http.StatusBadRequest
		x.Answer = c.shown(answer)
	} else {
		x.Answer = c.redact(err.Error())
	}
	c.run.Exchanges = append(c.run.Exchanges, x)
	switch {
	case err != nil:
		return r, fmt.Errorf("the server did not answer: %w", err)
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden:
		return r, fmt.Errorf("%w: %s", errCycleToken, r.sentence())
	}
	return r, nil
}

func (c *cycle) exchange(request *http.Request) (cycleReply, []byte, error) {
	response, err := c.client.Do(request)
	if err != nil {
		return cycleReply{}, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return cycleReply{}, nil, err
	}
	r := cycleReply{status: response.StatusCode}
	_ = json.Unmarshal(answer, &r.body) // what is no object is none
	return r, answer, nil
}

// headers sets those of the product, and returns them as they are shown.
func (c *cycle) headers(h http.Header, hasBody bool) []string {
	h.Set("Authorization", "Bearer "+c.token)
	h.Set("Accept", scimMedia)
	h.Set("User-Agent", "Gatehouse offline identity provider")
	list := []string{"Authorization: Bearer " + redactedToken, "Accept: " + scimMedia}
	if c.product == productOkta {
		h.Set("User-Agent", "Okta SCIM Client 1.0.0")
		h.Set("Accept-Charset", "utf-8")
		list = append(list, "Accept-Charset: utf-8", "User-Agent: Okta SCIM Client 1.0.0")
	}
	if hasBody {
		h.Set("Content-Type", scimMedia+"; charset=utf-8")
		list = append(list, "Content-Type: "+scimMedia+"; charset=utf-8")
	}
	return list
}

// shown is JSON to be read, without the token, and without the password that Okta makes up.
func (c *cycle) shown(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	text := string(data)
	var v any
	if json.Unmarshal(data, &v) == nil {
		if m, ok := v.(map[string]any); ok && m["password"] != nil {
			m["password"] = "[a random password]"
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false) // the page escapes it
		e.SetIndent("", "  ")
		if e.Encode(v) == nil {
			text = strings.TrimSuffix(b.String(), "\n")
		}
	}
	text = c.redact(text)
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "\n…"
	}
	return text
}

// textOf returns a text of an object, "" if it has none.
func textOf(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

// ninjaOne returns the extension of a person, as both products send it.
func ninjaOne(p employee) map[string]any {
	m := map[string]any{}
	if p.Organization != "" {
		m["organizationId"] = p.Organization
	}
	if p.UserType != "" {
		m["userType"] = p.UserType
	}
	return m
}

// A mappedAttribute is one that is mapped: where it is written to, and how it is found in a resource.
type mappedAttribute struct {
	path   string
	wanted string // "" = it is not sent
	is     func(map[string]any) string
}

// mappedOf returns the attributes of a person that are compared, but for active.
func mappedOf(p employee) []mappedAttribute {
	plain := func(name string) func(map[string]any) string {
		return func(m map[string]any) string { return textOf(m, name) }
	}
	in := func(object, name string) func(map[string]any) string {
		return func(m map[string]any) string {
			o, _ := m[object].(map[string]any)
			return textOf(o, name)
		}
	}
	return []mappedAttribute{
		{"displayName", p.DisplayName(), plain("displayName")},
		{"title", p.Title, plain("title")},
		{"name.givenName", p.Given, in("name", "givenName")},
		{"name.familyName", p.Family, in("name", "familyName")},
		{`emails[type eq "work"].value`, p.UserName, workEmail},
		{extension.URN + ":organizationId", p.Organization, in(extension.URN, "organizationId")},
		{extension.URN + ":userType", p.UserType, in(extension.URN, "userType")},
	}
}

func workEmail(m map[string]any) string {
	list, _ := m["emails"].([]any)
	for _, v := range list {
		if e, _ := v.(map[string]any); textOf(e, "type") == "work" {
			return textOf(e, "value")
		}
	}
	return ""
}

// hasChanged reports whether a resource is not what the directory has.
func hasChanged(p employee, found map[string]any) bool {
	for _, a := range mappedOf(p) {
		if a.wanted != "" && a.is(found) != a.wanted {
			return true
		}
	}
	return found["active"] != true
}
