package useragent

import "strings"

// namesBot reports whether an agent in lower case, which has no word of a family, is that of
// a bot all the same: it gives an address, or calls itself what bots call themselves.
func namesBot(agent string) bool {
	if givesAddress(agent) {
		return true
	}
	for rest := agent; rest != ""; {
		word := rest[:letters(rest)]
		if botWord(word) {
			return true
		}
		rest = rest[min(len(word)+1, len(rest)):]
	}
	return false
}

// givesAddress reports whether an agent has an address of its owner, as agents of programs
// that visit on their own have: a URL, a domain or a mail address, or a name in the place
// of the browser's in "(compatible; …)". Add-ons of old Internet Explorers left URLs
// too.
func givesAddress(agent string) bool {
	if oldBrowsers.has(agent) {
		return strings.Contains(agent, "+http")
	}
	if addresses.has(agent) {
		return true
	}
	if _, after, ok := strings.Cut(agent, "@"); ok && isDomain(after) {
		return true
	}
	for _, s := range [...]string{".com", ".net", ".org", ".io", ".ai"} {
		if before, after, ok := strings.Cut(agent, s); ok && endsInLetter(before) && (after == "" || strings.ContainsRune(" /;,):-", rune(after[0]))) {
			return true
		}
	}
	return false
}

var (
	oldBrowsers = listOf("msie ", "trident/", "konqueror/", "omniweb", "icab", "ibrowse", "abrowse", "positive/", "aweb", "(compatible; windows")
	addresses   = listOf("http://", "https://", "mailto:", "compatible;")
)

// isDomain reports whether a text begins with a domain whose last part has letters
// only: some browsers write a version after an @.
func isDomain(s string) bool {
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.'
	})
	if end >= 0 {
		s = s[:end]
	}
	s = strings.TrimRight(s, ".")
	last := s[strings.LastIndexByte(s, '.')+1:]
	return len(last) < len(s) && len(last) > 1 && letters(last) == len(last)
}

func endsInLetter(s string) bool { return s != "" && s[len(s)-1] >= 'a' && s[len(s)-1] <= 'z' }

// botWord reports whether a word ends as the names of bots do: Googlebot, UptimeRobot,
// Bytespider, BingPreview, W3C-checklink. Cubot makes phones, and CamScanner is an
// application for people.
func botWord(word string) bool {
	word = strings.TrimSuffix(word, "s")
	for _, s := range [...]string{
		"bot", "crawler", "crawl", "spider", "scraper", "slurp", "preview", "archiver", "indexer", "externalhit",
		"fetcher", "checker", "checklink", "linkcheck", "validator", "monitor", "monitoring", "scanner", "synthetic", "healthcheck", "resolver",
	} {
		if strings.HasSuffix(word, s) {
			return word != "cubot" && word != "camscanner"
		}
	}
	return false
}

// letters counts the ASCII letters at the start of s, which is in lower case.
func letters(s string) int {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return i
		}
	}
	return len(s)
}
