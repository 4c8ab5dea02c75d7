package scim_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seed-30109bde/gatehouse/filter"
	"github.com/seed-30109bde/gatehouse/scim"
)

// An attack is a request that is refused and changes nothing.
type attack struct {
	why, method, target, body string
	header                    []string
	status                    int
	scimType                  string
	says                      []string // attribute, value received, rule
}

const coreUser, enterprise, badge = "urn:ietf:params:scim:schemas:core:2.0:User", scim.EnterpriseURN, "urn:example:Badge:User"

func says(parts ...string) []string { return parts }

// user is a POST of a user with more attributes than its name.
func user(why, attributes, scimType string, parts ...string) attack {
	return attack{why, "POST", "/Users", `{"userName":"new@example.com",` + attributes + `}`, nil, 400, scimType, parts}
}

// whole is a POST of a body.
func whole(why, body string, status int, scimType string, parts ...string) attack {
	return attack{why, "POST", "/Users", body, nil, status, scimType, parts}
}

// patch is a PATCH of ada, or with group of the engineers.
func patch(why, operations, scimType string, parts ...string) attack {
	return attack{why, "PATCH", "/Users/{ada}", `{"Operations":[` + operations + `]}`, nil, 400, scimType, parts}
}

func (a attack) group() attack {
	a.target = strings.NewReplacer("/Users/{ada}", "/Groups/{eng}", "/Users", "/Groups").Replace(a.target)
	return a
}

func (a attack) answered(status int) attack { a.status = status; return a }

func search(why, query, scimType string, parts ...string) attack {
	return attack{why, "GET", "/Users?" + query, "", nil, 400, scimType, parts}
}

func media(contentType string) attack {
	return attack{contentType, "POST", "/Users", `{"userName":"new@example.com"}`, []string{"Content-Type", contentType}, 415, "", says("the body is of type", "application/scim+json")}
}

// setTo is the operation that replaces what is at path.
func setTo(path, value string) string {
	return fmt.Sprintf(`{"op":"replace","path":%q,"value":%s}`, path, value)
}

var badJSON = []attack{
	whole("no body", ``, 400, "invalidSyntax", "at byte 0", "a JSON value is expected"),
	whole("no object", `[]`, 400, "invalidSyntax", "an array, a resource is an object"),
	whole("a string", `"x"`, 400, "invalidSyntax", "a string, a resource is an object"),
	whole("null", `null`, 400, "invalidSyntax", "null, a resource is an object"),
	whole("cut off", `{"userName":"new@example.com"`, 400, "invalidSyntax", "at byte 29", "a comma"),
	whole("a trailing object", `{"userName":"new@example.com"}{}`, 400, "invalidSyntax", "at byte 30", "something follows"),
	whole("a trailing NUL", "{\"userName\":\"new@example.com\"}\x00", 400, "invalidSyntax", "at byte 30", "something follows"),
	whole("a key twice", `{"userName":"a","userName":"b"}`, 400, "invalidSyntax", `"userName" is used twice`),
	whole("a key twice, in two cases", `{"userName":"a","USERNAME":"b"}`, 400, "invalidSyntax", `"USERNAME" is used twice`),
	whole("a key twice, one escaped", `{"userName":"a","\u0075serName":"b"}`, 400, "invalidSyntax", `"userName" is used twice`),
	whole("a key twice, deep down", `{"userName":"a","x":[{"y":{"z":1,"z":2}}]}`, 400, "invalidSyntax", `"z" is used twice`),
	whole("NUL", "{\"userName\":\"a\x00b\"}", 400, "invalidSyntax", "control character"),
	whole("NUL, escaped", `{"userName":"a\u0000b"}`, 400, "invalidSyntax", "NUL"),
	whole("NUL in a key", `{"userName\u0000":"a"}`, 400, "invalidSyntax", "NUL"),
	whole("invalid UTF-8", "{\"userName\":\"a\xffb\"}", 400, "invalidSyntax", "not valid UTF-8"),
	whole("overlong UTF-8", "{\"userName\":\"a\xc0\xafb\"}", 400, "invalidSyntax", "not valid UTF-8"),
	whole("UTF-16", "\xff\xfe{\x00}\x00", 400, "invalidSyntax", "not valid UTF-8"),
	whole("half a surrogate pair", `{"userName":"a\ud800b"}`, 400, "invalidSyntax", "half a character"),
	whole("33 levels", `{"userName":"a","x":`+strings.Repeat("[", 32)+strings.Repeat("]", 32)+`}`, 400, "invalidSyntax", "more than 32 levels"),
	whole("a depth bomb", strings.Repeat(`{"a":`, 4000), 400, "invalidSyntax", "more than 32 levels"),
	whole("a deeper one", strings.Repeat(`[`, 100_000), 413, "", "100000 values in 100000 bytes"),
	whole("a name bomb", `{"userName":"a"`+counted(1000, `,"%x":0`)+`}`, 400, "invalidSyntax", "an object with 1001 names, more than 1000"),
	whole("a value bomb", `{"userName":"a","x":[0`+strings.Repeat(",0", 8000)+`]}`, 413, "", "8003 values in 160"),
}

