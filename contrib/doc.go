// Package contrib is what operators run footfall with: units, alerts, and files for
// containers. It holds no code. Its tests run these, and the snippets of
// docs/install.md and docs/operations.md, with the programs that they are for:
// go test -tags contrib ./contrib, as root on Debian.
package contrib
