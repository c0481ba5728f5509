package datadir

import (
	"errors"
	"strings"
	"testing"
)

// TestTrust: users open only their own directories, and send secrets only to their
// own processes. Root may send to others if root named the directory. A file that
// another user may have made is noticed.
func TestTrust(t *testing.T) {
	t.Parallel()
	const root, ann, eve = 0, 1000, 1001
	for _, c := range []struct {
		what        string
		p           dirInfo
		user        uint32
		named       bool
		opens, asks string // part of the error; empty without one
	}{
		{"own", dirInfo{owner: ann, link: ann}, ann, false, "", ""},
		{"root's own", dirInfo{owner: root, link: root}, root, false, "", ""},
		{"of another user", dirInfo{owner: eve, link: eve}, ann, false, "belongs to user 1001", "belongs to user 1001"},
		{"of another user, named", dirInfo{owner: eve, link: eve}, ann, true, "belongs to user 1001", "belongs to user 1001"},
		{"of root", dirInfo{owner: root, link: root}, ann, true, "belongs to user 0", "belongs to user 0"},
		{"for root, not named", dirInfo{owner: eve, link: eve}, root, false, "belongs to user 1001", "unless it is named"},
		{"for root, named", dirInfo{owner: eve, link: eve}, root, true, "belongs to user 1001", ""},
		{"own, through an own link", dirInfo{owner: ann, link: ann}, ann, false, "", ""},
		{"own, through a link of root", dirInfo{owner: ann, link: root}, ann, false, "", ""},
		{"own, through a link of another user", dirInfo{owner: ann, link: eve}, ann, true, "symbolic link of user 1001", "symbolic link of user 1001"},
		{"of root, through a link of another user", dirInfo{owner: root, link: eve}, root, true, "symbolic link of user 1001", "symbolic link of user 1001"},
		{"for root, through a link of another user", dirInfo{owner: ann, link: eve}, root, true, "belongs to user 1000", "symbolic link of user 1001"},
		{"for root, through a link of its owner", dirInfo{owner: ann, link: ann}, root, true, "belongs to user 1000", ""},
		{"for root, through a link of root", dirInfo{owner: ann, link: root}, root, true, "belongs to user 1000", ""},
		{"everybody's", dirInfo{owner: ann, link: ann, public: true}, ann, true, "everybody may write", "everybody may write"},
		{"writable for everybody, for root", dirInfo{owner: ann, link: ann, public: true}, root, true, "belongs to user 1000", "everybody may write"},
		{"writable for everybody, and empty", dirInfo{owner: ann, link: ann, public: true, empty: true}, ann, false, "", ""},
	} {
		c.p.dir = "/data"
		for call, got := range map[string]struct {
			err  error
			want string
		}{"open": {c.p.checkOpen(c.user), c.opens}, "ask": {c.p.checkAsk(c.user, c.named), c.asks}} {
			if (got.err == nil) != (got.want == "") || got.err != nil && !strings.Contains(got.err.Error(), got.want) {
				t.Errorf("%s: to %s is %v, want %q", c.what, call, got.err, got.want)
			}
			if got.err != nil && call == "ask" && !errors.Is(got.err, ErrUntrusted) {
				t.Errorf("%s: %v would be tried again", c.what, got.err)
			}
		}
	}
}
