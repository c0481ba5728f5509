// Package contrib has files for operators: systemd units, alerts, a script, and files for
// containers. It has no code except tests. They run these files, and the snippets of
// docs/install.md and docs/operations.md, with the programs that they are for, and footfall
// with a real database of cities:
// go test -tags contrib ./contrib, as root on Debian.
package contrib
