package bot

import (
	"errors"
	"regexp"
	"strings"

	"github.com/ua-parser/uap-go/uaparser"
)

// list is the part of uap-core that tells bots: of its device rules, those that
// name the device Spider. The several hundred others, which tell telephones
// apart, would take milliseconds.
type list struct {
	rules []rule
}

type rule struct {
	expr *regexp.Regexp
	// need is a cheap condition, on the agent in lower case, that every match of
	// expr fulfils: most people's agents meet no expression at all.
	need need
	// last: the rule stands after those for devices, so it must not have those.
	last bool
}

// newList takes the rules from the library's own compiled copy.
func newList() (*list, error) {
	parser, err := uaparser.New(uaparser.WithCacheSize(1))
	if err != nil {
		return nil, err
	}
	l, last := &list{}, false
	for _, device := range parser.Device {
		if device.DeviceReplacement != "Spider" {
			last = true
			continue
		}
		need, err := needOf(device.Reg.String())
		if err != nil {
			return nil, err
		}
		l.rules = append(l.rules, rule{expr: device.Reg, need: need, last: last})
	}
	if len(l.rules) == 0 {
		return nil, errors.New("the library has no rule for spiders")
	}
	return l, nil
}

// spider tells whether the list says Spider of an agent, given also in lower
// case.
func (l *list) spider(agent, lower string) bool {
	for _, r := range l.rules {
		if r.last && device(lower) {
			continue
		}
		if r.need(lower) && r.expr.MatchString(agent) {
			return true
		}
	}
	return false
}

// device tells agents that the list's rules for devices would have claimed
// before its last rule for spiders, which takes "silk", "vortex" or "daum"
// anywhere, and Amazon's browser, LG's telephone and Daum's app with them.
func device(lower string) bool {
	for _, s := range [...]string{"android", "iphone", "ipad", "ipod", "silk/", "windows phone", "tizen", "kaios"} {
		if strings.Contains(lower, s) {
			return true
		}
	}
	return false
}