var badValues = []attack{
	whole("no userName", `{}`, 400, "invalidValue", "userName is required"),
	whole("userName null", `{"userName":null}`, 400, "invalidValue", "userName is required"),
	whole("userName empty", `{"userName":""}`, 400, "invalidValue", "userName is required"),
	whole("userName a number", `{"userName":12.5}`, 400, "invalidValue", "userName: 12.5 received, a string is expected"),
	whole("userName true", `{"userName":true}`, 400, "invalidValue", "userName: true received"),
	whole("userName an object", `{"userName":{"value":"a"}}`, 400, "invalidValue", "userName: an object received"),
	whole("two userNames", `{"userName":["a","b"]}`, 400, "invalidValue", "userName: an array received"),
	whole("userName taken", `{"userName":"ADA@example.com"}`, 409, "uniqueness", `userName "ADA@example.com" exists already`, "filter on userName"),
	user("active a word", `"active":"perhaps"`, "invalidValue", `active: "perhaps" received, true or false is expected`),
	user("active almost false", `"active":"fal\u017fe"`, "invalidValue", "active", "true or false"),
	user("active 1", `"active":1`, "invalidValue", "active: 1 received"),
	user("active an object", `"active":{}`, "invalidValue", "active: an object received"),
	user("name a string", `"name":"Ada"`, "invalidValue", `name: "Ada" received, an object is expected`),
	user("a part of the wrong type", `"name":{"givenName":5}`, "invalidValue", "name.givenName: 5 received, a string"),
	user("a part given twice", `"name":{"givenName":"a"},"name.givenName":"b"`, "invalidSyntax", "name.givenName is given twice"),
	user("a part given twice, with its URN", `"title":"a","`+coreUser+`:title":"b"`, "invalidSyntax", "title is given twice"),
	user("display given twice", `"roles":[{"value":"a","display":"b","displayName":"c"}]`, "invalidSyntax", "roles.display: it is given twice"),
	user("a part of a list alone", `"emails.value":"a"`, "invalidSyntax", "emails.value", "multi-valued"),
	user("a number for a list", `"emails":5`, "invalidValue", "emails.value: 5 received, a string"),
	user("a list in a list", `"emails":[["a"]]`, "invalidValue", "emails: an array received, an object is expected"),
	user("an object for a string", `"emails":[{"value":{"a":1}}]`, "invalidValue", "emails.value: an object received"),
	user("primary a word", `"emails":[{"value":"a","primary":"x"}]`, "invalidValue", `emails.primary: "x" received, true or false`),
	user("too many values", `"emails":[{"value":"a"}`+counted(1000, `,{"value":"%x@example.com"}`)+`]`, "tooMany", "emails: 1001 values", "at most 1000").answered(413),
	user("an extension is no list", `"`+enterprise+`":["x"]`, "invalidValue", enterprise+": an array received, an object is expected"),
	user("an extension is no string", `"`+enterprise+`":"x"`, "invalidValue", `"x" received`),
	user("two managers", `"`+enterprise+`":{"manager":[{"value":"a"},{"value":"b"}]}`, "invalidValue", "manager: an array received, an object"),
	user("manager a number", `"`+enterprise+`":{"manager":5}`, "invalidValue", "manager.value: 5 received, a string"),
	user("an extension given twice", `"`+enterprise+`":{"department":"a"},"`+enterprise+`:department":"b"`, "invalidSyntax", "department is given twice"),
	user("no whole number", `"`+badge+`":{"number":1.5}`, "invalidValue", badge+":number: 1.5 received, a whole number"),
	user("no number", `"`+badge+`":{"number":"1"}`, "invalidValue", `number: "1" received, a whole number`),
	user("an exponent", `"`+badge+`":{"number":1e2}`, "invalidValue", "number: 1e2 received"),
	user("a number of 65 bits", `"`+badge+`":{"number":9223372036854775808}`, "invalidValue", "number: 9223372036854775808 received", "64 bits"),
	user("no decimal", `"`+badge+`":{"level":"1.5"}`, "invalidValue", `level: "1.5" received, a number`),
	user("an infinite decimal", `"`+badge+`":{"level":1e400}`, "invalidValue", "level: 1e400 received"),
	user("no time", `"`+badge+`":{"expires":"tomorrow"}`, "invalidValue", `expires: "tomorrow" received, a time such as`),
	user("no such day", `"`+badge+`":{"expires":"2026-02-30T00:00:00Z"}`, "invalidValue", "expires"),
	user("a number for a time", `"`+badge+`":{"expires":0}`, "invalidValue", "expires: 0 received"),
	user("no base64", `"`+badge+`":{"key":"****"}`, "invalidValue", "key", "base64"),
	user("base64 with spare bits", `"`+badge+`":{"key":"AB=="}`, "invalidValue", "key", "base64"),
	user("no such door", `"`+badge+`":{"doors":[{"note":"x"}]}`, "invalidValue", badge+":doors.id"),
	user("a string in a list of numbers", `"`+badge+`":{"floors":[1,"2"]}`, "invalidValue", `floors: "2" received, a whole number`),
	user("userType misspelled", `"urn:ietf:params:scim:schemas:extension:ninjaone:2.0:User":{"userType":"Admin"}`, "invalidValue", "userType", `"Admin"`, `"Technician" or "endUser"`),
	user("a long value is shortened", `"active":"`+strings.Repeat("é", 10_000)+`"`, "invalidValue", strings.Repeat("é", 32)+"…"),
	user("a long key is shortened", `"`+strings.Repeat("k", 1000)+`":1,"`+strings.Repeat("k", 1000)+`":2`, "invalidSyntax", strings.Repeat("k", 64)+"…"),
	{"members of the wrong type", "POST", "/Groups", `{"displayName":"x","members":[5]}`, nil, 400, "invalidValue", says("members.value: 5 received, the id of a user")},
	{"members without value", "POST", "/Groups", `{"displayName":"x","members":[{"display":"x"}]}`, nil, 400, "invalidValue", says("members.value: null received")},
	{"a group as member", "POST", "/Groups", `{"displayName":"x","members":[{"value":"{eng}","type":"Group"}]}`, nil, 400, "invalidValue", says("members", "a group cannot be a member")},
	{"an unknown member", "POST", "/Groups", `{"displayName":"x","members":[{"value":"{ada}"},{"value":"nobody"}]}`, nil, 400, "invalidValue", says(`members: no user has the id "nobody"`, "provision the user")},
	{"a very long member", "POST", "/Groups", `{"displayName":"x","members":["` + strings.Repeat("x", 1000) + `"]}`, nil, 400, "invalidValue", says("xxx…")},
	{"members in two spellings", "POST", "/Groups", `{"displayName":"x","members":[{"value":"{ada}"}],"urn:ietf:params:scim:schemas:core:2.0:Group:members":[]}`, nil, 400, "invalidSyntax", says("members is given twice")},
	{"no displayName", "POST", "/Groups", `{"members":[]}`, nil, 400, "invalidValue", says("displayName is required")},
	{"displayName taken", "POST", "/Groups", `{"displayName":"ENGINEERS"}`, nil, 409, "uniqueness", says(`displayName "ENGINEERS" exists already`)},
	{"PUT without userName", "PUT", "/Users/{ada}", `{"title":"x"}`, nil, 400, "invalidValue", says("userName is required")},
	{"PUT with a name taken", "PUT", "/Users/{ada}", `{"userName":"grace@example.com"}`, nil, 409, "uniqueness", says(`userName "grace@example.com"`)},
	{"PUT of an immutable attribute", "PUT", "/Users/{ada}", `{"userName":"ada@example.com","` + badge + `":{"number":8}}`, nil, 400, "mutability", says(badge + ":number is immutable")},
	{"PUT of a wrong type", "PUT", "/Users/{ada}", `{"userName":"ada@example.com","title":[{}]}`, nil, 400, "invalidValue", says("title: an object received, a string")},
	{"PUT of a group without name", "PUT", "/Groups/{eng}", `{"members":[]}`, nil, 400, "invalidValue", says("displayName is required")},
	{"PUT of an unknown member", "PUT", "/Groups/{eng}", `{"displayName":"x","members":[{"value":"nobody"}]}`, nil, 400, "invalidValue", says("nobody")},
}

