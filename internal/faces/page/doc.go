// Package page is for people: they sign in, and see the clicks on their links, in pages under
// /-/.
//
// It is a client of the API, which it is given as a handler: every number comes from an answer
// that programs get, too. It makes one view of many answers, all about one instant; the browser
// only draws it. It computes no counts, and with the calendar only which time a view covers.
//
// Where to look:
//
//	page.go         the paths, and who answers them
//	session.go      who is signed in; the form for it
//	account.go      the account: password, sessions, tokens; a first password
//	forms.go, linkforms.go, shareform.go   forms for browsers without scripts
//	admin.go        health and users, for admins alone
//	ask.go, entries.go   asks the API; lists of its answers
//	view.go, shapes.go   makes the view of the overview and of a link; what it consists of
//	window.go, words.go  which time a view covers, and which times come before and after it
//	compare.go      the time that it is compared with
//	counted.go      whether it counts people, bots or both
//	chart.go, strip.go, heat.go, panels.go, sites.go, rows.go, sparks.go   parts of a view
//	link.go, links.go    a link; the list of links
//	share.go, shares.go   views for whoever has a secret address; the owner's list of them
//	import.go       links from a CSV file
//	live.go         says that there are new clicks
//	show.go, html/  the frame around a view, errors, and tables for browsers without scripts
//	web/            the scripts and styles, and how they are built
package page
