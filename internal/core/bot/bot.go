// Package bot decides whether a request is a click of a person, a visit of a bot, or a
// prefetch by a browser, from the headers of the request alone.
//
// Bots are recognised by the words that they use in the user agent: those of uap-core
// (list.go), and our own for HTTP libraries, headless browsers and monitors, which
// uap-core lacks (words.go). An empty agent is a bot. curl and Wget count as people,
// because people type them.
//
// It refuses to guess: it uses no addresses, rates or fingerprints, and remembers no
// visitor. A program that calls itself Chrome is a person here.
package bot

import (
	"net/http"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Kind is the kind of program that made a request.
type Kind uint8

const (
	// Person is a browser, or any agent that does not say otherwise.
	Person Kind = iota
	// Bot is a program: a crawler, a link preview, a monitor, an HTTP library.
	Bot
	// Prefetch is the browser of a person that fetched the page in advance.
	Prefetch
)

// String is "person", "bot" or "prefetch".
func (k Kind) String() string {
	switch k {
	case Bot:
		return "bot"
	case Prefetch:
		return "prefetch"
	default:
		return "person"
	}
}

// maxAgent bounds the bytes of an agent that are read, so that a long one takes little time.
// The longest that browsers send, those inside applications, have less than 500.
const maxAgent = 512

// agents bounds the cache: 16 MiB at most. Its lock can be taken ten million times a
// second on two processors.
const agents = 32_768

// Detector finds the kind of requests, and remembers recent agents. It is safe for
// concurrent use.
type Detector struct {
	cache *lru.Cache[string, Kind]
}

// New returns a Detector that remembers no agent yet.
func New() *Detector {
	cache, err := lru.New[string, Kind](agents)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Detector{cache}
}

// Kind returns the kind of a request from its headers, whose keys are in canonical form. A
// prefetch is Prefetch, even if the agent is that of a bot.
func (d *Detector) Kind(h http.Header) Kind {
	if IsPrefetch(h) {
		return Prefetch
	}
	agent := ""
	if v := h["User-Agent"]; len(v) > 0 {
		agent = v[0]
	}
	return d.KindOfAgent(agent)
}

// KindOfAgent returns Person or Bot, from the user agent alone. A missing agent, which is
// empty, or "-" in access logs, is a Bot.
func (d *Detector) KindOfAgent(agent string) Kind {
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	if k, ok := d.cache.Get(agent); ok {
		return k
	}
	k := Person
	if lower := strings.ToLower(agent); namesBot(lower) || isSpider(lower) {
		k = Bot
	}
	// A clone, because net/http cuts all values of a request from one string.
	d.cache.Add(strings.Clone(agent), k)
	return k
}

// IsPrefetch reports whether the headers, whose keys are in canonical form, announce a
// prefetch: Sec-Purpose (WHATWG Fetch; Chrome adds parameters such as ";prerender"), or what
// browsers sent before: Purpose (Chrome, Safari), X-Moz (Firefox) and X-Purpose (previews of
// Safari).
func IsPrefetch(h http.Header) bool {
	return hasWord(h["Sec-Purpose"], "prefetch") || hasWord(h["Purpose"], "prefetch") ||
		hasWord(h["X-Moz"], "prefetch") || hasWord(h["X-Purpose"], "preview")
}

// hasWord reports whether a value is the word, with or without parameters.
func hasWord(values []string, word string) bool {
	for _, v := range values {
		v = strings.TrimLeft(v, " \t")
		if len(v) < len(word) || !strings.EqualFold(v[:len(word)], word) {
			continue
		}
		if rest := v[len(word):]; rest == "" || strings.ContainsRune(";, \t", rune(rest[0])) {
			return true
		}
	}
	return false
}