var badPatches = []attack{
	{"a list", "PATCH", "/Users/{ada}", `[]`, nil, 400, "invalidSyntax", says("an array, a PATCH is an object")},
	{"no Operations", "PATCH", "/Users/{ada}", `{}`, nil, 400, "invalidSyntax", says("Operations is missing")},
	{"Operations an object", "PATCH", "/Users/{ada}", `{"Operations":{"op":"remove","path":"title"}}`, nil, 400, "invalidSyntax", says("Operations is missing or no array")},
	{"Operations twice", "PATCH", "/Users/{ada}", `{"Operations":[],"operations":[]}`, nil, 400, "invalidSyntax", says(`"operations" is used twice`)},
	patch("no object", `5`, "invalidSyntax", "Operations[0]", "5 received, an operation is an object"),
	patch("op missing", `{"path":"title","value":"x"}`, "invalidSyntax", "Operations[0]", "op is null; it must be add, replace or remove"),
	patch("op unknown", `{"op":"move","path":"title","value":"x"}`, "invalidSyntax", `op is "move"`),
	patch("op no string", `{"op":["add"],"path":"title","value":"x"}`, "invalidSyntax", "op is an array"),
	patch("op twice", `{"op":"add","Op":"remove","path":"title","value":"x"}`, "invalidSyntax", `"Op" is used twice`),
	patch("path no string", `{"op":"add","path":5,"value":"x"}`, "invalidPath", "path is 5"),
	patch("remove without path", `{"op":"remove"}`, "noTarget", "Operations[0] remove: remove needs a path"),
	patch("add without value", `{"op":"add","path":"title"}`, "invalidValue", "add title: add needs a value"),
	patch("no path and no object", `{"op":"add","value":"x"}`, "invalidValue", `"x" received; without a path the value is an object`),
	patch("the second operation", setTo("title", `"x"`)+","+setTo("active", `"maybe"`), "invalidValue", "Operations[1] replace active", `"maybe"`),
	patch("the last key", `{"op":"add","value":{"title":"x","name.givenName":5}}`, "invalidValue", "name.givenName: 5 received"),
	patch("no such attribute", setTo("shoeSize", `"x"`), "invalidPath", "replace shoeSize", "no schema here has such an attribute"),
	patch("no such part", setTo("name.shoe", `"x"`), "invalidPath", "name.shoe"),
	patch("no such part of an element", setTo(`emails[type eq "work"].shoe`, `"x"`), "invalidPath", "no such sub-attribute"),
	patch("no such extension attribute", setTo(enterprise+":shoe", `"x"`), "invalidPath", "enterprise"),
	patch("a bracket left open", setTo(`emails[type eq "work"`, `"x"`), "invalidFilter", "a bracket is not closed"),
	patch("an empty filter", setTo(`emails[]`, `"x"`), "invalidFilter", "an attribute is expected"),
	patch("an unknown operator", setTo(`emails[type is "work"]`, `"x"`), "invalidFilter", `"is"`, "an operator is expected"),
	patch("an operator for another type", setTo(`emails[primary gt true]`, `"x"`), "invalidFilter", "gt cannot be asked of an attribute of type boolean"),
	patch("a value of another type", setTo(`emails[primary eq "perhaps"]`, `"x"`), "invalidFilter", "perhaps", "boolean"),
	patch("a filter on no list", setTo(`title[value eq "x"]`, `"x"`), "invalidPath", "no parts"),
	patch("something behind the path", setTo(`title x`, `"x"`), "invalidPath", "the path ends before it"),
	patch("a path too long", setTo(`emails[type eq "`+strings.Repeat("x", filter.MaxLength)+`"]`, `"x"`), "invalidPath", "longer than 8192 bytes"),
	patch("a path too deep", setTo(`emails[`+strings.Repeat("(", 32)+`type pr`+strings.Repeat(")", 32)+`]`, `"x"`), "invalidFilter", "more than 32 levels"),
	patch("NUL in a path", `{"op":"add","path":"tit\u0000le","value":"x"}`, "invalidSyntax", "NUL"),
	patch("a control character in a path", `{"op":"add","path":"tit\u0001le","value":"x"}`, "invalidPath", "the path ends before it"),
	patch("id", setTo("id", `"x"`), "mutability", "id is read-only", `"x"`),
	patch("id removed", `{"op":"remove","path":"id"}`, "mutability", "id is read-only"),
	patch("meta", setTo("meta", `{"version":"x"}`), "mutability", "meta is read-only"),
	patch("meta.version", setTo("meta.version", `"x"`), "mutability", "meta.version is read-only"),
	patch("meta.created", setTo("meta.created", `"2020-01-01T00:00:00Z"`), "mutability", "meta.created is read-only"),
	patch("groups", setTo("groups", `[{"value":"{eng}"}]`), "mutability", "groups is read-only"),
	patch("schemas", setTo("schemas", `["urn:x"]`), "mutability", "schemas is read-only"),
	patch("manager.displayName", setTo(enterprise+":manager.displayName", `"x"`), "mutability", "manager.displayName is read-only"),
	patch("an immutable attribute", setTo(badge+":number", `8`), "mutability", badge+":number is immutable"),
	patch("an immutable attribute removed", `{"op":"remove","path":"`+badge+`:number"}`, "mutability", "number is immutable"),
	patch("an immutable attribute with its extension", `{"op":"remove","path":"`+badge+`"}`, "mutability", "number is immutable"),
	patch("userName unassigned", setTo("userName", `null`), "invalidValue", "userName is required and would be missing"),
	patch("userName removed", `{"op":"remove","path":"userName"}`, "invalidValue", "userName is required"),
	patch("userName emptied, among others", `{"op":"replace","value":{"title":"x","userName":""}}`, "invalidValue", "userName is required"),
	patch("a required part removed", `{"op":"remove","path":"`+badge+`:doors.id"}`, "invalidValue", "doors.id is required"),
	patch("a required part missing", `{"op":"add","path":"`+badge+`:doors","value":[{"note":"back"}]}`, "invalidValue", "doors.id is required"),
	patch("a name taken", setTo("userName", `"GRACE@example.com"`), "uniqueness", "GRACE@example.com").answered(409),
	patch("a wrong type", setTo("title", `5`), "invalidValue", "replace title: title: 5 received, a string"),
	patch("a wrong type in a list", `{"op":"add","path":"emails","value":[{"value":"a"},{"value":5}]}`, "invalidValue", "emails.value: 5 received"),
	patch("a wrong type behind a filter", setTo(`emails[type eq "work"].value`, `{"a":1}`), "invalidValue", "emails.value: an object received"),
	patch("several for one", setTo(`emails[type eq "work"]`, `[{"value":"a"},{"value":"b"}]`), "invalidValue", "2 values received"),
	patch("nothing satisfies the filter", setTo(`emails[value co "zz"].value`, `"x"`), "noTarget", "no value of emails satisfies"),
	patch("nothing can satisfy the filter", setTo(`emails[type eq "a" and type eq "b"].value`, `"x"`), "noTarget", "no value of emails satisfies"),
	patch("nothing would satisfy the filter", setTo(`emails[value eq "zz"].value`, `"x"`), "noTarget", "nor would one with this value"),
	patch("an extension is no string", setTo(enterprise, `"x"`), "invalidValue", enterprise, `"x" received, an object of attributes`),
	patch("an element built from a long text", setTo(`emails[value eq "`+strings.Repeat("x", 1025)+`"].type`, `"work"`), "invalidValue", "emails.value: a text of 1025 bytes"),
	patch("an element built from what is not base64", setTo(`x509Certificates[value eq "no, thanks"].type`, `"work"`), "invalidValue", "x509Certificates.value: ", "base64 text"),
	patch("a key with half a filter", `{"op":"replace","value":{"emails[type eq \"work\"":"x"}}`, "invalidFilter", "emails[type", "a bracket is not closed"),
	patch("a key with an unknown part", `{"op":"replace","value":{"emails[type eq \"work\"].shoe":"x"}}`, "invalidPath", "shoe"),
	patch("too many values", `{"op":"add","path":"roles","value":["r"`+counted(1000, `,"%x"`)+`]}`, "tooMany", "roles: 1001 values").answered(413),
	patch("too many values, one by one", setTo("roles", `["r"`+counted(999, `,"%x"`)+`]`)+`,{"op":"add","path":"roles","value":"s"}`, "tooMany", "Operations[1] add roles", "1001 values").answered(413),
	patch("too many values, by filters", setTo("roles", `["r"`+counted(999, `,"%x"`)+`]`)+`,`+setTo(`roles[type eq "x"].value`, `"s"`), "tooMany", "1001 values").answered(413),

	patch("an unknown member", `{"op":"add","path":"members","value":[{"value":"{grace}"},{"value":"nobody"}]}`, "invalidValue", `no user has the id "nobody"`).group(),
	patch("members a number", `{"op":"add","path":"members","value":5}`, "invalidValue", "members.value: 5 received").group(),
	patch("members without value", `{"op":"add","path":"members","value":[{}]}`, "invalidValue", "members.value: null received").group(),
	patch("a group as member", `{"op":"add","path":"members","value":[{"value":"{eng}","type":"group"}]}`, "invalidValue", "a group cannot be a member").group(),
	patch("members by a filter", setTo(`members[value eq "{ada}"]`, `{"value":"{grace}"}`), "mutability", "members are chosen by id").group(),
	patch("a part of one member", `{"op":"remove","path":"members[value eq \"{grace}\"].display"}`, "mutability", "members cannot be changed").group(),
	patch("a part of members", setTo(`members.display`, `"x"`), "mutability", "members.display cannot be changed").group(),
	patch("the name removed", `{"op":"add","path":"members","value":[{"value":"{grace}"}]},{"op":"remove","path":"displayName"}`, "invalidValue", "displayName is required").group(),
	patch("the name taken", setTo("displayName", `"poets"`), "uniqueness", `displayName "poets"`).group().answered(409),
	patch("members, then a mistake", `{"op":"remove","path":"members"},{"op":"add","path":"shoe","value":1}`, "invalidPath", "shoe").group(),
}

