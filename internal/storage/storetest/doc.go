// Package storetest checks the contracts of package store: one suite for each role
// of an engine. Each rule is a subtest, and says which rule was broken. MemoryCounts
// and MemoryLinks are the models that random histories are compared with, and
// stand in for engines in the tests of other packages.
//
// It does not depend on an engine, and skips no rule for one.
//
// Where to look:
//
//	counts.go, counts_*.go   suites for engines of counts, a file for each role
//	links*.go, users*.go     suites for engines of links and users
//	memory_*.go              the models
package storetest
