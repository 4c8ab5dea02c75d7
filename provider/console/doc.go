// Package console has the pages on which administrators set up identity providers, look after users, and
// find out what went wrong: an [http.Handler] that a host mounts into its own administration.
//
//	pages, err := console.New(service, console.Options{
//		Base:  "/admin/identity",
//		Actor: func(r *http.Request) (provider.Actor, error) { … }, // who asks, from the host's session
//	})
//	mux.Handle("/admin/identity/", pages)
//
// The pages are HTML with forms. They need no JavaScript; a small script copies values and looks whether a
// test has ended. They follow the preferred color scheme, work on a telephone, and are made for keyboards
// and screen readers. A host puts its own name, links and colors into them with a [Theme], and its own
// words with [Options.Texts].
//
// Whatever is done goes through the methods of [provider.Service], with the [provider.Actor] that the host
// has named: the pages know nothing that a host could not do itself.
//
// # Setup links
//
// A customer's administrator who has no account here can be given a setup link: under /setup/ the pages show
// one provider, without the rest, as far as the link allows (see [provider.Service.NewSetupLink]). These
// pages do not ask for an Actor: a host that protects the pages by middleware of its own lets that path
// through.
//
// # Security
//
// Every answer has a Content-Security-Policy without inline scripts or styles, and is not stored. Requests
// that change something and come from another site are refused ([http.CrossOriginProtection]). A secret is
// shown in the answer to the request that has made it, and in no other. The path of a setup link, below
// /setup/open/, has its secret: keep that out of the log of requests.
package console