var badQueries = []attack{
	search("a broken escape", "filter=%zz", "invalidSyntax", "filter has a broken escape", "%zz"),
	search("half an escape", "filter=a%2", "invalidSyntax", "filter has a broken escape"),
	search("a broken escape beside %20", "filter=a%20b%", "invalidSyntax", "broken escape"),
	search("a broken name", "%f=1", "invalidSyntax", "broken escape", "%f"),
	search("a broken stranger", "x=%zz", "invalidSyntax", "broken escape"),
	search("a parameter twice", "count=1&count=2", "invalidSyntax", "count is given twice"),
	search("a parameter twice, in two cases", "filter=id%20pr&Filter=id%20pr", "invalidSyntax", "filter is given twice"),
	search("a parameter twice, one escaped", "count=1&c%6Funt=1", "invalidSyntax", "count is given twice"),
	search("no number", "count=many", "invalidValue", `count: "many" received, a whole number is expected`),
	search("no whole number", "startIndex=1.5", "invalidValue", `startindex: "1.5"`),
	search("a number of 65 bits", "startIndex=9223372036854775808", "invalidValue", "9223372036854775808"),
	search("invalid UTF-8", "count="+strings.Repeat("%80", 100), "invalidValue", "a whole number"),
	search("no operator", "filter=userName", "invalidFilter", "an operator is expected"),
	search("no value", "filter=userName%20eq", "invalidFilter", "a space and a value"),
	search("an unknown operator", `filter=userName%20is%20%22a%22`, "invalidFilter", `"is"`, "an operator is expected: eq"),
	search("an unknown attribute", `filter=shoe%20eq%20%22a%22`, "invalidFilter", `"shoe"`, "no schema here"),
	search("a string left open", `filter=userName%20eq%20%22a`, "invalidFilter", "the string is not closed"),
	search("a parenthesis left open", `filter=(userName%20pr`, "invalidFilter", "a parenthesis is not closed"),
	search("gt of a boolean", `filter=active%20gt%20true`, "invalidFilter", "gt cannot be asked", "boolean"),
	search("a word for a boolean", `filter=active%20eq%20%22maybe%22`, "invalidFilter", `"maybe"`, "boolean"),
	search("a word for a time", `filter=meta.created%20gt%20%22now%22`, "invalidFilter", `"now"`, "dateTime"),
	search("a word for a number", `filter=`+badge+`:number%20eq%20%22x%22`, "invalidFilter", `"x"`, "integer"),
	search("what is made for answers", `filter=meta.location%20pr`, "invalidFilter", "cannot be searched"),
	search("NUL", `filter=userName%20eq%20%22%00%22`, "invalidFilter", "NUL"),
	search("NUL, escaped", `filter=userName%20eq%20%22%5Cu0000%22`, "invalidFilter", "NUL"),
	search("invalid UTF-8 in a filter", `filter=userName%20eq%20%22%ff%22`, "invalidFilter", "not valid UTF-8"),
	{"on /Groups", "GET", "/Groups?filter=userName%20pr", "", nil, 400, "invalidFilter", says("userName")},
	{"on a resource", "GET", "/Users/{ada}?attributes=%zz", "", nil, 400, "invalidSyntax", says("attributes has a broken escape")},
	{"on a POST", "POST", "/Users?attributes=%zz", `{"userName":"new@example.com"}`, nil, 400, "invalidSyntax", says("attributes has a broken escape")},
	{"on a PUT", "PUT", "/Users/{ada}?attributes=a&attributes=b", `{"userName":"new@example.com"}`, nil, 400, "invalidSyntax", says("attributes is given twice")},
	{"on a PATCH", "PATCH", "/Users/{ada}?%", `{"Operations":[{"op":"remove","path":"title"}]}`, nil, 400, "invalidSyntax", says("broken escape")},
	{"on a DELETE", "DELETE", "/Users/{ada}?%", ``, nil, 400, "invalidSyntax", says("broken escape")},
	{"on discovery", "GET", "/Schemas?filter=id%20pr", "", nil, 403, "", says("/Schemas cannot be filtered")},
	{"on the configuration", "GET", "/ServiceProviderConfig?filter=x", "", nil, 403, "", says("/ServiceProviderConfig cannot be filtered")},
}

