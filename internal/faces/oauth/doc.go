// Package oauth is the face of programs that ask for an access token:
// POST /oauth/access_token, in Bitly's dialect.
//
// A login and a password over HTTP Basic get a token. The flows in which an
// application speaks for a user are told apart and refused: none can be
// registered yet.
//
// It refuses to prove anybody and to make tokens, which package auth does, and
// to say on the wire whether a login exists.
package oauth
