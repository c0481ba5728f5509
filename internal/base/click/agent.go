package click

import "slices"

// Agent is what a visit of a person was made with, and where the visitor found the link.
// Every part of the zero value is unknown.
type Agent struct {
	Device  Device
	Browser Browser
	System  System
	Source  Source
}

// Device is the class of a device. The numbers are part of the stored formats and never
// change.
type Device uint8

// The classes of devices.
const (
	UnknownDevice Device = iota
	OtherDevice          // a watch, a game console, a reader, a car
	Desktop
	Mobile
	Tablet
	TV
)

// Browser is a family of browsers, with all their versions. An application that shows pages
// itself is a family too. The numbers are part of the stored formats and never change.
type Browser uint8

// The families of browsers.
const (
	UnknownBrowser Browser = iota
	OtherBrowser
	Chrome
	Safari
	Firefox
	Edge
	Opera
	OperaMini
	SamsungInternet
	InternetExplorer
	AndroidBrowser
	UCBrowser
	YandexBrowser
	DuckDuckGo
	Brave
	Vivaldi
	Silk
	MIUIBrowser
	HuaweiBrowser
	QQBrowser
	Whale
	BlackBerryBrowser
	NokiaBrowser
	ConsoleBrowser // of a game console
	Facebook
	Instagram
	Twitter
	LinkedIn
	TikTok
	Snapchat
	Pinterest
	WeChat
	Line
	GoogleApp
	CommandLine // curl, Wget, and the like
	Threads
	Reddit
	Telegram
	KakaoTalk
	Naver
	Weibo
	Baidu
	VK
	Zalo
	Slack
	Teams
	Discord
	Outlook
	Thunderbird
	YahooApp
	VivoBrowser
	OPPOBrowser
	CocCoc
	Maxthon
	Ecosia
	Puffin
	NetFront
)

// System is a family of operating systems. The numbers are part of the stored formats and
// never change.
type System uint8

// The families of operating systems.
const (
	UnknownSystem System = iota
	OtherSystem
	Windows
	MacOS
	Linux
	ChromeOS
	BSD
	Android
	IOS // iPadOS too
	WindowsPhone
	BlackBerryOS
	Symbian
	KaiOS
	Tizen
	WebOS
	HarmonyOS
	PlayStation
	Xbox
	Nintendo
)

// Source is where the visitor found the link. The numbers are part of the stored formats and
// never change.
type Source uint8

// The sources.
const (
	UnknownSource Source = iota
	FromLink
	FromQR // a QR code was scanned
)

// Unknown is the name of what is not known, in answers and exports.
const Unknown = "unknown"

// The names, by number.
var (
	deviceNames  = []string{Unknown, "other", "desktop", "mobile", "tablet", "tv"}
	browserNames = []string{
		Unknown, "other", "Chrome", "Safari", "Firefox", "Edge", "Opera", "Opera Mini", "Samsung Internet",
		"Internet Explorer", "Android Browser", "UC Browser", "Yandex Browser", "DuckDuckGo", "Brave", "Vivaldi",
		"Silk", "MIUI Browser", "Huawei Browser", "QQ Browser", "Whale", "BlackBerry", "Nokia Browser", "console",
		"Facebook", "Instagram", "Twitter", "LinkedIn", "TikTok", "Snapchat", "Pinterest", "WeChat", "LINE",
		"Google App", "command line", "Threads", "Reddit", "Telegram", "KakaoTalk", "NAVER", "Weibo", "Baidu", "VK",
		"Zalo", "Slack", "Microsoft Teams", "Discord", "Outlook", "Thunderbird", "Yahoo App", "vivo Browser",
		"OPPO Browser", "Coc Coc", "Maxthon", "Ecosia", "Puffin", "NetFront",
	}
	systemNames = []string{
		Unknown, "other", "Windows", "macOS", "Linux", "ChromeOS", "BSD", "Android", "iOS", "Windows Phone",
		"BlackBerry OS", "Symbian", "KaiOS", "Tizen", "webOS", "HarmonyOS", "PlayStation", "Xbox", "Nintendo",
	}
	sourceNames = []string{Unknown, "link", "qr"}
)

// String returns the name: unknown, other, desktop, mobile, tablet or tv.
func (d Device) String() string { return nameOf(deviceNames, d) }

// String returns the family's name.
func (b Browser) String() string { return nameOf(browserNames, b) }

// String returns the family's name.
func (s System) String() string { return nameOf(systemNames, s) }

// String returns the name: unknown, link or qr. That of a newer version is unknown.
func (s Source) String() string {
	if int(s) >= len(sourceNames) {
		return Unknown
	}
	return sourceNames[s]
}

// ParseDevice undoes String. Any other text is the other device; the empty one is unknown.
func ParseDevice(s string) Device { return numberOf[Device](deviceNames, s) }

// ParseBrowser undoes String. Any other text is the other browser; the empty one is unknown.
func ParseBrowser(s string) Browser { return numberOf[Browser](browserNames, s) }

// ParseSystem undoes String. Any other text is the other system; the empty one is unknown.
func ParseSystem(s string) System { return numberOf[System](systemNames, s) }

// ParseSource undoes String. Any other text is the unknown source.
func ParseSource(s string) Source { return Source(max(slices.Index(sourceNames, s), 0)) }

// nameOf returns the name of a number. That of a newer version is the second name, other.
func nameOf[N ~uint8](names []string, n N) string {
	if int(n) < len(names) {
		return names[n]
	}
	return names[1]
}

func numberOf[N ~uint8](names []string, name string) N {
	n := slices.Index(names, name)
	if n < 0 && name != "" {
		n = 1
	}
	return N(max(n, 0))
}

// agentBytes is the length of a packed Agent.
const agentBytes = 4

// Known reports whether any part is known.
func (a Agent) Known() bool { return a != Agent{} }

// Pack returns the agent in four bytes: device, browser, system, source. It is the form in
// which agents are stored.
func (a Agent) Pack() [agentBytes]byte {
	return [...]byte{byte(a.Device), byte(a.Browser), byte(a.System), byte(a.Source)}
}

// UnpackAgent undoes Pack. If there are more bytes or fewer, the agent is unknown.
func UnpackAgent[B ~[]byte | ~string](b B) Agent {
	if len(b) != agentBytes {
		return Agent{}
	}
	return Agent{Device(b[0]), Browser(b[1]), System(b[2]), Source(b[3])}
}
