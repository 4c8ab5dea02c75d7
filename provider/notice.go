package provider

// A Notice is a page that a person sees in place of where they wanted to go.
type Notice struct {
	Kind     NoticeKind
	Status   int // of HTTP
	Title    string
	Text     string // a sentence or two, without a reason that a stranger should not know
	Incident string // under which the log and the events have the reason; "" = nothing went wrong
}

// A NoticeKind says what a page is about.
type NoticeKind string

// The kinds of pages.
const (
	NoticeRefused   NoticeKind = "refused"    // one page for all reasons
	NoticeTested    NoticeKind = "tested"     // the end of a test: look at the first tab
	NoticeSignedOut NoticeKind = "signed out" // where there is nowhere else to go
)
