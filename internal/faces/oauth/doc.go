// Package oauth gives access tokens to programs: POST /oauth/access_token, in
// Bitly's dialect.
//
// A login and a password in HTTP Basic get a token. The flows in which an
// application acts for a user are recognised and refused: no application can be
// registered.
//
// It does not check passwords or make tokens: package auth does. Its answers
// do not show whether a login exists.
package oauth
