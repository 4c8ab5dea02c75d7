package scimtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-30109bde/gatehouse/scim"
)

// A leaky site is built from parts, any of which may leak.
type leaky struct {
	users  *userHooks
	groups *groupHooks
	auth   scim.Authenticator
	policy scim.Policy
	around func(http.Handler) http.Handler
}

func newLeaky() *leaky {
	s := new(scim.MemoryStore)
	return &leaky{users: userHooksOf(s), groups: groupHooksOf(s), auth: siteTokens(), around: func(h http.Handler) http.Handler { return h }}
}

func (l *leaky) site(t *testing.T, o *Overlaps) Site {
	return siteOf(l.around(siteHandler(t, o.Wrap(scim.Stores{Users: l.users, Groups: l.groups}), l.auth, l.policy)))
}

// rewrites has every answer go through f, whole.
func (l *leaky) rewrites(f func(*http.Request, *httptest.ResponseRecorder)) {
	l.around = func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			f(r, rec)
			for name, values := range rec.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(rec.Code)
			w.Write(rec.Body.Bytes())
		})
	}
}

// authFunc is an Authenticator.
type authFunc func(context.Context, http.Header) (scim.Principal, error)

func (f authFunc) Authenticate(c context.Context, h http.Header) (scim.Principal, error) {
	return f(c, h)
}

// leaks are sites that leak. None has a data race: what they share they share by atomic variables,
// so that nothing but the mixture of requests can show it.
var leaks = []struct {
	fault, report string // the report says something like it
	plant         func(*leaky)
}{
	{"an answer goes through a field that all requests share", "the answer|got status", func(l *leaky) {
		var shared atomic.Pointer[httptest.ResponseRecorder]
		l.rewrites(func(_ *http.Request, rec *httptest.ResponseRecorder) {
			mine := *rec
			shared.Store(&mine)
			runtime.Gosched()
			*rec = *shared.Load()
		})
	}},
	{"the principal is kept in a field that all requests share", "the answer|got status|the total", func(l *leaky) {
		var shared atomic.Pointer[scim.Principal]
		auth := l.auth
		l.auth = authFunc(func(c context.Context, h http.Header) (scim.Principal, error) {
			p, err := auth.Authenticate(c, h)
			if err != nil {
				return p, err
			}
			shared.Store(&p)
			runtime.Gosched()
			return *shared.Load(), nil
		})
	}},
	{"users are read from any tenant", "use the ID of another side|the answer shows", func(l *leaky) {
		user := l.users.user
		l.users.user = func(c ctx, t tenant, id string) (scim.User, error) {
			for _, t := range []tenant{t, red, blue} {
				if u, err := user(c, t, id); err == nil {
					return u, nil
				}
			}
			return scim.User{}, scim.ErrNotFound
		}
	}},
	{"listings ignore the scope", "the answer shows|the total", func(l *leaky) {
		l.users.asked(func(q *scim.Query) { q.Scope = everyone })
	}},
	{"totals count all managers", "the total is", func(l *leaky) {
		list := l.users.users
		l.users.users = func(c ctx, t tenant, q scim.Query) (users, error) {
			p, err := list(c, t, q)
			if err == nil && q.Total && q.Filter == nil && q.IDs == nil {
				all, _ := list(c, t, scim.Query{Scope: everyone, Total: true})
				p.Total = all.Total
			}
			return p, err
		}
	}},
	{"an error repeats what the last one said", "the answer (shows|about)", func(l *leaky) {
		var last atomic.Pointer[string]
		l.rewrites(func(_ *http.Request, rec *httptest.ResponseRecorder) {
			var answer map[string]any
			if rec.Code < 400 || json.Unmarshal(rec.Body.Bytes(), &answer) != nil {
				return
			}
			detail, _ := answer["detail"].(string)
			if before := last.Swap(&detail); before != nil {
				answer["detail"] = detail + "; before: " + *before
			}
			rec.Body.Reset()
			json.NewEncoder(rec.Body).Encode(answer)
			rec.Header().Del("Content-Length")
		})
	}},
	{"an answer has the ETag of another resource", "the ETag is", func(l *leaky) {
		var last atomic.Pointer[string]
		l.rewrites(func(_ *http.Request, rec *httptest.ResponseRecorder) {
			tag := rec.Header().Get("ETag")
			if tag == "" {
				return
			}
			if before := last.Swap(&tag); before != nil {
				rec.Header().Set("ETag", *before)
			}
		})
	}},
	{"conditions are not read", "on the condition of a version", func(l *leaky) {
		l.around = func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("If-Match")
				h.ServeHTTP(w, r)
			})
		}
	}},
	{"members are looked up without the scope", "became a member|the members are", func(l *leaky) {
		l.users.asked(func(q *scim.Query) {
			if q.IDs != nil {
				q.Scope = everyone
			}
		})
	}},
	{"users are shown in the first group of the tenant", "the answer shows", func(l *leaky) {
		of := l.groups.of
		l.groups.of = func(c ctx, t tenant, scope scim.Scope, users []string) (map[string][]scim.Member, error) {
			all, err := l.groups.groups(c, t, scim.Query{Scope: everyone, Limit: 1})
			if err != nil || len(all.Items) == 0 {
				return of(c, t, scope, users)
			}
			g := all.Items[0]
			groups := make(map[string][]scim.Member)
			for _, user := range users {
				groups[user] = []scim.Member{{Value: g.ID, Display: g.DisplayName}}
			}
			return groups, nil
		}
	}},
	{"a cursor is good for whoever has it", "the answer shows|with a cursor", func(l *leaky) { l.cursors() }},
	{"what is another's is told from what is nobody's", "is not that about", func(l *leaky) {
		user := l.users.user
		l.rewrites(func(r *http.Request, rec *httptest.ResponseRecorder) {
			_, id, _ := strings.Cut(r.URL.Path, "/Users/")
			for _, t := range []tenant{red, blue} {
				if _, err := user(r.Context(), t, id); rec.Code == 404 && err == nil {
					rec.Header().Set("X-Hint", "there")
				}
			}
		})
	}},
	{"a name that is taken names its owner", "the answer shows", func(l *leaky) {
		create := l.users.create
		l.users.create = func(c ctx, t tenant, u scim.User) (scim.User, error) {
			got, err := create(c, t, u)
			if isConflict(err) {
				p, _ := l.users.users(c, t, scim.Query{Scope: everyone, Limit: unlimited})
				i := slices.IndexFunc(p.Items, func(o scim.User) bool { return strings.EqualFold(o.UserName, u.UserName) })
				return got, &scim.Refusal{Status: 409, Type: "uniqueness", Detail: "taken by " + p.Items[max(i, 0)].DisplayName}
			}
			return got, err
		}
	}},
	{"a header repeats what the last one asked, escaped", "the answer shows", func(l *leaky) {
		var last atomic.Pointer[string]
		l.rewrites(func(r *http.Request, rec *httptest.ResponseRecorder) {
			if rec.Code != 200 || !strings.Contains(r.URL.RawQuery, "canary") {
				return
			}
			asked := strings.ReplaceAll(r.URL.RawQuery, "canary", "c%61nary")
			if before := last.Swap(&asked); before != nil {
				rec.Header().Set("X-Before", *before)
			}
		})
	}},
}

