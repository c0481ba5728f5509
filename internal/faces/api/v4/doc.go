// Package v4 answers clients of Bitly's API v4 in the form that they read errors
// in. footfall does not speak v4 yet: each answer says so, and names the method
// of v3 that does the same.
//
// It refuses to know who asks, and to answer anything else.
package v4
