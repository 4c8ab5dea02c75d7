package main

import "testing"

// TestSignedOut: whoever signs out is told so, and whoever was signed out is told why the sign-in page is there.
func TestSignedOut(t *testing.T) {
	t.Parallel()
	c := new(clock)
	s := startWith(t, c.into)
	b := newBrowser(t, s.base())
	b.password(s.ConsolePassword)
	b.wants(b.post(factorPath, "code", c.code(t, s.TOTPSecret)), 200, checklistPath)
	b.wants(b.post(signOutPath), 200, "/", "You are signed out")
	b.wants(b.get(homePath), 200, signInPath, "E-mail address")

	b.password(s.ConsolePassword)
	c.advance(sessionFor)
	b.wants(b.get(consolePath+"/users"), 200, signInPath, "Your session has ended")
	b.wants(b.get(signInPath), 200, signInPath, "E-mail address")
}
