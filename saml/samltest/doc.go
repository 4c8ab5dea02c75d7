// Package samltest tests what is built with package saml: it is the other side of a sign-in, without
// a connection to anywhere, and has suites for what a host writes itself.
//
// # Corpus
//
// [Corpus] has a [Case] for every attack and every variation that a service provider has to tell
// apart: a message that is in order but for one thing, and what has to become of it. The messages
// are made anew for each sign-in, by code that has nothing in common with the verifier of package
// saml. Those for [TestParams] are also files: [Files].
//
// The letter of an ID is its family: A for keys, B for algorithms, X for wrapping attacks, S for
// the structure of signatures, D for documents, M for several assertions, C for claims, E for
// encryption, Z for sizes and replay, L for logout.
//
// # Identity provider
//
// An [IdP] is an identity provider that believes everybody. It makes responses for unit tests
// ([IdP.Response]), and it is an [http.Handler] with the pages of a sign-in, which [StartIdP] serves
// on a loopback address and [IdP.SignIn] walks through:
//
//	idp := samltest.StartIdP(t, samltest.Options{Now: time.Now, ServiceProviders: …})
//	response, page, err := idp.SignIn(client, "https://app.test/sign-in", "alice@example.com")
//
// # Service providers
//
// [TestServiceProvider] sends the corpus to a running service provider, from a sign-in at its own
// pages to its assertion consumer service, and looks who is signed in afterwards.
package samltest
