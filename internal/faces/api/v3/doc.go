// Package v3 speaks the dialect of Bitly's API v3 as its clients expect it:
// parameters in, the envelope out, as json, JSONP, xml, txt or csv.
//
// A method is a function from a call to a plain struct or an error. One
// function writes every envelope, one table maps errors to status
// codes. Entries of lists know their cells, so that one function writes every
// table. A new method is one line in the table of methods, one function and
// one golden file.
//
// It refuses to count, to compute with zones and to know stores.
package v3
