package bot

import "strings"

// namesBot applies our own words to an agent in lower case. They are few on
// purpose: how programs that nobody watches leave their address, what they call
// themselves, and the names that HTTP libraries, headless browsers, monitors and
// scanners give themselves by default.
func namesBot(agent string) bool {
	// Blank, or nothing but marks, as the "-" of access logs.
	if strings.Trim(agent, " \t-\"'") == "" {
		return true
	}
	for _, s := range libraries {
		if strings.HasPrefix(agent, s) {
			return true
		}
	}
	for _, s := range programs {
		if strings.Contains(agent, s) {
			return true
		}
	}
	if leavesAddress(agent) {
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

// libraries are how agents begin that HTTP libraries and fetchers send.
var libraries = [...]string{
	"python", "go-http-client", "okhttp", "java/", "apache-httpclient", "jakarta", "ruby", "faraday", "php",
	"guzzlehttp", "perl", "libwww", "lwp", "axios", "node", "undici", "got/", "got (", "dart/", "reqwest",
	"aiohttp", "ahc/", "colly", "jetty/", "jersey/", "http_get", "httpunit", "pcore-http",
	"whatsapp", "viber", "scrapy", "embedly", "iframely", "vkshare", "tumblr/", "google-", "googleother", "disqus/", "hatena",
	"feedly", "feedfetcher", "feedburner", "feedzirra", "cakephp", "microsoft url control", "microsoft office", "trello/",
	"newrelicpinger", "site24x7", "check_http", "zabbix", "uptime-kuma", "updown.io", "kube-probe", "elb-health", "googlehc",
	"amazon-route53", "consul health", "monit/", "gatus/", "blackbox",
}

// programs are what browsers without a person, monitors and scanners have
// somewhere in their agents.
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

// leavesAddress tells whether an agent says where its owner is found, as programs
// do that visit on their own: a URL, a domain or a mail address, or a name in the
// place of the browser's in "(compatible; …)". Add-ons of old Internet Explorers
// left URLs too.
func leavesAddress(agent string) bool {
	for _, browser := range [...]string{"msie ", "trident/", "konqueror/", "omniweb", "icab", "ibrowse", "abrowse", "positive/", "aweb", "(compatible; windows"} {
		if strings.Contains(agent, browser) {
			return strings.Contains(agent, "+http")
		}
	}
	for _, s := range [...]string{"http://", "https://", "mailto:", "compatible;"} {
		if strings.Contains(agent, s) {
			return true
		}
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

// isDomain tells whether a text begins with a domain, whose last part is of letters:
// browsers write versions behind an @ too.
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

// botWord tells words that end as bots' names do: Googlebot, UptimeRobot,
// Bytespider, BingPreview, W3C-checklink. Cubot makes telephones, and CamScanner is
// an application of people.
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
