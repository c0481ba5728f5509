// Package control is the face for the operator: the commands that reach the
// process which owns a data directory, over HTTP on the directory's socket.
// Handler is the owner's side, Client the command's.
//
// The socket is open to the owner of the directory alone, so nobody proves who
// they are here. It refuses to choose where to listen, and holds no logic of its
// own: it passes on and reports.
package control
