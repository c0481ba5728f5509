package bot

import "strings"

// namesBot applies our own words to an agent in lower case. They are few on
// purpose: what a bot calls itself, how crawlers leave their address, and the
// names that HTTP libraries and headless browsers give themselves by default.
func namesBot(agent string) bool {
	// Blank, or nothing but marks, as the "-" of access logs.
	if strings.Trim(agent, " \t-\"'") == "" {
		return true
	}
	for _, s := range [...]string{
		"python", "go-http-client", "okhttp", "java/", "apache-httpclient", "jakarta", "ruby", "faraday", "php",
		"guzzlehttp", "perl", "libwww", "lwp", "axios", "node", "undici", "got/", "got (", "dart/", "reqwest",
		"aiohttp", "whatsapp", "scrapy", "embedly", "iframely", "vkshare", "tumblr/", "google-", "googleother",
		"feedly", "feedfetcher", "feedburner", "feedzirra", "cakephp", "newrelicpinger", "site24x7", "microsoft url control",
	} {
		if strings.HasPrefix(agent, s) {
			return true
		}
	}
	for _, s := range [...]string{
		"+http://", "+https://", // the contact of a crawler: "(+https://example.org/about)"
		"headlesschrome", "phantomjs", "puppeteer", "playwright", "chrome-lighthouse",
		"http_client", "http_request", "httpclient", "python-requests",
		"google-inspectiontool", "mediapartners-google", "googleproducer",
		"chatgpt-user", "perplexity-user", "claude-user", "meta-externalagent", "meta-externalfetcher",
	} {
		if strings.Contains(agent, s) {
			return true
		}
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

// botWord tells words that end as bots' names do: Googlebot, UptimeRobot,
// Bytespider, BingPreview. Cubot makes telephones.
func botWord(word string) bool {
	word = strings.TrimSuffix(word, "s")
	for _, s := range [...]string{
		"bot", "crawler", "crawl", "spider", "scraper", "slurp", "preview", "archiver", "indexer", "externalhit",
	} {
		if strings.HasSuffix(word, s) {
			return word != "cubot"
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
