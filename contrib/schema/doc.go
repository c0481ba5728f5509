// Package schema has tests alone. They read the files for Compose, Kubernetes and Grafana with
// the types and schemas of those who made these, and so find misspelt keys and values of the wrong
// type. It is a module of its own, so that footfall does not depend on them:
//
//	cd contrib/schema && go test -count=1
package schema
