package useragent

import (
	"strings"

	"github.com/footfall/footfall/internal/base/click"
)

// browsers are the words by which a browser is recognised. If an agent has words of several
// rows, the first row counts: applications come before the browsers that they contain, and
// browsers before those whose names they repeat.
var browsers = tableOf([]row[click.Browser]{
	{click.CommandLine, []string{
		"^curl/", "^wget", "^httpie/", "^xh/", "^aria2/", "powershell/", "^lynx", "^links (", "^elinks", "^w3m/", "^postmanruntime/", "^insomnia/", "^bruno",
	}},
	{click.Instagram, []string{"instagram"}},
	{click.Threads, []string{"barcelona "}},
	{click.Facebook, []string{"fban/", "fbav/", "fb_iab", "fb4a", "fbios"}},
	{click.TikTok, []string{"musical_ly", "bytedancewebview", "bytelocale", "trill_", "tiktok", "zhiliaoapp"}},
	{click.Snapchat, []string{"snapchat"}},
	{click.Pinterest, []string{"pinterest"}},
	{click.LinkedIn, []string{"linkedinapp", "linkedin/", "com.linkedin."}},
	{click.Twitter, []string{"twitter for ", "twitterandroid", "twitter/"}},
	{click.WeChat, []string{"micromessenger", "wechat"}},
	{click.Line, []string{" line/", "^line/"}},
	{click.KakaoTalk, []string{"kakaotalk"}},
	{click.Naver, []string{"naver(", "naver/"}},
	{click.Weibo, []string{"weibo"}},
	{click.VK, []string{"vkandroidapp", "com.vk.", "vk_ios", "vkclient"}},
	{click.Zalo, []string{" zalo"}},
	{click.Reddit, []string{"reddit/", "redditandroid", "redditios"}},
	{click.Telegram, []string{"telegram"}},
	{click.Slack, []string{"slack/", "slack_ssb", "com.tinyspeck.", "(com.slack"}},
	{click.Teams, []string{"teams/", "teamsmobile"}},
	{click.Discord, []string{"discord/", "discord-"}},
	{click.Outlook, []string{"outlook-ios", "outlook-android", "outlookmobile", "microsoft outlook", "oneoutlook", "outlook/"}},
	{click.Thunderbird, []string{"thunderbird"}},
	{click.YahooApp, []string{"yahoomobile", "yjapp-", "com.yahoo."}},
	{click.GoogleApp, []string{" gsa/", "^gsa/", "googleapp/", "googlemobile/"}},
	{click.QQBrowser, []string{"qqbrowser", " qq/", "qzone/"}},
	{click.Baidu, []string{"baiduboxapp", "baidubrowser", "bidubrowser", "baiduboxlite"}},
	{click.UCBrowser, []string{"ucbrowser", "ucweb", "ubrowser/", "uc browser", "ucmini", "ucturbo"}},
	{click.ConsoleBrowser, []string{"playstation", "psp (", "nintendo"}},
	{click.OperaMini, []string{"opera mini", "opios/"}},
	{click.Opera, []string{"opr/", "opera/", "opera ", "opt/", "opx/", "oprgx"}},
	{click.Puffin, []string{"puffin"}},
	{click.Maxthon, []string{"maxthon", "mxbrowser", "mxios", "myie2"}},
	{click.CocCoc, []string{"coc_coc_browser", "coc_coc"}},
	{click.Whale, []string{"whale/"}},
	{click.DuckDuckGo, []string{"duckduckgo", " ddg/"}},
	{click.Ecosia, []string{"ecosia"}},
	{click.Brave, []string{"brave/", "brave chrome"}},
	{click.Vivaldi, []string{"vivaldi"}},
	{click.YandexBrowser, []string{"yabrowser", "yasearchbrowser", "yandexsearch", "yaapp_", "yandex/"}},
	{click.SamsungInternet, []string{"samsungbrowser"}},
	{click.Silk, []string{"silk/", "silk-accelerated", "cloud9"}},
	{click.MIUIBrowser, []string{"miuibrowser"}},
	{click.HuaweiBrowser, []string{"huaweibrowser", "arkweb/"}},
	{click.VivoBrowser, []string{"vivobrowser"}},
	{click.OPPOBrowser, []string{"heytapbrowser", "oppobrowser"}},
	{click.Edge, []string{" edg/", " edge/", "edga/", "edgios/"}},
	{click.InternetExplorer, []string{"iemobile", "msie", "trident/", "microsoft internet explorer"}},
	{click.NetFront, []string{"netfront"}},
	{click.NokiaBrowser, []string{"nokiabrowser", "browserng", "ovibrowser", "series40", "series60", "symbian", "^nokia"}},
	{click.BlackBerryBrowser, []string{"blackberry", "bb10;", "playbook"}},
	{click.OtherBrowser, []string{"konqueror", "falkon", "epiphany", "qtcarbrowser"}}, // before the words that they repeat
	{click.Firefox, []string{"fxios/", "firefox", "focus/", "klar/", "iceweasel", "icecat", "seamonkey", "fennec", "minefield", "namoroka", "waterfox", "palemoon"}},
	{click.Chrome, []string{"chrome", "crios/", "crmo/", "chromium"}},
}...)

