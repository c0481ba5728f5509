// Package clients asks the real program through clients that others wrote for
// Bitly, as they lie in the npm registry, and holds what they return against
// an oracle that reads the feed's files and nothing else.
//
// It has tests only, which want node and `npm ci` in clients/node:
//
//	go test -tags clients ./clients
//
// It refuses to mend clients: where one cannot show an answer, that is written
// down as it is.
package clients
