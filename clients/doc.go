// Package clients asks the real program through clients that others wrote for
// Bitly, as they lie in the npm registry, and holds what they return against
// an oracle that reads the feed's files and nothing else.
//
// They are bitly 1 to 6, bitly-oauth and node-bitlyapi. Those with tokens and
// those with apiKeys, those that call over http and those over https: each asks
// all methods that it knows, of links that were imported and of links that it
// has made itself, and is shown errors of each kind.
//
// It has tests only, which want node and `npm ci` in clients/node:
//
//	go test -tags clients ./clients
//
// It refuses to mend clients: where one cannot show an answer, that is written
// down as it is.
package clients