// systems are the words by which a system is recognised. As for browsers, the first row counts:
// some agents name a second system, which theirs resembles.
var systems = tableOf([]row[click.System]{
	{click.Xbox, []string{"xbox"}},
	{click.WindowsPhone, []string{"windows phone", "windows mobile", "windows ce", "iemobile", "xblwp7", "zunewp7"}},
	{click.PlayStation, []string{"playstation", "psp ("}},
	{click.Nintendo, []string{"nintendo"}},
	{click.HarmonyOS, []string{"harmonyos", "openharmony"}},
	{click.KaiOS, []string{"kaios"}},
	{click.Tizen, []string{"tizen ", "tizen/"}},
	{click.WebOS, []string{"web0s", "webos", "hpwos"}},
	{click.ChromeOS, []string{"; cros "}},
	{click.Android, []string{"android", "dalvik/", "silk/", "silk-accelerated"}},
	{click.BlackBerryOS, []string{"blackberry", "bb10;", "playbook"}},
	{click.Symbian, []string{"symbian", "symbos", "series60", "series 60", " s60/"}},
	{click.IOS, []string{"iphone", "ipad", "ipod", "(ios;", " ios ", "fbsn/ios"}},
	{click.MacOS, []string{"macintosh", "mac os x", "mac_powerpc"}},
	{click.Windows, []string{"windows", "win98", "win95", "winnt", "win32", "win 9x", "win64"}},
	{click.BSD, []string{"freebsd", "openbsd", "netbsd", "dragonfly"}},
	{click.OtherSystem, []string{"sunos", "solaris", "j2me", "midp", "bada/"}}, // which name Linux or X11 too
	{click.Linux, []string{"linux", "x11", "ubuntu", "fedora", "debian", "maemo", "meego", "sailfish"}},
	{click.MacOS, []string{"macos", "(x86_64) (", "(i386) ("}}, // applications; those of phones leave the processor out
}...)

// deviceClasses are the words by which the class of a device is recognised, where the system
// does not say it.
var deviceClasses = tableOf([]row[click.Device]{
	{click.OtherDevice, []string{" watch", "watchos", "watch os", "xbox", "playstation", "psp (", "nintendo", "qtcarbrowser", "tesla/", "oculus", "; quest ", "quest)", "samsung sm-r", "; sm-r", "kindle/", "kobo", "glass 1"}},
	{click.TV, []string{
		"smart-tv", "smarttv", "smart tv", "smart_tv", "googletv", "google tv", "appletv", "apple tv", "android tv", "androidtv", "hbbtv", "netcast",
		"web0s", "webos.tv", "roku", "bravia", "crkey", "viera", "aquosbrowser", "aquos-tv", "aquos-as", "philipstv", "netrangemmh", "opera tv", " tv ", " tv;", "(tv;", "tv build/",
		"ce-html", "; aft", "chromecast", "shield android", "; mibox", "; mitv", "tvbox", "tv box", "tv bro/", "webtv", "kreatv", "inettvbrowser", " omi/", "tivo",
	}},
	{click.Desktop, []string{"chromebook", "(pc;", "2in1"}},
	{click.Tablet, []string{
		"ipad", "playbook", "touchpad", "tablet", "nexus 7", "nexus 9", "nexus 10", "kindle fire", "xoom", "transformer", "galaxy tab", "mediapad",
		"silk/", "silk-accelerated",
	}},
}...)

// mobiles are words in the agents of telephones.
var mobiles = listOf("mobile", "phone", "midp", "cldc", "up.browser", "obigo", "netfront", "j2me", "brew ", "ucweb", "opera mini", "mmp/", " wap", "/wap", "^wap")

// person returns what the agent of a person, in lower case, says. Every part is known.
func person(agent string) click.Agent {
	a := click.Agent{Browser: click.OtherBrowser, System: click.OtherSystem}
	if system, ok := systems.find(agent); ok {
		a.System = system
	}
	if browser, ok := browsers.find(agent); ok {
		a.Browser = browser
	} else if strings.Contains(agent, "applewebkit") {
		a.Browser = webkit(agent, a.System)
	}
	a.Device = device(agent, a.System)
	return a
}

// webkit returns the browser of an agent that names only Safari, as every browser on WebKit
// does.
func webkit(agent string, system click.System) click.Browser {
	switch system {
	case click.Android:
		return click.AndroidBrowser
	case click.IOS, click.MacOS:
		return click.Safari
	case click.Windows:
		if strings.Contains(agent, "version/") {
			return click.Safari
		}
	}
	return click.OtherBrowser
}

// device returns the class of the device of an agent.
func device(agent string, system click.System) click.Device {
	switch system {
	case click.Windows, click.MacOS, click.ChromeOS, click.BSD: // "Media Center PC" and "Tablet PC" are parts of Windows
		return click.Desktop
	}
	if class, ok := deviceClasses.find(agent); ok {
		return class
	}
	switch system {
	case click.Android:
		// Browsers on tablets leave "Mobile" out, applications without a browser on all devices.
		if strings.Contains(agent, "applewebkit") && !strings.Contains(agent, "mobile") {
			return click.Tablet
		}
		return click.Mobile
	case click.IOS, click.WindowsPhone, click.BlackBerryOS, click.Symbian, click.KaiOS, click.WebOS, click.HarmonyOS:
		return click.Mobile
	}
	switch {
	case mobiles.has(agent):
		return click.Mobile
	case system == click.Linux:
		return click.Desktop
	}
	return click.OtherDevice
}