// cursors gives listings cursors, in which it stands in plain who may continue where.
func (l *leaky) cursors() {
	l.around = func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			if !q.Has("cursor") {
				h.ServeHTTP(w, r)
				return
			}
			if plain, err := base64.URLEncoding.DecodeString(q.Get("cursor")); err == nil && len(plain) > 0 {
				r.Header.Set("Authorization", string(plain))
			}
			q.Del("cursor")
			r.URL.RawQuery = q.Encode()
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			var answer map[string]any
			if json.Unmarshal(rec.Body.Bytes(), &answer) == nil && rec.Code == 200 {
				answer["nextCursor"] = base64.URLEncoding.EncodeToString([]byte(r.Header.Get("Authorization")))
			}
			w.WriteHeader(rec.Code)
			json.NewEncoder(w).Encode(answer)
		})
	}
}

var atOverlap = regexp.MustCompile(`^at overlap (\d+), request (\d+), `)

func TestLeaks(t *testing.T) {
	for _, leak := range leaks {
		t.Run(leak.fault, func(t *testing.T) {
			l, o := newLeaky(), new(Overlaps)
			leak.plant(l)
			site := l.site(t, o)
			notes := record(t, func(r reporter) { Isolation{}.mix(r, site, o) })
			if len(notes) == 0 {
				t.Fatalf("not found in %d overlaps", o.Count())
			}
			at := atOverlap.FindStringSubmatch(notes[0])
			if at == nil || !slices.ContainsFunc(notes, regexp.MustCompile(leak.report).MatchString) {
				t.Fatalf("no report says where, or that %q:\n%s", leak.report, strings.Join(notes, "\n"))
			}
			if n, _ := strconv.Atoi(at[1]); n > 1_000 && strings.Contains(leak.fault, "share") {
				t.Errorf("it took %d overlaps to see what is shared", n)
			}
			t.Logf("found at overlap %s, request %s: %s", at[1], at[2], strings.SplitN(notes[0][len(at[0]):], "\n", 2)[0])
		})
	}
}

// An endpoint whose stores are not watched proves nothing.
func TestIsolationWithoutOverlaps(t *testing.T) {
	o := new(Overlaps)
	site := newLeaky().site(t, new(Overlaps))
	notes := record(t, func(r reporter) { Isolation{Overlaps: 20}.mix(r, site, o) })
	if len(notes) != 1 || !strings.Contains(notes[0], "are the stores wrapped") {
		t.Errorf("reported: %q", notes)
	}
}