var badRequests = []attack{
	media("text/plain"), media("application/xml"), media("application/scim+json; charset=iso-8859-1"), media("application/scim+json, application/json"),
	media("application/json; charset"), media("*/*"), media("multipart/form-data; boundary=x"), media("json"), media(";"), media(strings.Repeat("\x80", 100)),
	media(strings.Repeat("x", 10_000)),
	{"PUT as text", "PUT", "/Users/{ada}", `{"userName":"x"}`, []string{"Content-Type", "text/json"}, 415, "", says("text/json")},
	{"PATCH as text", "PATCH", "/Users/{ada}", `{"Operations":[]}`, []string{"Content-Type", "application/json-patch+json"}, 415, "", says("json-patch")},
	{"an old version", "PUT", "/Users/{ada}", `{"userName":"x"}`, []string{"If-Match", `W/"old"`}, 412, "", says("another version than If-Match names")},
	{"an old version, PATCH", "PATCH", "/Users/{ada}", `{"Operations":[{"op":"remove","path":"title"}]}`, []string{"If-Match", `"a", "b"`}, 412, "", says("If-Match")},
	{"an old version, DELETE", "DELETE", "/Users/{ada}", ``, []string{"If-Match", `"old"`}, 412, "", says("If-Match")},
	{"an empty version", "DELETE", "/Users/{ada}", ``, []string{"If-Match", `""`}, 412, "", says("If-Match")},
	{"an old version of a group", "PATCH", "/Groups/{eng}", `{"Operations":[{"op":"remove","path":"members"}]}`, []string{"If-Match", `"old"`}, 412, "", says("If-Match")},
	{"only if there is none", "PUT", "/Users/{ada}", `{"userName":"x"}`, []string{"If-None-Match", `*`}, 412, "", says("If-None-Match: *")},
	{"nobody", "GET", "/Users/nobody", "", nil, 404, "", says("no such resource exists for this token")},
	{"nobody, PUT", "PUT", "/Users/nobody", `{"userName":"x"}`, nil, 404, "", says("no such resource")},
	{"nobody, PATCH", "PATCH", "/Users/nobody", `{"Operations":[]}`, nil, 404, "", says("no such resource")},
	{"nobody, DELETE", "DELETE", "/Users/nobody", ``, nil, 404, "", says("no such resource")},
	{"a group is no user", "DELETE", "/Users/{eng}", ``, nil, 404, "", says("no such resource")},
	{"a user is no group", "DELETE", "/Groups/{ada}", ``, nil, 404, "", says("no such resource")},
	{"nobody, whatever the version", "DELETE", "/Users/nobody", ``, []string{"If-Match", `*`}, 404, "", says("no such resource")},
	{"POST on a resource", "POST", "/Users/{ada}", `{"userName":"x"}`, nil, 405, "", says("POST is not served here; GET, PUT, PATCH, DELETE are")},
	{"DELETE on a list", "DELETE", "/Users", ``, nil, 405, "", says("DELETE is not served here; GET, POST are")},
	{"bulk", "POST", "/Bulk", `{}`, nil, 501, "", says("/Bulk is not served here", "/ServiceProviderConfig")},
	{"search by POST", "POST", "/Users/.search", `{}`, nil, 501, "", says("use a GET with a filter")},
	{"me", "DELETE", "/Me", ``, nil, 501, "", says("/Me is not served")},
	{"the root", "POST", "/", `{"userName":"x"}`, nil, 404, "", says("the tenant URL is "+base, "/Users and /Groups")},
	{"below a resource", "DELETE", "/Users/{ada}/emails", ``, nil, 404, "", says("nothing is served at this path")},
}

