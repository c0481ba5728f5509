// Package feed brings in clicks that others recorded: it reads their formats
// line by line and hands clicks to the recorder, each once, however often an
// input is repeated, cut off or grown.
//
// It refuses to count, and to guess: a line it does not understand is rejected
// with its number and the reason, and the rest goes on.
package feed
