// Package storetest is the laws of the ports in package store, as suites that
// every engine passes. Each law is a subtest, and says which rule was broken.
// The memories are the model: obvious, and the fake for the tests of higher
// floors.
//
// It refuses to know engines, and to skip a law for one of them.
package storetest
