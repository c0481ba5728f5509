package bot

import (
	"strings"
	"unicode/utf8"
)

// spiders are the words to which the device rules of uap-core, a list that several
// projects keep together, give the family Spider: those of 2026-05-29, without words that contain
// another one. A word counts if it begins among the first maxSpider characters, but
// not in the agent of a device: "silk" and "daum" are in browsers of people too.
var spiders = [...]string{
	"bot", "bubing", "zao", "borg", "oegp", "silk", "xenu", "zeal", "crawl", "htdig", "lycos", "slurp", "teoma", "voila", "yahoo",
	"sogou", "cibra", "nutch", "daum", "genieo", "ichiro", "larbin", "pompos", "scrapy", "snappy", "speedy", "spider", "vortex",
	"favicon", "indexer", "riddler", "scooter", "scraper", "scrubby", "whatweb", "winhttp", "bingpreview", "archiver", "icarus6j",
	"mogimogi", "netvibes", "altavista", "charlotte", "findlinks", "retreiver", "tlsprober", "wordpress", "wsr-agent", "squrl java",
	"netresearch", "searchsight", "http%20client", "python-urllib", "dataparksearch", "screaming frog", "appengine-google",
	"semanticdiscovery", "facebookexternalhit", "google-http-java-client", "blogbridge", "iltrovatore-setaccio", "internetarchive",
	"gomezagent", "webthumbnail", "heritrix", "newsgator", "pagepeeker", "reaper", "zooshot", "holmes", "pingdom", "statuscake",
	"whatsapp", "masscan", "google web preview", "qwantify", "yeti", "ogscrper", "reciperadar",
}

const maxSpider = 100

// spiderStarts are words of the same rules that count only at the start.
var spiderStarts = [...]string{"ning", "java/", "jnlp/", "voyager"}

// deviceSpiders are words of the same rules that count anywhere, on devices too.
var deviceSpiders = [...]string{"yeti-mobile", "petalbot", "aspiegelbot", "yahooseeker", "ichiro/mobile", "x11; datanyze; linux", " ptst/"}

// devices are words in agents of phones, tablets and television sets.
var devices = [...]string{"android", "iphone", "ipad", "ipod", "silk/", "windows phone", "tizen", "kaios"}

// isSpider applies the rules of uap-core to an agent in lower case.
func isSpider(agent string) bool {
	if containsAny(agent, deviceSpiders[:]) {
		return true
	}
	if containsAny(agent, devices[:]) {
		return false
	}
	for _, s := range spiderStarts {
		if strings.HasPrefix(agent, s) {
			return true
		}
	}
	for _, s := range spiders {
		if i := strings.Index(agent, s); i >= 0 && (i <= maxSpider || utf8.RuneCountInString(agent[:i]) <= maxSpider) {
			return true
		}
	}
	return false
}

func containsAny(s string, words []string) bool {
	for _, word := range words {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}
