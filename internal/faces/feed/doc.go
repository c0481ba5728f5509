// Package feed imports clicks that others recorded, and exports what there is. It reads
// an input line by line and passes each click to the recorder once, even if the input is
// imported again after it was cut off or has grown.
//
// It refuses to count, and to guess: it rejects a line that it does not understand, with
// the line number and the reason, and continues.
package feed
