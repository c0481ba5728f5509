// Package control carries the commands of operators to the process that owns a
// data directory, over the directory's socket, and brings back what they print.
//
// A Command is declared once, in commands.go: its name, and the types of its
// parameter, of the notes that it reports while it runs, and of its answer. Package
// server implements commands (Implement, ImplementWithNotes), and the command line
// sends them (Ask). This package implements none.
//
// One request is a POST to /NAME. Its body is a line of JSON, and after that the
// input of commands that have one. The answer is lines of JSON: see event.
package control
