// Package v3 answers Bitly's API v3 as its clients expect it: parameters in, an
// envelope out, as json, JSONP, xml, txt or csv.
//
// A call in the order of the code:
//
//	api.go          ServeHTTP: finds the method, bounds its time, and logs faults
//	at.go           answers that are all about one instant
//	request.go      query string and body become a query
//	methods.go      the table of methods
//	credentials.go  whose token (parameter or Authorization header) or apiKey it is, and the
//	                limits of that user; the method validate
//	params.go       parameters: names, bounds, rules
//	values.go       the names that JSONP may call
//	subject.go      which links the question is about
//	counts.go       what methods about counts share: lists by facet, by day
//	status.go       errors to statuses
//	encode.go       the one function that writes answers; json.go, xml.go, csv.go
//	expensive.go    limits questions that take long
//
// Methods are in
//
//	clicks.go, countries.go, popular_links.go, referrers.go, referring_domains.go,
//	destination_changes.go,
//	projections.go, link_encoders.go, link_history.go, lookup.go, user_info.go   named after them
//	shorturls.go    those that name links by shortUrl and hash
//	shorten.go, link_edit.go   those that make and change links
//	keywords.go     names that users choose for links
//	unsupported.go  those that have no data, and bitly_pro_domain
//
// A new method is a line in the table of methods.go, a function and a golden file. A
// new parameter is a name and a rule in params.go.
//
// The package does not count, does not compute with time zones, and does not depend on an
// engine.
package v3