func counted(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestAttacks(t *testing.T) {
	s := newSite(t).populate()
	before := s.state()
	for name, table := range map[string][]attack{"JSON": badJSON, "values": badValues, "PATCH": badPatches, "query": badQueries, "request": badRequests} {
		for _, a := range table {
			t.Run(name+"/"+shortened(a.why), func(t *testing.T) {
				s.TB = t
				s.send(a.method, a.target, a.body, a.header...).refused(a.status, a.scimType, a.says...)
				if after := s.state(); after != before {
					t.Errorf("stored before\n%s\nand after\n%s", before, after)
				}
			})
		}
	}
}

func shortened(s string) string { return s[:min(len(s), 40)] }

func TestStrictAttacks(t *testing.T) {
	strict := []string{coreUser, `"schemas":["` + coreUser + `"],"userName":"new@example.com"`}
	put := func(more string) string { return `{` + strict[1] + `,` + more + `}` }
	op := func(operation string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operation + `]}`
	}
	s := newSite(t, strictly)
	s.ids["{ada}"] = s.send("POST", "/Users", `{"schemas":["`+coreUser+`"],"userName":"ada"}`).is(201).id()
	s.send("PUT", "/Users/{ada}", put(`"password":"p"`)).is(200) // no attribute here, and what Okta always sends
	before := s.state()
	for _, a := range []attack{
		whole("no schemas", `{"userName":"new@example.com"}`, 400, "invalidSyntax", "schemas is missing", coreUser),
		whole("schemas empty", `{"schemas":[],"userName":"new@example.com"}`, 400, "invalidSyntax", "schemas must list "+coreUser),
		whole("an unknown schema", `{"schemas":["urn:x"],"userName":"new@example.com"}`, 400, "invalidSyntax", `"urn:x" is no schema of a User`),
		whole("an unknown attribute", put(`"shoe":1`), 400, "invalidSyntax", `no schema here has the attribute "shoe"`),
		whole("an unknown part", put(`"name":{"shoe":1}`), 400, "invalidSyntax", `name: it has no sub-attribute "shoe"`),
		whole("an unknown attribute of an extension", put(`"`+enterprise+`":{"shoe":1}`), 400, "invalidSyntax", `has no attribute "shoe"`),
		whole("an attribute without its URN", put(`"department":"x"`), 400, "invalidSyntax", "department"),
		whole("a string for a boolean", put(`"active":"true"`), 400, "invalidValue", `active: "true" received`),
		whole("an object for a list", put(`"emails":{"value":"x"}`), 400, "invalidValue", "emails: an object received, an array"),
		whole("a string for an element", put(`"emails":["x"]`), 400, "invalidValue", `emails: "x" received, an object`),
		whole("two primaries", put(`"emails":[{"value":"x","primary":true},{"value":"y","primary":true}]`), 400, "invalidValue", "emails: more than one value is primary"),
		whole("a time without zone", put(`"`+badge+`":{"expires":"2026-01-01T00:00:00"}`), 400, "invalidValue", "expires"),
		search("a value without quotes", "filter=userName%20eq%20ada", "invalidFilter", "without quotes", "strict mode"),
		search("an empty filter", "filter=", "invalidFilter", "an attribute is expected"),
		search("an unknown attribute of answers", "attributes=shoe", "invalidValue", `attributes: no schema here has the attribute "shoe"`),
		{"PATCH without schemas", "PATCH", "/Users/{ada}", `{"Operations":[{"op":"remove","path":"title"}]}`, nil, 400, "invalidSyntax", says("schemas must list", "PatchOp")},
		{"PATCH without operations", "PATCH", "/Users/{ada}", op(``), nil, 400, "invalidSyntax", says("Operations is empty")},
		{"PATCH of a foreign schema", "PATCH", "/Users/{ada}", op(setTo("urn:x:y:z", `1`)), nil, 400, "invalidPath", says("urn:x:y:z")},
		{"PATCH of an unknown key", "PATCH", "/Users/{ada}", op(`{"op":"add","value":{"shoe":1}}`), nil, 400, "invalidSyntax", says("shoe")},
		{"PATCH of an attribute without its URN", "PATCH", "/Users/{ada}", op(setTo("department", `"x"`)), nil, 400, "invalidPath", says("without its URN", "strict mode")},
		{"PATCH that builds an element", "PATCH", "/Users/{ada}", op(setTo(`emails[type eq "work"].value`, `"x"`)), nil, 400, "noTarget", says("no value of emails")},
	} {
		t.Run(a.why, func(t *testing.T) {
			s.TB = t
			s.send(a.method, a.target, a.body, a.header...).refused(a.status, a.scimType, a.says...)
			if after := s.state(); after != before {
				t.Errorf("stored before\n%s\nand after\n%s", before, after)
			}
		})
	}
}

func TestWithoutGroupsWritesAreRefused(t *testing.T) {
	s := newSite(t, groupless)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		s.send(method, "/Groups", `{"displayName":"x"}`).refused(501, "", "groups are not provisioned here", "turn off")
		s.send(method, "/Groups/1", `{"displayName":"x"}`).refused(501, "", "groups are not provisioned here")
	}
	s.send("GET", "/Groups/1", "").refused(404, "")
	s.send("GET", "/Groups?filter=%zz", "").refused(400, "invalidSyntax")
	s.send("GET", "/Groups?filter=shoe%20pr", "").refused(400, "invalidFilter", "shoe")
}

