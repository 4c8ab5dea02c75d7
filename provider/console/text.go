package console

import (
	"html/template"
	"io/fs"
	"slices"
	"text/template/parse"
)

// messages are what a page says after an act, by the name of it in the address.
var messages = map[string]string{
	"added":         "The provider was added as a draft. Copy the identifiers below to your identity provider.",
	"changed":       "The settings were changed.",
	"imported":      "The metadata was imported. Test the connection next.",
	"same":          "The metadata has not changed.",
	"discarded":     "The changes were discarded.",
	"policy":        "The sign-in policy was changed. Test the connection next.",
	"saved":         "The settings were saved, and are what sign-ins are judged by from now on.",
	"enabled":       "Single sign-on is enabled.",
	"disabled":      "Single sign-on is disabled, and the sessions that began with it have ended.",
	"deleted":       "The provider was deleted. Its users stay, and are managed by nobody.",
	"scim_disabled": "Provisioning is off. The users stay, and can be edited here.",
	"grants":        "What the provider may hand out was changed.",
	"revoked":       "The token was revoked.",
	"approved":      "The takeover was approved. It happens at the next request of the identity provider.",
	"roles":         "The mapping was saved. Users get their roles in the next minutes.",
	"link_revoked":  "The setup link was revoked.",
	"user":          "The user was changed.",
	"auth":          "The authentication type was changed.",
	"released":      "The user was released, and can be edited here until you give the user back.",
	"reclaimed":     "The user was given back to the identity provider.",
	"page":          "Thank you, the answer is kept with the test.",
}

// Texts returns the English texts that [Options.Texts] can replace, sorted. What has verbs of package fmt is
// given values in this order.
func Texts() []string {
	set := map[string]bool{}
	p := &pages{}
	names, _ := fs.Glob(html, "html/*.html")
	for _, file := range names {
		t := template.Must(template.New("").Funcs(p.functions()).ParseFS(html, file))
		for _, one := range t.Templates() {
			if one.Tree != nil {
				collect(one.Tree.Root, set)
			}
		}
	}
	for _, text := range messages {
		set[text] = true
	}
	for _, text := range spoken {
		set[text] = true
	}
	return slices.Sorted(func(yield func(string) bool) {
		for text := range set {
			if !yield(text) {
				return
			}
		}
	})
}

// spoken are texts that the code says, and no template.
var spoken = []string{
	"just now", "%d minutes ago", "%d hours ago", "%d days ago", "Not found", "Changed meanwhile", "This cannot be done", "Not now", "Something went wrong",
	"There is nothing here. It may have been deleted, or the address may be mistyped.",
	"Nothing is kept under this incident ID. Compare it with what was shown; of what is long past nothing is left.",
	"Somebody else has changed this since you opened the page, and nothing was done. Open it again and look.",
	"This could not be finished right now, and goes on by itself or when you try again.",
	"The log has what happened, under the incident ID below.", "This page is for administrators.",
	"This form was sent from another site, and nothing was done. Open the page here and try again.",
	"This setup link is over, or was never good. Ask who gave it to you for another one.",
	"Identity Providers", "Users", "Organizations", "Groups", "Activity",
	"Administrator",
	"Disable",
	"Nobody signs in through this provider any more, and the sessions that began with it end now. Its users are not let in with a password instead.",
	"Its tokens stop working at once. Its users and groups stay, and are managed by nobody from then on. This cannot be undone.",
	"Setup link closed", "This browser has forgotten the setup link. It stays good: open it again to go on.",
	"technicians",
	"end users",
	"any organization",
	"no organization yet",
	"all organizations at once",
	"Generate a secret token",
	"The token is shown once. One that is good already stays good: enter the new one at the identity provider, see that its connection test comes here, and revoke the old one then.",
	"Revoke a token",
	"Revoke token",
	"The identity provider is refused at once if it still uses this token.",
	"The identity provider is told to try again later. The users stay, and can be edited here until provisioning is on again. To edit one user, release that user instead.",
	"Approve a takeover",
	"this user is an administrator. Once taken over, the identity provider can change and deactivate them, though never the last administrator.",
}

// collect adds the constant first arguments of calls of t below a node.
func collect(node parse.Node, set map[string]bool) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				collect(child, set)
			}
		}
	case *parse.ActionNode:
		collect(n.Pipe, set)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			collect(n.Pipe, set)
		}
	case *parse.IfNode:
		collectBranch(&n.BranchNode, set)
	case *parse.RangeNode:
		collectBranch(&n.BranchNode, set)
	case *parse.WithNode:
		collectBranch(&n.BranchNode, set)
	case *parse.PipeNode:
		for _, command := range n.Cmds {
			collectCommand(command, set)
		}
	}
}

func collectBranch(n *parse.BranchNode, set map[string]bool) {
	collect(n.Pipe, set)
	collect(n.List, set)
	collect(n.ElseList, set)
}

func collectCommand(c *parse.CommandNode, set map[string]bool) {
	if f, ok := c.Args[0].(*parse.IdentifierNode); ok && f.Ident == "t" && len(c.Args) > 1 {
		if text, ok := c.Args[1].(*parse.StringNode); ok {
			set[text.Text] = true
		}
	}
	for _, arg := range c.Args {
		collect(arg, set)
	}
}
