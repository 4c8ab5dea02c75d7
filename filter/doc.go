// Package filter reads SCIM filters and PATCH paths, and answers them.
//
// A client's text becomes an answer in three steps, each with its own type:
//
//	text ──Parse──▶ Filter ──Bind──▶ Bound ──Match──▶ bool
//	                                       └──SQL────▶ condition, arguments
//
// [Parse] bounds the text and reads the grammar of RFC 7644 §3.4.2.2. [Filter.Bind] resolves every
// attribute against a [Registry] and checks that each operator suits its attribute; a [Bound]
// exists only after that. [Bound.Match] then judges any [Resource] and allocates nothing for
// values of ordinary length; [Bound.SQL] has SQLite or PostgreSQL judge, with the same outcome.
// [ParsePath] is the same door for the "path" of a PATCH operation.
//
// # What a filter means
//
//   - Attribute names, URNs, operators and the words and, or, not are read without regard to case.
//   - Strings compare, and are ordered, without case under [Fold], unless the attribute is
//     caseExact.
//   - A comparison on a multi-valued attribute holds when it holds for one of its values;
//     emails[type eq "work" and value co "@x"] asks both of the same value.
//   - a ne b is not (a eq b), so ne holds for an absent attribute. a eq null means absent.
//   - Integers compare exactly over all of int64, decimals as float64, times as instants.
//   - What cannot be asked (gt of a boolean, co of a number, an unknown attribute) is an [*Error]
//     and never an empty answer.
//
// # In a database
//
// Databases differ, from Go and from each other, in what lower makes of É, in LIKE, in the order of
// texts, in how they read the numbers of a JSON document and in what becomes of an absent value
// under NOT. So each value is kept as a text made here, its [Ref.Key], in a column or in the one
// folded document of its row ([Registry.Folded]). Conditions compare the bytes of these texts and
// are always true or false, and what a client said travels in arguments alone. A [Layout] says
// what is kept where. The package writes conditions and runs none: it needs no driver and not
// database/sql.
//
// # What it tolerates
//
// A few clients bend the grammar, and refusing them would end their provisioning: an unquoted
// value (Microsoft's reference collection), "True" in quotes for a boolean (Entra ID app roles), a
// dot between URN and attribute, an extension attribute without its URN (Entra ID's manager
// look-up), a time without zone. Each such liberty is accepted and named by [Bound.Liberty], so
// that a strict host can refuse it.
//
// Text of a stranger is bounded before it is parsed: see the Max constants.
package filter
