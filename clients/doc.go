// Package clients asks the real program through clients that others wrote for
// Bitly, as they lie in the npm registry and in Debian's archive, and holds what
// they return against an oracle that reads the feed's files and nothing else.
//
// Those of the npm registry are bitly 1 to 6, bitly-oauth and node-bitlyapi. Some
// have tokens and some apiKeys, some call over http and some over https. Each
// asks all methods that it knows, of links that were imported and of links that
// it has made itself, and is shown errors of each kind.
//
// Those of Debian's archive have apiKeys and call over http. bti is a shell
// script and twittering-mode is a mode of Emacs: both shorten, and read plain
// text. The program mikutter, in Ruby, expands 15 short URLs at a time.
//
// It has tests only, which want node, `npm ci` in clients/node, and Debian's
// packages bti, mikutter, twittering-mode, emacs-nox and wget:
//
//	go test -tags clients ./clients
//
// It refuses to mend clients: where one cannot show an answer, that is written
// down as it is.
package clients
