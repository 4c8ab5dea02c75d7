package saml

import (
	"fmt"
	"strings"
	"testing"
)

// nest puts a text into a number of elements inside each other.
func nest(tag string, depth int, inside string) string {
	return strings.Repeat("<"+tag+">", depth) + inside + strings.Repeat("</"+tag+">", depth)
}

// numbered returns n times a text in which %d is the number.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// accepted are documents and their inclusive canonical forms.
var accepted = []struct{ name, text, canonical string }{
	{"empty element", `<a/>`, `<a></a>`},
	{"white space in tags", "<a\n b = \"1\"\tc\r=\n'2' ></a\n>", `<a b="1" c="2"></a>`},
	{"white space around the root", "\n\t <a/>\r\n", `<a></a>`},
	{"declaration", `<?xml version="1.0"?><a/>`, `<a></a>`},
	{"whole declaration", "<?xml version='1.0'\tencoding = \"utf-8\"\nstandalone='yes' ?>\n<a/>", `<a></a>`},
	{"not standalone", `<?xml version="1.0" standalone="no"?><a/>`, `<a></a>`},
	{"entities in a text", `<a>&lt;&gt;&amp;&quot;&apos;</a>`, `<a>&lt;&gt;&amp;"'</a>`},
	{"entities in a value", `<a b="&lt;&gt;&amp;&quot;&apos;"/>`, `<a b="&lt;>&amp;&quot;'"></a>`},
	{"references", `<a>&#65;&#x42;&#xe9;&#x1F600;&#0000000000067;</a>`, `<a>ABé😀C</a>`},
	{"first and last characters", `<a>&#x9;&#xA;&#x20;&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;</a>`,
		"<a>\t\n \uD7FF\uE000\uFFFD\U00010000\U0010FFFF</a>"},
	{"characters as they are", "<a b='\u0085'>\u007f\u0085\u2028\uFDD0\uFFFD\uFEFF\U0010FFFF</a>",
		"<a b=\"\u0085\">\u007f\u0085\u2028\uFDD0\uFFFD\uFEFF\U0010FFFF</a>"},
	{"line ends", "<a>1\r\n2\r3\n4\r\r5&#13;\n6&#xD;&#10;</a>", "<a>1\n2\n3\n4\n\n5&#xD;\n6&#xD;\n</a>"},
	{"white space in a value", "<a b='1\r\n2\r3\n4\t5\r\r6 7'/>", `<a b="1 2 3 4 5  6 7"></a>`},
	{"referred white space in a value", "<a b='&#13;&#10;&#9;&#32;'/>", `<a b="&#xD;&#xA;&#x9; "></a>`},
	{"quotes", `<a b="'" c='"'/>`, `<a b="'" c="&quot;"></a>`},
	{"> that ends nothing", `<a b="]]>">]>]] > &#93;]></a>`, `<a b="]]>">]&gt;]] &gt; ]]&gt;</a>`},
	{"names", `<_a.-1 b1="" _=""/>`, `<_a.-1 _="" b1=""></_a.-1>`},
	{"names beyond ASCII", `<Ä:Größe·́ 東京="" xmlns:Ä="u:a"/>`, `<Ä:Größe·́ xmlns:Ä="u:a" 東京=""></Ä:Größe·́>`},
	{"names like xml", `<xmlish xml-a="" XML="" p:xmlns="" xmlns:p="u:p"/>`,
		`<xmlish xmlns:p="u:p" XML="" xml-a="" p:xmlns=""></xmlish>`},
	{"namespaces", `<p:a xmlns:p="u:p" xmlns="u:d"><b p:c="1"/></p:a>`,
		`<p:a xmlns="u:d" xmlns:p="u:p"><b p:c="1"></b></p:a>`},
	{"a prefix declared after its use", `<p:a p:b="" xmlns:p="u:p"/>`, `<p:a xmlns:p="u:p" p:b=""></p:a>`},
	{"a prefix bound again", `<p:a xmlns:p="u:p"><p:a xmlns:p="u:q"/><p:a/></p:a>`,
		`<p:a xmlns:p="u:p"><p:a xmlns:p="u:q"></p:a><p:a></p:a></p:a>`},
	{"the default emptied in it", `<a xmlns="u:d"><b xmlns=""><c/></b></a>`, `<a xmlns="u:d"><b xmlns=""><c></c></b></a>`},
	{"an empty default that is of no use", `<p:a xmlns:p="u:p" xmlns=""><p:b xmlns=""/></p:a>`,
		`<p:a xmlns:p="u:p"><p:b></p:b></p:a>`},
	{"same name, one with a namespace", `<a b="1" p:b="2" xmlns:p="u:p" xmlns="u:p"/>`,
		`<a xmlns="u:p" xmlns:p="u:p" b="1" p:b="2"></a>`},
	{"namespaces of several kinds", `<a xmlns:p="http://a.b:80/c;d@:/?e#f" xmlns:q="a+b-c.D9:%4f" xmlns:r="u:"/>`,
		`<a xmlns:p="http://a.b:80/c;d@:/?e#f" xmlns:q="a+b-c.D9:%4f" xmlns:r="u:"></a>`},
	{"a namespace by references", `<p:a xmlns:p="&#117;:a&apos;b"/>`, `<p:a xmlns:p="u:a'b"></p:a>`},
	{"attributes of xml", `<a xml:lang="de" xml:space="preserve" xml:base="/"/>`,
		`<a xml:base="/" xml:lang="de" xml:space="preserve"></a>`},
	{"attributes of two namespaces in order", `<a xmlns:p="u:2" xmlns:q="u:1" p:b="" q:a="" c=""/>`,
		`<a xmlns:p="u:2" xmlns:q="u:1" c="" q:a="" p:b=""></a>`},
	{"two prefixes of one namespace", `<a xmlns:p="u:1" xmlns:q="u:1" p:b="" q:a=""/>`,
		`<a xmlns:p="u:1" xmlns:q="u:1" q:a="" p:b=""></a>`},
	{"several IDs", `<a ID="1"><b ID="2" Id="1" id="1"/><c p:ID="1" xmlns:p="u:p"/></a>`,
		`<a ID="1"><b ID="2" Id="1" id="1"></b><c xmlns:p="u:p" p:ID="1"></c></a>`},
	{"at the limit of depth", nest("a", maxDepth, ""), nest("a", maxDepth, "")},
	{"at the limit of attributes", `<a` + numbered(` a%02d=""`, maxAttrs) + `/>`,
		`<a` + numbered(` a%02d=""`, maxAttrs) + `></a>`},
	{"at the limit of declarations", `<a` + numbered(` xmlns:a%02d="u:%[1]d"`, maxDecls) + `/>`,
		`<a` + numbered(` xmlns:a%02d="u:%[1]d"`, maxDecls) + `></a>`},
}