// Every limit holds exactly where it says.
func TestLimits(t *testing.T) {
	const body, groupBody, operations = 1000, 2000, 5
	s := newSite(t, limited(scim.Limits{Body: body, GroupBody: groupBody, Operations: operations, PageSize: 3}))
	ada := s.send("POST", "/Users", `{"userName":"ada"}`).is(201).id()
	eng := s.send("POST", "/Groups", `{"displayName":"eng"}`).is(201).id()
	before := s.state()
	refused := func(a reply, status int, scimType string, parts ...string) {
		t.Helper()
		a.refused(status, scimType, parts...)
		if s.state() != before {
			t.Errorf("%s changed something", a.request)
		}
	}
	sized := func(text string, n int) string { return text + strings.Repeat(" ", n-len(text)) }
	for _, c := range []struct {
		method, path, text string
		limit              int
	}{
		{"POST", "/Users", `{"userName":"%d"}`, body},
		{"PUT", "/Users/" + ada, `{"userName":"ada","title":"%d"}`, body},
		{"PATCH", "/Users/" + ada, `{"Operations":[{"op":"add","path":"title","value":"%d"}]}`, body},
		{"POST", "/Groups", `{"displayName":"%d"}`, groupBody},
		{"PUT", "/Groups/" + eng, `{"displayName":"eng%d"}`, groupBody},
		{"PATCH", "/Groups/" + eng, `{"Operations":[{"op":"add","path":"externalId","value":"%d"}]}`, groupBody},
	} {
		for length, known := range []bool{true, false} { // Content-Length, or chunks
			send := func(n int) reply {
				r := s.request(c.method, c.path, strings.NewReader(sized(fmt.Sprintf(c.text, length), n)))
				if !known {
					r.ContentLength = -1
				}
				return s.serve(r)
			}
			refused(send(c.limit+1), 413, "", fmt.Sprintf("larger than the %d bytes", c.limit))
			if a := send(c.limit); a.status >= 300 {
				t.Errorf("%s of %d bytes: %d %s", a.request, c.limit, a.status, a.body)
			}
			before = s.state()
		}
	}
	ops := func(n int) string {
		return `{"Operations":[` + strings.TrimSuffix(strings.Repeat(`{"op":"add","path":"title","value":"t"},`, n), ",") + `]}`
	}
	refused(s.send("PATCH", "/Users/"+ada, ops(operations+1)), 413, "tooMany", "6 operations received, at most 5")
	s.send("PATCH", "/Users/"+ada, ops(operations)).is(200)

	for i := range 3 {
		s.send("POST", "/Users", fmt.Sprintf(`{"userName":"more%d"}`, i)).is(201)
	}
	for query, want := range map[string]string{"": `"itemsPerPage":3,`, "?count=2": `"itemsPerPage":2,`, "?count=3": `"itemsPerPage":3,`, "?count=4": `"itemsPerPage":3,`} {
		if a := s.send("GET", "/Users"+query, "").is(200); !strings.Contains(a.body, want) {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

func TestLimitsOfFilters(t *testing.T) {
	s := newSite(t).populate()
	before := s.state()
	long := func(n int) string {
		const around = `userName eq ""`
		return `userName eq "` + strings.Repeat("x", n-len(around)) + `"`
	}
	times := func(n int, term, between string) string {
		return strings.TrimSuffix(strings.Repeat(term+between, n), between)
	}
	for _, c := range []struct {
		at, past, says string
	}{
		{long(filter.MaxLength), long(filter.MaxLength + 1), "longer than 8192 bytes"},
		{times(filter.MaxTerms, "id pr", " and "), times(filter.MaxTerms+1, "id pr", " and "), "more than 200 comparisons"},
		{times(filter.MaxGroups, "(id pr)", " or "), times(filter.MaxGroups+1, "(id pr)", " or "), "more than 200"},
		{times(filter.MaxValueFilters, "emails[type pr]", " or "), times(filter.MaxValueFilters+1, "emails[type pr]", " or "), "more than 32 value filters"},
		{strings.Repeat("(", filter.MaxDepth) + "id pr" + strings.Repeat(")", filter.MaxDepth), strings.Repeat("(", filter.MaxDepth+1) + "id pr" + strings.Repeat(")", filter.MaxDepth+1), "more than 32 levels"},
		{badge + ":number eq " + strings.Repeat("1", 18), badge + ":number eq " + strings.Repeat("1", filter.MaxNumber+1), "a number of more than 40"},
	} {
		escape := strings.NewReplacer(" ", "%20", `"`, "%22").Replace
		s.send("GET", "/Users?filter="+escape(c.at), "").is(200)
		s.send("GET", "/Users?filter="+escape(c.past), "").refused(400, "invalidFilter", c.says)
	}
	if s.state() != before {
		t.Error("a search changed something")
	}
}

// A body that cannot be read, or is shorter than announced, is no body.
func TestBodyReadErrors(t *testing.T) {
	s := newSite(t).populate()
	before := s.state()
	for name, body := range map[string]io.Reader{
		"at once":   iotest.ErrReader(errors.New(canary)),
		"later":     io.MultiReader(strings.NewReader(`{"userName":"new@example.com"}`), iotest.ErrReader(io.ErrUnexpectedEOF)),
		"cut off":   io.MultiReader(strings.NewReader(`{"userName":`), iotest.ErrReader(net.ErrClosed)),
		"timed out": iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`{"userName":"new@example.com"}`))),
	} {
		for _, method := range []string{"POST /Users", "PUT /Users/{ada}", "PATCH /Users/{ada}", "POST /Groups"} {
			method, path, _ := strings.Cut(method, " ")
			if a := s.serve(s.request(method, path, body)).refused(400, "invalidSyntax"); strings.Contains(a.body, canary) {
				t.Errorf("%s: leaks %s", name, a.body)
			}
		}
	}
	r := s.request("POST", "/Users", nil)
	r.Body = http.MaxBytesReader(nil, io.NopCloser(strings.NewReader(`{"userName":"new@example.com"}`)), 10)
	s.serve(r).refused(413, "", "larger than this server reads")
	if s.state() != before {
		t.Error("half a body changed something")
	}
	s.serve(s.request("POST", "/Users", iotest.OneByteReader(strings.NewReader(`{"userName":"slow@example.com"}`)))).is(201)
}

// dial sends raw bytes to a real server and returns the first line and the rest of the answer. A
// request that is cut off ends there; else the server may not take the client for gone.
func dial(t *testing.T, server *httptest.Server, request string, cut bool) (status string, rest []byte) {
	t.Helper()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	if cut {
		c.(*net.TCPConn).CloseWrite()
	}
	all, _ := io.ReadAll(c)
	first, rest, _ := bytes.Cut(all, []byte("\r\n"))
	return string(first), rest
}

// On a real connection: lengths that lie, chunks, and Expect.
func TestWire(t *testing.T) {
	s := newSite(t, limited(scim.Limits{Body: 1000}))
	server := httptest.NewServer(s.handler)
	defer server.Close()
	const ada, long = `{"userName":"ada@example.com"}`, `{"userName":"long@example.com"}`
	post := func(header, body string) string {
		return "POST /ws/scim/v2/Users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + token + "\r\n" + header + "\r\n" + body
	}
	for _, c := range []struct{ name, request, status, says string }{
		{"less than announced", post("Content-Length: 31\r\n", ada), "HTTP/1.1 400 ", "announced length"},
		{"less than announced by far", post("Content-Length: 999\r\n", ada), "HTTP/1.1 400 ", "announced length"},
		{"too much announced", post("Content-Length: 1001\r\n", ada), "HTTP/1.1 413 ", "larger than the 1000 bytes"},
		{"too much announced by far", post("Content-Length: 9000000000000000000\r\n", ada), "HTTP/1.1 413 ", "larger than the 1000 bytes"},
		{"too much announced, and asked first", post("Expect: 100-continue\r\nContent-Length: 1001\r\n", ""), "HTTP/1.1 413 ", "larger than the 1000 bytes"},
		{"another expectation", post("Expect: the-unexpected\r\nContent-Length: 2\r\n", "{}"), "HTTP/1.1 417 ", ""},
		{"nothing", post("Content-Length: 0\r\n", ""), "HTTP/1.1 400 ", "a JSON value is expected"},
		{"no length", post("", ada), "HTTP/1.1 400 ", "a JSON value is expected"},
		{"too much in chunks", post("Transfer-Encoding: chunked\r\n", "3e9\r\n"+strings.Repeat(" ", 1001)+"\r\n0\r\n\r\n"), "HTTP/1.1 413 ", "larger than the 1000 bytes"},
		{"broken chunks", post("Transfer-Encoding: chunked\r\n", "zz\r\n"+ada), "HTTP/1.1 400 ", "cannot be read"},
		{"chunks without end", post("Transfer-Encoding: chunked\r\n", "1e\r\n"+ada+"\r\n"), "HTTP/1.1 400 ", "cannot be read"},
	} {
		status, body := dial(t, server, c.request, true)
		if !strings.HasPrefix(status, c.status) || !bytes.Contains(body, []byte(c.says)) || c.says != "" && !bytes.Contains(body, []byte("Content-Type: application/scim+json")) {
			t.Errorf("%s: %s\n%s", c.name, status, body)
		}
	}
	if a := s.send("GET", "/Users", ""); !strings.Contains(a.body, `"totalResults":0`) {
		t.Errorf("something was stored: %s", a.body)
	}
	if status, body := dial(t, server, post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "a\r\n"+ada[:10]+"\r\n14\r\n"+ada[10:]+"\r\n0\r\n\r\n"), false); status != "HTTP/1.1 100 Continue" || !bytes.Contains(body, []byte("HTTP/1.1 201 Created")) {
		t.Errorf("chunks: %s\n%s", status, body)
	}
	if status, body := dial(t, server, post("Content-Length: 31\r\n", long+ada), false); !strings.HasPrefix(status, "HTTP/1.1 201 ") {
		t.Errorf("more than announced: %s\n%s", status, body)
	}
}

