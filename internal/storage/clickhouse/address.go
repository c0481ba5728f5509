package clickhouse

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Address says where ClickHouse is.
type Address struct {
	TLS   bool
	User  string
	Hosts []string // host:port of HTTP, each once
	// Database is the name of a database that exists.
	Database string
	// Cluster is the name of the cluster in the configuration of ClickHouse. Empty for a single
	// server.
	Cluster string
	// Shards is the number of shards to write with. 0 is the number that was written with last; at
	// first, all.
	Shards int
	// Secret returns the password. It reads it again from its file, if there is one.
	Secret func() (string, error)

	roots *x509.CertPool // nil: those of the system
}

// ErrAddress says that a text is not an address of ClickHouse.
var ErrAddress = errors.New("not an address of ClickHouse")

// The ports of HTTP and HTTPS of ClickHouse.
const defaultPort, defaultTLSPort = "8123", "8443"

// name matches the names of databases and clusters: they go into statements unquoted.
var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ParseAddress parses an address:
//
//	clickhouse://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?cluster=NAME&shards=N&password-file=FILE&ca-file=FILE
//
// With clickhouses:// the connections are encrypted. It fails with ErrAddress, without the
// password in its text.
func ParseAddress(text string) (*Address, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	a := &Address{TLS: scheme == "clickhouses", User: "default", Database: "default"}
	if !ok || scheme != "clickhouse" && scheme != "clickhouses" {
		return nil, fmt.Errorf("%w: it must start with clickhouse:// or clickhouses://", ErrAddress)
	}
	// net/url takes one host, so the list of hosts is parsed on its own.
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if strings.Contains(path, "@") { // the password may be there
		return nil, fmt.Errorf("%w: special characters in its user, password or database must be escaped, such as %%2F for a slash", ErrAddress)
	}
	credentials, hosts := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		credentials, hosts = authority[:i+1], authority[i+1:]
	}
	u, err := url.Parse("clickhouse://" + credentials + "host" + path)
	if err != nil {
		return nil, fmt.Errorf("%w: special characters in its user, password or database must be escaped, such as %%2F for a slash", ErrAddress)
	}
	password, given := u.User.Password()
	if name := u.User.Username(); name != "" {
		a.User = name
	}
	if d := strings.Trim(u.Path, "/"); d != "" {
		a.Database = d
	}
	if !name.MatchString(a.Database) {
		return nil, fmt.Errorf("%w: the name of its database must consist of letters, digits and underscores, and not begin with a digit", ErrAddress)
	}
	file, authorities := "", ""
	for key, values := range u.Query() {
		value := values[len(values)-1]
		switch key {
		case "cluster":
			if a.Cluster = value; !name.MatchString(value) {
				return nil, fmt.Errorf("%w: the name of its cluster must consist of letters, digits and underscores, and not begin with a digit", ErrAddress)
			}
		case "shards":
			if a.Shards, err = strconv.Atoi(value); err != nil || a.Shards < 1 || a.Shards > buckets {
				return nil, fmt.Errorf("%w: shards must be a number from 1 to %d", ErrAddress, buckets)
			}
		case "password-file":
			file = value
		case "ca-file":
			authorities = value
		default:
			return nil, fmt.Errorf("%w: it has no parameter %q; there are cluster, shards, password-file and ca-file", ErrAddress, key)
		}
	}
	if given && file != "" {
		return nil, fmt.Errorf("%w: it has both a password and a password-file", ErrAddress)
	}
	a.Secret = func() (string, error) { return password, nil }
	if file != "" {
		a.Secret = func() (string, error) { return readSecret(file) }
	}
	if a.Hosts, err = parseHosts(hosts, a.TLS); err != nil {
		return nil, err
	}
	if a.Cluster == "" && len(a.Hosts) > 1 {
		return nil, fmt.Errorf("%w: several servers are a cluster, and its name is missing (?cluster=NAME)", ErrAddress)
	}
	if a.Cluster == "" && a.Shards > 1 {
		return nil, fmt.Errorf("%w: several shards are a cluster, and its name is missing (?cluster=NAME)", ErrAddress)
	}
	switch {
	case authorities == "":
		return a, nil
	case !a.TLS:
		return nil, fmt.Errorf("%w: ca-file needs clickhouses://", ErrAddress)
	}
	if a.roots, err = readAuthorities(authorities); err != nil {
		return nil, fmt.Errorf("%w: ca-file: %w", ErrAddress, err)
	}
	return a, nil
}

func parseHosts(list string, encrypted bool) (hosts []string, err error) {
	port, seen := defaultPort, map[string]bool{}
	if encrypted {
		port = defaultTLSPort
	}
	for _, host := range strings.Split(list, ",") {
		if host == "" {
			return nil, fmt.Errorf("%w: a host is missing", ErrAddress)
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		if u, err := url.Parse("http://" + host); err != nil || u.Host != host {
			return nil, fmt.Errorf("%w: %q is not a host", ErrAddress, host)
		}
		if seen[host] {
			return nil, fmt.Errorf("%w: it names %s twice", ErrAddress, host)
		}
		seen[host] = true
		hosts = append(hosts, host)
	}
	return hosts, nil
}

func readSecret(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the password of ClickHouse: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

func readAuthorities(file string) (*x509.CertPool, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s has no certificate in PEM", file)
	}
	return pool, nil
}