func TestAccepted(t *testing.T) {
	for _, v := range accepted {
		n, err := parseXML([]byte(v.text), xmlLimits{})
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if got := string(canonicalize(nil, n, c14nInclusive, nil, nil)); got != v.canonical {
			t.Errorf("%s:\n%q, want\n%q", v.name, got, v.canonical)
		}
	}
}

// refused are documents with the code and a part of the rule that they are refused by.
var refused = []struct {
	name, text string
	code       Code
	rule       string
}{
	{"nothing", ``, XMLMalformed, "too early"},
	{"white space", " \n", XMLMalformed, "too early"},
	{"text", `a`, XMLMalformed, "outside"},
	{"deflated", "\x4b\x04\x00", XMLMalformed, "outside"},
	{"deflated, and no UTF-8", "\xb3\x4b\x04\x00", XMLMalformed, "UTF-8"},
	{"only a declaration", `<?xml version="1.0"?>`, XMLMalformed, "too early"},
	{"no end tag", `<a>`, XMLMalformed, "too early"},
	{"no end tag after a text", `<a>b`, XMLMalformed, "ends in a text"},
	{"no end tag inside", `<a><b></a>`, XMLMalformed, "not of the open"},
	{"other end tag", `<a></b>`, XMLMalformed, "not of the open"},
	{"longer end tag", `<a></aa>`, XMLMalformed, "not of the open"},
	{"shorter end tag", `<aa></a>`, XMLMalformed, "not of the open"},
	{"end tag with another prefix", `<p:a xmlns:p="u:p" xmlns:q="u:p"></q:a>`, XMLMalformed, "not of the open"},
	{"end tag with an attribute", `<a></a b="">`, XMLMalformed, "not of the open"},
	{"end tag alone", `</a>`, XMLMalformed, "without a start"},
	{"end tag too many", `<a/></a>`, XMLMalformed, "without a start"},
	{"text after the root", `<a/>b`, XMLMalformed, "outside"},
	{"reference after the root", `<a/>&#32;`, XMLMalformed, "outside"},
	{"text before the root", `b<a/>`, XMLMalformed, "outside"},
	{"second root", `<a/><a/>`, XMLMalformed, "second root"},
	{"NUL", "<a>\x00</a>", XMLMalformed, "character"},
	{"NUL after the root", "<a/>\x00", XMLMalformed, "outside"},

	{"byte order mark", "\uFEFF<a/>", XMLForbidden, "byte order"},
	{"UTF-16", "\xff\xfe<\x00a\x00/\x00>\x00", XMLMalformed, "UTF-8"},
	{"ISO-8859-1", "<a>\xe9</a>", XMLMalformed, "UTF-8"},
	{"overlong", "<a>\xc0\xbc</a>", XMLMalformed, "UTF-8"},
	{"surrogate", "<a>\xed\xa0\x80</a>", XMLMalformed, "UTF-8"},
	{"UTF-16 declared", `<?xml version="1.0" encoding="UTF-16"?><a/>`, XMLForbidden, "encoding"},
	{"ISO-8859-1 declared", `<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, XMLForbidden, "encoding"},
	{"utf8 declared", `<?xml version="1.0" encoding="utf8"?><a/>`, XMLForbidden, "encoding"},
	{"version 1.1", `<?xml version="1.1"?><a/>`, XMLForbidden, "version"},
	{"no version", `<?xml encoding="UTF-8"?><a/>`, XMLMalformed, "version"},
	{"empty declaration", `<?xml ?><a/>`, XMLMalformed, "version"},
	{"encoding first", `<?xml encoding="UTF-8" version="1.0"?><a/>`, XMLMalformed, "version"},
	{"standalone before encoding", `<?xml version="1.0" standalone="no" encoding="UTF-8"?><a/>`, XMLMalformed, "declaration"},
	{"standalone maybe", `<?xml version="1.0" standalone="maybe"?><a/>`, XMLMalformed, "standalone"},
	{"no space in the declaration", `<?xml version="1.0"encoding="UTF-8"?><a/>`, XMLMalformed, "declaration"},
	{"no quotes in the declaration", `<?xml version=1.0?><a/>`, XMLMalformed, "version"},
	{"unequal quotes in the declaration", `<?xml version="1.0'?><a/>`, XMLMalformed, "version"},
	{"unknown in the declaration", `<?xml version="1.0" lang="de"?><a/>`, XMLMalformed, "declaration"},
	{"declaration without an end", `<?xml version="1.0"`, XMLMalformed, "declaration"},
	{"declaration after a space", ` <?xml version="1.0"?><a/>`, XMLForbidden, "instruction"},
	{"second declaration", `<?xml version="1.0"?><?xml version="1.0"?><a/>`, XMLForbidden, "instruction"},
	{"declaration in capitals", `<?XML version="1.0"?><a/>`, XMLForbidden, "instruction"},

	{"DOCTYPE", `<!DOCTYPE a><a/>`, XMLForbidden, "type declaration"},
	{"DOCTYPE with a subset", `<!DOCTYPE a [<!ENTITY b "c">]><a/>`, XMLForbidden, "type declaration"},
	{"DOCTYPE after the root", `<a/><!DOCTYPE a>`, XMLForbidden, "type declaration"},
	{"ENTITY in an element", `<a><!ENTITY b "c"></a>`, XMLMalformed, "name"},
	{"instruction before the root", `<?b c?><a/>`, XMLForbidden, "instruction"},
	{"style sheet", `<?xml-stylesheet href="b"?><a/>`, XMLForbidden, "instruction"},
	{"instruction in a text", `<a>b<?c?>d</a>`, XMLForbidden, "instruction"},
	{"instruction after the root", `<a/><?b?>`, XMLForbidden, "instruction"},
	{"comment before the root", `<!-- --><a/>`, XMLForbidden, "comment"},
	{"comment in a text", `<a>b<!---->c</a>`, XMLForbidden, "comment"},
	{"comment in a signature", `<a xmlns="http://www.w3.org/2000/09/xmldsig#">b<!---->c</a>`, StructureSignature, "comment"},
	{"comment after the root", `<a/><!-- -->`, XMLForbidden, "comment"},
	{"CDATA", `<a><![CDATA[b]]></a>`, XMLForbidden, "CDATA"},

	{"control character", "<a>\x01</a>", XMLMalformed, "character"},
	{"control character in a value", "<a b='\x1f'/>", XMLMalformed, "character"},
	{"U+FFFE", "<a>\uFFFE</a>", XMLMalformed, "character"},
	{"U+FFFF in a value", "<a b='\uFFFF'/>", XMLMalformed, "character"},
	{"]]> in a text", `<a>]]></a>`, XMLMalformed, "]]>"},
	{"< in a value", `<a b="<"/>`, XMLMalformed, "< in"},
	{"unknown entity", `<a>&nbsp;</a>`, XMLMalformed, "reference"},
	{"entity in capitals", `<a>&LT;</a>`, XMLMalformed, "reference"},
	{"& alone", `<a>a & b</a>`, XMLMalformed, "&"},
	{"& at the end", `<a>&`, XMLMalformed, "&"},
	{"& with a far semicolon", `<a>&0123456789abcdef;</a>`, XMLMalformed, "&"},
	{"empty reference", `<a>&;</a>`, XMLMalformed, "reference"},
	{"reference without digits", `<a>&#;</a>`, XMLMalformed, "reference"},
	{"hexadecimal reference without digits", `<a>&#x;</a>`, XMLMalformed, "reference"},
	{"reference with X", `<a>&#X41;</a>`, XMLMalformed, "reference"},
	{"decimal reference with letters", `<a>&#4a;</a>`, XMLMalformed, "reference"},
	{"reference with a sign", `<a>&#+65;</a>`, XMLMalformed, "reference"},
	{"reference to NUL", `<a>&#0;</a>`, XMLMalformed, "reference"},
	{"reference to a control character", `<a b="&#31;"/>`, XMLMalformed, "reference"},
	{"reference to a surrogate", `<a>&#xD800;</a>`, XMLMalformed, "reference"},
	{"reference to U+FFFE", `<a>&#xFFFE;</a>`, XMLMalformed, "reference"},
	{"reference past Unicode", `<a>&#x110000;</a>`, XMLMalformed, "reference"},
	{"reference past 32 bits", `<a>&#4294967361;</a>`, XMLMalformed, "reference"},

	{"tag without a name", `<>`, XMLMalformed, "name"},
	{"space before the name", `< a/>`, XMLMalformed, "name"},
	{"name that begins with a digit", `<1a/>`, XMLMalformed, "name"},
	{"name that begins with a mark", "<\u00b7/>", XMLMalformed, "name"},
	{"colon alone", `<:/>`, XMLMalformed, "name"},
	{"colon first", `<:a/>`, XMLMalformed, "name"},
	{"colon last", `<a:/>`, XMLMalformed, "name"},
	{"two colons", `<a:b:c xmlns:a="u:a"/>`, XMLMalformed, "tag without"},
	{"colon before a digit", `<a:1 xmlns:a="u:a"/>`, XMLMalformed, "name"},
	{"colon first in an attribute", `<a :x=""/>`, XMLMalformed, "name"},
	{"declaration of no prefix", `<a xmlns:=""/>`, XMLMalformed, "name"},
	{"multiplication sign in a name", "<a\u00d7/>", XMLMalformed, "tag without"},
	{"tag that ends in its name", `<a`, XMLMalformed, "tag without"},
	{"tag that ends in /", `<a/`, XMLMalformed, "tag without"},
	{"space in />", `<a / >`, XMLMalformed, "name"},
	{"attribute without a value", `<a b/>`, XMLMalformed, "without a value"},
	{"attribute without quotes", `<a b=c/>`, XMLMalformed, "quotes"},
	{"attribute at the end", `<a b=`, XMLMalformed, "quotes"},
	{"attribute without an end", `<a b="c`, XMLMalformed, "ends in an attribute"},
	{"attributes without a space", `<a b=""c=""/>`, XMLMalformed, "tag without"},
	{"attribute twice", `<a b="1" b="1"/>`, XMLMalformed, "there twice"},
	{"attribute twice by namespace", `<a xmlns:p="u:p" xmlns:q="u:p" p:b="1" q:b="2"/>`, XMLMalformed, "there twice"},
	{"ID twice in a tag", `<a ID="1" ID="1"/>`, XMLMalformed, "there twice"},
	{"declaration twice", `<a xmlns:p="u:p" xmlns:p="u:p"/>`, XMLMalformed, "there twice"},
	{"default declared twice", `<a xmlns="u:p" xmlns="u:p"/>`, XMLMalformed, "there twice"},

	{"unknown prefix", `<p:a/>`, XMLMalformed, "prefix"},
	{"unknown prefix of an attribute", `<a p:b=""/>`, XMLMalformed, "prefix"},
	{"prefix of a child", `<a><b xmlns:p="u:p"/><p:c/></a>`, XMLMalformed, "prefix"},
	{"prefix without a namespace", `<a xmlns:p=""/>`, XMLMalformed, "prefix"},
	{"element of xmlns", `<xmlns:a/>`, XMLMalformed, "prefix"},
	{"element named xmlns", `<xmlns xmlns="u:a"/>`, XMLForbidden, "named xmlns"},
	{"xml declared", `<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, XMLForbidden, "belongs to XML"},
	{"xml bound to another", `<a xmlns:xml="u:a"/>`, XMLForbidden, "belongs to XML"},
	{"xmlns declared", `<a xmlns:xmlns="http://www.w3.org/2000/xmlns/"/>`, XMLForbidden, "belongs to XML"},
	{"prefix of xml", `<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`, XMLForbidden, "belongs to XML"},
	{"prefix of xmlns", `<a xmlns:p="http://www.w3.org/2000/xmlns/"/>`, XMLForbidden, "belongs to XML"},
	{"default of xml", `<a xmlns="http://www.w3.org/XML/1998/namespace"/>`, XMLForbidden, "belongs to XML"},
	{"relative namespace", `<a xmlns="b"/>`, XMLForbidden, "absolute"},
	{"relative namespace of a prefix", `<a xmlns:p="/b:c"/>`, XMLForbidden, "absolute"},
	{"namespace without a scheme", `<a xmlns:p=":b"/>`, XMLForbidden, "absolute"},
	{"scheme that begins with a digit", `<a xmlns:p="1:b"/>`, XMLForbidden, "absolute"},
	{"scheme with an underscore", `<a xmlns:p="a_b:c"/>`, XMLForbidden, "absolute"},
	{"namespace with a space", `<a xmlns:p="u:b c"/>`, XMLForbidden, "absolute"},
	{"namespace after a space", `<a xmlns:p=" u:b"/>`, XMLForbidden, "absolute"},
	{"namespace beyond ASCII", `<a xmlns:p="u:é"/>`, XMLForbidden, "absolute"},
	{"namespace with a wrong escape", `<a xmlns:p="u:%4g"/>`, XMLForbidden, "absolute"},
	{"namespace with half an escape", `<a xmlns:p="u:%4"/>`, XMLForbidden, "absolute"},
	{"namespace with &", `<a xmlns:p="u:a&amp;b"/>`, XMLForbidden, "absolute"},
	{"namespace with <", `<a xmlns:p="u:a&lt;b"/>`, XMLForbidden, "absolute"},
	{"namespace with brackets", `<a xmlns:p="http://[::1]"/>`, XMLForbidden, "absolute"},
	{"namespace with a quote", `<a xmlns:p='u:"'/>`, XMLForbidden, "absolute"},
	{"namespace with a user", `<a xmlns:p="http://a@b/"/>`, XMLForbidden, "absolute"},
	{"namespace with an empty port", `<a xmlns:p="http://a:/"/>`, XMLForbidden, "absolute"},
	{"namespace with a port of letters", `<a xmlns:p="http://a:b/"/>`, XMLForbidden, "absolute"},
	{"namespace with two ports", `<a xmlns:p="http://a:1:2?"/>`, XMLForbidden, "absolute"},
	{"namespace with a long port", `<a xmlns:p="http://a:123456#"/>`, XMLForbidden, "absolute"},
	{"namespace with two fragments", `<a xmlns:p="u:a#b#c"/>`, XMLForbidden, "absolute"},
	{"xml:id", `<a xml:id="b"/>`, XMLForbidden, "xml:"},
	{"unknown attribute of xml", `<a xml:b=""/>`, XMLForbidden, "xml:"},

	{"attributes of two namespaces", `<a xmlns:p="u:1" xmlns:q="u:2" p:b="" q:a=""/>`, XMLForbidden, "order"},
	{"one name in two namespaces", `<a xmlns:p="u:1" xmlns:q="u:2" p:b="" q:b=""/>`, XMLForbidden, "order"},
	{"xml:lang and another", `<a xmlns:p="http://www.w3.org/2001/XMLSchema-instance" xml:lang="" p:type=""/>`, XMLForbidden, "order"},
	{"xml:lang inherited and another", `<a xml:lang=""><b xmlns:p="http://www.w3.org/2001/XMLSchema-instance" p:type=""/></a>`,
		XMLForbidden, "order"},
	{"empty default at the root", `<a xmlns=""/>`, XMLForbidden, "default"},
	{"empty default in none", `<a><b xmlns=""/></a>`, XMLForbidden, "default"},
	{"empty default twice", `<a xmlns="u:d"><b xmlns=""><c xmlns=""/></b></a>`, XMLForbidden, "default"},
	{"empty default in a prefix", `<p:a xmlns:p="u:p" xmlns="u:d"><b xmlns=""/></p:a>`, XMLForbidden, "default"},
	{"empty default two levels up", `<p:a xmlns:p="u:p" xmlns="u:d"><p:b xmlns=""><c/></p:b></p:a>`, XMLForbidden, "default"},

	{"ID twice", `<a ID="1"><b ID="1"/></a>`, StructureReference, "ID"},
	{"ID twice, later", `<a><b ID="1"/><c><d Id="2"/><e ID="&#49;"/></c></a>`, StructureReference, "ID"},
	{"empty ID twice", `<a><b ID=""/><b ID=""/></a>`, StructureReference, "ID"},

	{"past the limit of depth", nest("a", maxDepth+1, ""), XMLLimits, "deep"},
	{"past the limit of attributes", `<a` + numbered(` a%02d=""`, maxAttrs+1) + `/>`, XMLLimits, "attributes"},
	{"past the limit of declarations", `<a` + numbered(` xmlns:a%02d="u:%[1]d"`, maxDecls+1) + `/>`, XMLLimits, "declarations"},
}

func TestRefused(t *testing.T) {
	for _, v := range refused {
		code, rule := refusal(t, v.text, xmlLimits{})
		if code != v.code || !strings.Contains(rule, v.rule) {
			t.Errorf("%s: %s: %s, want %s: %s", v.name, code, rule, v.code, v.rule)
		}
	}
}

// TestLimits stands at the limits that need long documents, and one past them.
func TestLimits(t *testing.T) {
	elements := func(n int) string { return "<a>" + strings.Repeat("<b/>", n-1) + "</a>" }
	mustParse(t, elements(maxElements), xmlLimits{})
	mustParse(t, elements(maxElements+1), xmlLimits{elements: maxElements + 1})
	mustParse(t, elements(3), xmlLimits{elements: 3})
	expectLimit(t, elements(maxElements+1), xmlLimits{}, "elements")
	expectLimit(t, elements(4), xmlLimits{elements: 3}, "elements")

	// One declaration in scope is that of xml.
	scope := func(n int) string {
		return `<a` + numbered(` xmlns:a%d="u:a"`, 16) + `><a` + numbered(` xmlns:b%d="u:a"`, 16) + `><a` +
			numbered(` xmlns:c%d="u:a"`, 16) + `><a` + numbered(` xmlns:d%d="u:a"`, n-48) + "/></a></a></a>"
	}
	mustParse(t, scope(maxScope-1), xmlLimits{})
	expectLimit(t, scope(maxScope), xmlLimits{}, "in scope")
	mustParse(t, "<r>"+strings.Repeat(scope(maxScope-1), 4)+"</r>", xmlLimits{})

	// A root, 21 elements with 16 declarations, and one with as many as are left.
	dense := func(last int) string {
		full := `<a` + numbered(` xmlns:a%d="u:a"`, 16) + `/>`
		return "<r>" + strings.Repeat(full, 21) + "<a" + numbered(` xmlns:a%d="u:a"`, last) + "/></r>"
	}
	left := declsPerElement*23 + declsMore - 21*16
	mustParse(t, dense(left), xmlLimits{})
	expectLimit(t, dense(left+1), xmlLimits{}, "declarations")
}

func expectLimit(t *testing.T, text string, l xmlLimits, rule string) {
	t.Helper()
	if code, got := refusal(t, text, l); code != XMLLimits || !strings.Contains(got, rule) {
		t.Errorf("%.100q: %s: %s, want a limit of %s", text, code, got, rule)
	}
}

// TestMetadataLimits checks what is accepted of metadata alone.
func TestMetadataLimits(t *testing.T) {
	l := xmlLimits{metadata: true}
	for _, v := range []struct{ text, canonical string }{
		{"\uFEFF<a/>", `<a></a>`},
		{"\uFEFF<?xml version='1.0'?><!-- b --><a/><!---->\n<!--- -->", `<a></a>`},
		{`<a>b<!-- c -->d<!----><e/><!-- --><e/> <!-- - < & > ]]> --></a>`, `<a>bd<e></e><e></e> </a>`},
		{"<a><!-- b --></a>", `<a></a>`},
		{"<a>&lt;<!-- b -->\r<!-- -->\n]]<!-- -->&gt;</a>", "<a>&lt;\n\n]]&gt;</a>"},
		{`<p:a xmlns:p="u:p" xmlns=""><b xmlns=""/></p:a>`, `<p:a xmlns:p="u:p"><b></b></p:a>`},
		{`<a xmlns:p="u:1" xmlns:q="u:2" p:b="" q:a=""/>`, `<a xmlns:p="u:1" xmlns:q="u:2" p:b="" q:a=""></a>`},
	} {
		n := mustParse(t, v.text, l)
		if got := string(canonicalize(nil, n, c14nInclusive, nil, nil)); got != v.canonical {
			t.Errorf("%q: %q, want %q", v.text, got, v.canonical)
		}
		for _, it := range n.items {
			if it.node == nil && it.text == "" {
				t.Errorf("%q: an empty text", v.text)
			}
		}
	}
	for _, v := range []struct {
		text, rule string
		code       Code
	}{
		{"<a/>\uFEFF", "outside", XMLMalformed},
		{"\uFEFF\uFEFF<a/>", "outside", XMLMalformed},
		{"<!DOCTYPE a><a/>", "type declaration", XMLForbidden},
		{"<a><?b?></a>", "instruction", XMLForbidden},
		{"<a><![CDATA[]]></a>", "CDATA", XMLForbidden},
		{"<!-- b -- c --><a/>", "comment", XMLMalformed},
		{"<!-- b ---><a/>", "comment", XMLMalformed},
		{"<!--><a/>-->", "too early", XMLMalformed},
		{"<!---><a/>-->", "too early", XMLMalformed},
		{"<a><!-- b", "comment", XMLMalformed},
		{"<a><!-- \x01 --></a>", "character", XMLMalformed},
		{"<!-- \uFFFE --><a/>", "character", XMLMalformed},
		{"<a <!-- --> />", "name", XMLMalformed},
		{`<xmlns xmlns="u:a"/>`, "named xmlns", XMLForbidden},
	} {
		if code, rule := refusal(t, v.text, l); code != v.code || !strings.Contains(rule, v.rule) {
			t.Errorf("%q: %s: %s, want %s: %s", v.text, code, rule, v.code, v.rule)
		}
	}
}

// TestWithin reads a document that stands in an element of another.
func TestWithin(t *testing.T) {
	outer := mustParse(t, `<p:a xmlns:p="u:p" xmlns="u:d" ID="1" xml:lang="de"><p:b xmlns:q="u:q" xmlns:p="u:r"/></p:a>`, xmlLimits{})
	l := xmlLimits{within: outer.child("u:r", "b")}
	n := mustParse(t, `<c ID="1" q:m=""><p:e/></c>`, l)
	if n.space != "u:d" || n.attrs[1].space != "u:q" || n.child("u:r", "e") == nil {
		t.Errorf("%+v", n)
	}
	const want = `<c xmlns="u:d" xmlns:p="u:r" xmlns:q="u:q" ID="1" xml:lang="de" q:m=""><p:e></p:e></c>`
	if got := string(canonicalize(nil, n, c14nInclusive, nil, nil)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if len(l.within.items) != 0 {
		t.Error("the other document was changed")
	}
	for text, rule := range map[string]string{
		`<p:c/><p:c/>`: "second root", `<r:c/>`: "prefix", `</p:b>`: "end tag", `<c xmlns=""/>`: "default",
		`<c q:lanf=""/>`: "order",
	} {
		if _, got := refusal(t, text, l); !strings.Contains(got, rule) {
			t.Errorf("%s: %s, want %s", text, got, rule)
		}
	}
	if n := mustParse(t, `<c xmlns=""/>`, xmlLimits{within: mustParse(t, `<a xmlns="u:d"/>`, xmlLimits{})}); n.space != "" {
		t.Errorf("%+v", n)
	}
}
