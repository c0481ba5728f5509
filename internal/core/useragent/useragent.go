// Package useragent says what made a request: a person, with the families of their device,
// browser and system; a bot, with its name; or a prefetch by a browser. It reads the headers of
// the request alone.
//
// Bots are recognised by the words that they use in the user agent: names (families.go), the
// ways in which bots describe themselves (words.go), and the list of uap-core (list.go). An
// empty agent is a bot. curl and Wget count as people, because people type them. The agents of
// people are read in people.go.
//
// It refuses to guess: it uses no addresses, rates or fingerprints, and remembers no
// visitor. A program that calls itself Chrome is a person here. It does not read client hints:
// browsers send the classes that are counted here in the agent too.
package useragent

import (
	"net/http"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	lru "github.com/hashicorp/golang-lru/v2"
)

// Kind is the kind of visitor.
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

// agents bounds the cache: 18 MiB at most. Its lock can be taken ten million times a
// second on two processors.
const agents = 32_768

// NoAgent is the family of visitors without a user agent.
const NoAgent click.BotFamily = "no agent"

// Visitor is what made a request.
type Visitor struct {
	Kind Kind
	// Family is the bot; empty unless Kind is Bot.
	Family click.BotFamily
	// Agent is the person's, without the source; zero unless Kind is Person. A part that the
	// agent does not name is other.
	Agent click.Agent
}

// Reader reads user agents, and remembers recent ones. It is safe for concurrent use.
type Reader struct {
	cache *lru.Cache[string, Visitor]
}

// New returns a Reader that remembers no agent yet.
func New() *Reader {
	cache, err := lru.New[string, Visitor](agents)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Reader{cache}
}

// Read returns what made a request, from its headers, whose keys are in canonical form. A
// prefetch is Prefetch, even if the agent is that of a bot.
func (r *Reader) Read(h http.Header) Visitor {
	if IsPrefetch(h) {
		return Visitor{Kind: Prefetch}
	}
	agent := ""
	if v := h["User-Agent"]; len(v) > 0 {
		agent = v[0]
	}
	return r.ReadText(agent)
}

// ReadText returns a Person or a Bot, from the user agent alone. A missing agent, which is
// empty, or "-" in access logs, is the bot NoAgent.
func (r *Reader) ReadText(agent string) Visitor {
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	if v, ok := r.cache.Get(agent); ok {
		return v
	}
	v := read(strings.ToLower(agent))
	// A clone, because net/http cuts all values of a request from one string.
	r.cache.Add(strings.Clone(agent), v)
	return v
}

// read reads an agent in lower case.
func read(agent string) Visitor {
	if strings.Trim(agent, " \t-\"'") == "" {
		return Visitor{Kind: Bot, Family: NoAgent}
	}
	if family, ok := families.find(agent); ok {
		return Visitor{Kind: Bot, Family: family}
	}
	if namesBot(agent) || isSpider(agent) {
		return Visitor{Kind: Bot, Family: click.OtherBots}
	}
	return Visitor{Kind: Person, Agent: person(agent)}
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
