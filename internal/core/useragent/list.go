package useragent

// spiders are the words to which the device rules of uap-core, a list that several
// projects keep together, give the family Spider: those of 2026-05-29, without words that contain
// another one. A word counts if it begins among the first maxSpider characters, with
// ^ at the start only, but not in the agent of a device: "silk" and "daum" are in browsers of people too.
var spiders = listOf(
	"bot", "bubing", "zao", "borg", "oegp", "silk", "xenu", "zeal", "crawl", "htdig", "lycos", "slurp", "teoma", "voila", "yahoo",
	"sogou", "cibra", "nutch", "daum", "genieo", "ichiro", "larbin", "pompos", "scrapy", "snappy", "speedy", "spider", "vortex",
	"favicon", "indexer", "riddler", "scooter", "scraper", "scrubby", "whatweb", "winhttp", "bingpreview", "archiver", "icarus6j",
	"mogimogi", "netvibes", "altavista", "charlotte", "findlinks", "retreiver", "tlsprober", "wordpress", "wsr-agent", "squrl java",
	"netresearch", "searchsight", "http%20client", "python-urllib", "dataparksearch", "screaming frog", "appengine-google",
	"semanticdiscovery", "facebookexternalhit", "google-http-java-client", "blogbridge", "iltrovatore-setaccio", "internetarchive",
	"gomezagent", "webthumbnail", "heritrix", "newsgator", "pagepeeker", "reaper", "zooshot", "holmes", "pingdom", "statuscake",
	"whatsapp", "masscan", "google web preview", "qwantify", "yeti", "ogscrper", "reciperadar",
	"^ning", "^java/", "^jnlp/", "^voyager",
)

const maxSpider = 100

// deviceSpiders are words of the same rules that count anywhere, on devices too.
var deviceSpiders = listOf("yeti-mobile", "petalbot", "aspiegelbot", "yahooseeker", "ichiro/mobile", "x11; datanyze; linux", " ptst/")

// devices are words in agents of phones, tablets and television sets.
var devices = listOf("android", "iphone", "ipad", "ipod", "silk/", "windows phone", "tizen", "kaios")

// isSpider applies the rules of uap-core to an agent in lower case.
func isSpider(agent string) bool {
	if deviceSpiders.has(agent) {
		return true
	}
	_, ok := spiders.findBefore(agent, indexOfRune(agent, maxSpider+1))
	return ok && !devices.has(agent)
}

// indexOfRune returns the byte at which a rune begins, counted from 0; len(s) if s is shorter.
func indexOfRune(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}
