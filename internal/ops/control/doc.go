// Package control carries the commands of operators to the process that owns a
// data directory, over the directory's socket, and brings back what they print.
//
// A Command is declared once, in commands.go: its name, what it takes, what it
// reports while it runs, and what it answers. The process that owns the
// directory says what each does (Does, Answers); the command line asks (Ask).
// This package declares commands, and does none of them.
//
// One request is a POST to /NAME. Its body is a line of JSON, and after that the
// input of commands that have one. The answer is lines of JSON: see event.
package control
