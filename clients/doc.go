// Package clients runs clients that others wrote for Bitly against the real program,
// unmodified, and compares what they return with an oracle that reads the files of the
// click feed.
//
// From the npm registry: bitly 1 to 6, bitly-oauth and node-bitlyapi. Some have tokens
// and some apiKeys; some use http and some https. Each calls every method that it has,
// about imported links and about links that it made, and gets every kind of error.
//
// From Debian's archive, with apiKeys over http: bti is a shell script and
// twittering-mode a mode of Emacs, which shorten URLs and read plain text. mikutter, a
// program in Ruby, expands 15 short URLs at a time.
//
// The package has only tests. They need node, `npm ci` in clients/node, and Debian's
// packages bti, mikutter, twittering-mode, emacs-nox and wget:
//
//	go test -tags clients ./clients
//
// The tests do not change the clients. Where a client cannot show an answer, they expect
// that.
package clients
