package bot

import "strings"

// namesBot applies our own words to an agent in lower case. They are few: how programs
// give an address, how bots call themselves, and the default agents of HTTP libraries,
// headless browsers, monitors and scanners.
func namesBot(agent string) bool {
	// Empty, or nothing but marks, as the "-" of access logs.
	if strings.Trim(agent, " \t-\"'") == "" {
		return true
	}
	for _, s := range libraries {
		if strings.HasPrefix(agent, s) {
			return true
		}
	}
	if containsAny(agent, programs[:]) || givesAddress(agent) {
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

// libraries are the words with which agents of HTTP libraries and fetchers begin.
var libraries = [...]string{
	"python", "go-http-client", "okhttp", "java/", "apache-httpclient", "jakarta", "ruby", "faraday", "php",
	"guzzlehttp", "perl", "libwww", "lwp", "axios", "node", "undici", "got/", "got (", "dart/", "reqwest",
	"aiohttp", "ahc/", "colly", "jetty/", "jersey/", "http_get", "httpunit", "pcore-http",
	"whatsapp", "viber", "scrapy", "embedly", "iframely", "vkshare", "tumblr/", "google-", "googleother", "disqus/", "hatena",
	"feedly", "feedfetcher", "feedburner", "feedzirra", "cakephp", "microsoft url control", "microsoft office", "trello/",
	"newrelicpinger", "site24x7", "check_http", "zabbix", "uptime-kuma", "updown.io", "kube-probe", "elb-health", "googlehc",
	"amazon-route53", "consul health", "monit/", "gatus/", "blackbox",
}

// programs are words in the agents of browsers without a person, of monitors and of
// scanners.
var programs = [...]string{
	"headlesschrome", "phantomjs", "puppeteer", "playwright", "selenium", "chrome-lighthouse",
	"http_client", "http_request", "httpclient", "python-requests", "libwww-perl",
	"google-inspectiontool", "mediapartners-google", "googleproducer", "google favicon", "google-site-verification",
	"chatgpt-user", "perplexity-user", "claude-user", "meta-externalagent", "meta-externalfetcher",
	"pingdomtms", "thousandeyes", "catchpoint", "dareboost", "appinsights", "(checkly",
	"nmap scripting", "nikto", "sqlmap", "nessus", "acunetix", "zgrab", "masscan", "dirbuster", "gobuster", "feroxbuster", "wpscan", "nuclei",
	"netsystemsresearch", "expanse, a palo alto", "cloudflare-ssl", "amazon cloudfront",
	"siteimprove", "silktide", "hardenize", "screaming frog", "xenu link", "lychee/", "linkinator", "muffet",
}

// givesAddress reports whether an agent has an address of its owner, as agents of programs
// that visit on their own have: a URL, a domain or a mail address, or a name in the place
// of the browser's in "(compatible; …)". Add-ons of old Internet Explorers left URLs
// too.
func givesAddress(agent string) bool {
	for _, browser := range [...]string{"msie ", "trident/", "konqueror/", "omniweb", "icab", "ibrowse", "abrowse", "positive/", "aweb", "(compatible; windows"} {
		if strings.Contains(agent, browser) {
			return strings.Contains(agent, "+http")
		}
	}
	if containsAny(agent, []string{"http://", "https://", "mailto:", "compatible;"}) {
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