// discarding is a response that nobody keeps.
type discarding struct {
	header http.Header
	status int
}

func (d *discarding) Header() http.Header         { return d.header }
func (d *discarding) WriteHeader(status int)      { d.status = status }
func (d *discarding) Write(p []byte) (int, error) { return len(p), nil }

// sized repeats unit between before and after until the text has n bytes; %x in it is a number.
func sized(n int, before, unit, after string) string {
	text := append(make([]byte, 0, n), before...)
	parts := strings.Split(unit, "%x")
	for i := int64(0); len(text)+len(unit)+len(after)+8 < n; i++ {
		for k, part := range parts {
			if k > 0 {
				text = strconv.AppendInt(text, i, 16)
			}
			text = append(text, part...)
		}
	}
	return strings.TrimSuffix(string(text), ",") + after
}

// allocated returns how many bytes a request allocates, and its status.
func (s *site) allocated(method, path, body string) (bytes uint64, status int) {
	r := s.request(method, path, strings.NewReader(body))
	w := &discarding{header: http.Header{}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s.handler.ServeHTTP(w, r)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, w.status
}

// A request allocates a small multiple of its body, whatever is in it: what is more than a
// directory sends is refused before it costs.
func TestMemoryOfBodies(t *testing.T) {
	const mega = 1 << 20
	newSite(t).populate().state() // what is made once is not counted
	ops := func(n int, operation string) string { return sized(n, `{"Operations":[`, operation+",", `]}`) }
	for _, c := range []struct {
		name, method, path, body string
		times                    float64
		status                   int
	}{
		{"brackets", "POST", "/Users", strings.Repeat("[", mega), 7, 413},
		{"objects in objects", "POST", "/Users", strings.Repeat(`{"a":`, mega/5), 3, 413},
		{"zeros", "POST", "/Users", sized(mega, `{"userName":"x","emails":[`, `0,`, `]}`), 3, 413},
		{"zeros nobody reads", "POST", "/Users", sized(mega, `{"userName":"x","y":[`, `0,`, `]}`), 3, 413},
		{"zeros, as many as may be", "POST", "/Users", sized(mega, `{"userName":"x","y":[`, `      0,`, `]}`), 14, 201},
		{"empty arrays", "POST", "/Users", sized(mega, `{"userName":"x","y":[`, `[],`, `]}`), 3, 413},
		{"small objects", "POST", "/Users", sized(mega, `{"userName":"x","y":[`, `{"a":0},`, `]}`), 3, 413},
		{"short keys", "POST", "/Users", sized(mega, `{"userName":"x",`, `"%x":0,`, `}`), 12, 400},
		{"many keys, many times", "POST", "/Users", sized(mega, `{"userName":"x","y":[`, `{`+counted(999, `"key%x":0,`)+`"z":1},`, `]}`), 18, 201},
		{"one string", "POST", "/Users", sized(mega, `{"userName":"`, "x", `"}`), 6, 400},
		{"as long as may be", "POST", "/Users", sized(256<<10, `{"userName":"x","title":"`, "x", `"}`), 16, 201},
		{"escapes", "POST", "/Users", sized(mega, `{"userName":"`, `\u00e9`, `"}`), 8, 400},
		{"escapes in a title", "POST", "/Users", sized(500_000, `{"userName":"x","title":"`, `\u00e9`, `"}`), 12, 201},
		{"short escapes", "POST", "/Users", sized(mega, `{"userName":"`, `\n`, `"}`), 8, 400},
		{"short escapes in a title", "POST", "/Users", sized(500_000, `{"userName":"x","title":"`, `\n`, `"}`), 16, 201},
		{"strings with escapes", "POST", "/Users", sized(mega, `{"userName":"x","y":[`, `"\n%x",`, `]}`), 16, 201},
		{"one number", "POST", "/Users", sized(mega, `{"userName":"x","y":`, "1", `}`), 12, 201},
		{"e-mail addresses", "POST", "/Users", sized(mega, `{"userName":"x","emails":[`, `{"value":"%x"},`, `]}`), 12, 413},
		{"operations", "PATCH", "/Users/{ada}", ops(mega, `{"op":"add","path":"title","value":"%x"}`), 12, 413},
		{"as many as may be", "PATCH", "/Users/{ada}", ops(400_000, `{"op":"add","path":"title","value":"%x"}`), 16, 200},
		{"operations with unknown paths", "PATCH", "/Users/{ada}", ops(400_000, `{"op":"add","path":"urn:x:%x","value":"%x"}`), 32, 200},
		{"operations with filters", "PATCH", "/Users/{ada}", ops(600_000, `{"op":"add","path":"emails[type eq \"%x\"].value","value":"x"}`), 16, 413},
		{"the same filter", "PATCH", "/Users/{ada}", ops(600_000, `{"op":"add","path":"emails[type eq \"x\"].value","value":"x"}`), 40, 200},
		{"unknown keys", "PATCH", "/Users/{ada}", ops(mega, `{"op":"add","value":{`+counted(900, `"key%x":0,`)+`"z":1}}`), 20, 200},
		{"values", "PATCH", "/Users/{ada}", sized(mega, `{"Operations":[{"op":"add","path":"emails","value":[`, `{"value":"%x"},`, `]}]}`), 12, 413},
		{"members", "POST", "/Groups", sized(16*mega, `{"displayName":"x","members":[`, `{"value":"00u1abcdefghij%x","display":"user.%x@example.com"},`, `]}`), 12, 400},
		{"members with short IDs", "POST", "/Groups", sized(4*mega, `{"displayName":"x","members":[`, `{"value":"%x"},`, `]}`), 20, 400},
		{"members as PATCH", "PATCH", "/Groups/{eng}", sized(4*mega, `{"Operations":[{"op":"remove","path":"members","value":[`, `{"value":"00u1abcdefghij%x"},`, `]}]}`), 24, 204},
	} {
		s := newSite(t).populate()
		bytes, status := s.allocated(c.method, c.path, c.body)
		times := float64(bytes) / float64(len(c.body))
		t.Logf("%-30s %8d bytes × %5.1f", c.name, len(c.body), times)
		if status != c.status || times > c.times {
			t.Errorf("%s: status %d, want %d; allocated %.1f times the body, want at most %.0f", c.name, status, c.status, times, c.times)
		}
	}
}
