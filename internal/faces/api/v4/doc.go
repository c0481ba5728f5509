// Package v4 refuses calls of Bitly's API v4, with errors in the form of v4. Each
// error names the method of v3 that does the same, if there is one.
//
// It does not ask who calls, and has no other answer.
package v4
