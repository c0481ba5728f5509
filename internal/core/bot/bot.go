// Package bot tells from a request's headers whether a person clicked, a bot
// did, or a browser looked ahead.
//
// Bots are told by the rules named Spider of uap-core, the list that the
// ua-parser projects keep together, and by the few words of words.go, for the
// list misses HTTP libraries, headless browsers, and most of what names itself
// a bot beyond the first hundred characters. An agent that says nothing is a bot.
// curl and Wget are people, because people type them.
//
// It refuses to guess: no addresses, no rates, no fingerprints, no memory of who
// came before. A program that says it is Chrome is a person here.
package bot

import (
	"fmt"
	"net/http"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Kind is who made a request.
type Kind uint8

const (
	// Person is a browser, or anything that does not say otherwise.
	Person Kind = iota
	// Bot is a program: crawler, link preview, monitor, HTTP library.
	Bot
	// Prefetch is a person's browser that fetched the page in case it is wanted.
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

// maxAgent bounds in bytes how much of an agent is looked at, so that long ones
// cost little. Of real ones, in-app browsers have the longest, below 500.
const maxAgent = 512

// agents bounds how many the cache holds, in 16 MiB at most. Its one lock is no
// hindrance: two processors take it ten million times a second.
const agents = 32_768

// Detector tells kinds, and remembers what it found of recent agents. It may be
// used by many goroutines at once.
type Detector struct {
	list  *list
	cache *lru.Cache[string, Kind]
}

// New compiles the rules, which takes some 50 ms. It fails where the library no
// longer has rules that tell bots.
func New() (*Detector, error) {
	list, err := newList()
	if err != nil {
		return nil, fmt.Errorf("bot: compile the list: %w", err)
	}
	cache, err := lru.New[string, Kind](agents)
	if err != nil {
		return nil, fmt.Errorf("bot: make the cache: %w", err)
	}
	return &Detector{list: list, cache: cache}, nil
}

// Kind tells who sent the headers, whose keys are in canonical form. A prefetch
// is one whoever says so.
func (d *Detector) Kind(h http.Header) Kind {
	if prefetch(h) {
		return Prefetch
	}
	agent := ""
	if v := h["User-Agent"]; len(v) > 0 {
		agent = v[0]
	}
	return d.KindOfAgent(agent)
}

// KindOfAgent tells a Person from a Bot where only the user agent is known. A
// missing one is empty, and "-" in access logs: bots both.
func (d *Detector) KindOfAgent(agent string) Kind {
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	if k, ok := d.cache.Get(agent); ok {
		return k
	}
	k := Person
	if lower := strings.ToLower(agent); namesBot(lower) || d.list.spider(agent, lower) {
		k = Bot
	}
	// A clone, for net/http cuts all values of a request from one string.
	d.cache.Add(strings.Clone(agent), k)
	return k
}

// prefetch knows Sec-Purpose (WHATWG Fetch; Chrome adds ";prerender" and the
// like), and its elders: Purpose of Chrome and Safari, X-Moz of Firefox,
// X-Purpose of Safari's previews.
func prefetch(h http.Header) bool {
	return says(h["Sec-Purpose"], "prefetch") || says(h["Purpose"], "prefetch") ||
		says(h["X-Moz"], "prefetch") || says(h["X-Purpose"], "preview")
}

// says tells whether a value is word, with or without parameters.
func says(values []string, word string) bool {
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
