package useragent_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/footfall/footfall/internal/testkit/seedtest"
	"github.com/ua-parser/uap-go/uaparser"
	"pgregory.net/rapid"
)

// agentsOf reads a file of testdata: columns, the last of them an agent.
func agentsOf(t testing.TB, path string) (lines [][]string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.Split(line, "\t"))
		}
	}
	return lines
}

func persons(t testing.TB) (agents []string) {
	for _, line := range agentsOf(t, "testdata/people.txt") {
		agents = append(agents, line[3])
	}
	return agents
}

func TestPeople(t *testing.T) {
	r := useragent.New()
	seen := map[string]bool{}
	for range 2 { // The second time from the cache.
		for _, line := range agentsOf(t, "testdata/people.txt") {
			v := r.ReadText(line[3])
			got := []string{v.Agent.Device.String(), v.Agent.Browser.String(), v.Agent.System.String(), line[3]}
			if v.Kind != useragent.Person || !slices.Equal(got, line) || v.Family != "" || v.Agent.Source != click.UnknownSource {
				t.Errorf("%v %q %q, want %q", v.Kind, v.Family, got, line)
			}
			for _, name := range line[:3] {
				seen[name] = true
			}
		}
	}
	// Every family that can be counted has an agent.
	for n := range click.NetFront + 1 {
		if name := n.String(); n != click.UnknownBrowser && !seen[name] {
			t.Errorf("no agent of the browser %s", name)
		}
	}
	for n := range click.Nintendo + 1 {
		if name := n.String(); n != click.UnknownSystem && !seen[name] {
			t.Errorf("no agent of the system %s", name)
		}
	}
}

func TestBots(t *testing.T) {
	r := useragent.New()
	for range 2 {
		for _, line := range agentsOf(t, "testdata/bots.txt") {
			want := useragent.Visitor{Kind: useragent.Bot, Family: click.BotFamily(line[0])}
			if got := r.ReadText(line[1]); got != want {
				t.Errorf("%q is %+v, want %+v", line[1], got, want)
			}
		}
	}
}

func TestRead(t *testing.T) {
	const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	r := useragent.New()
	for _, c := range []struct {
		key, value, agent string
		want              useragent.Kind
	}{
		{"Accept", "*/*", chrome, useragent.Person},
		{"Accept", "*/*", "Twitterbot/1.0", useragent.Bot},
		{"Purpose", "prefetch", chrome, useragent.Prefetch},
		{"Purpose", "Prefetch", chrome, useragent.Prefetch},
		{"Purpose", "prefetch", "Twitterbot/1.0", useragent.Prefetch},
		{"Purpose", "prefetch", "", useragent.Prefetch},
		{"Purpose", "preview", chrome, useragent.Person},
		{"Sec-Purpose", "prefetch", chrome, useragent.Prefetch},
		{"Sec-Purpose", "prefetch;prerender", chrome, useragent.Prefetch},
		{"Sec-Purpose", "prefetch;anonymous-client-ip", chrome, useragent.Prefetch},
		{"Sec-Purpose", "prefetch; prerender", chrome, useragent.Prefetch},
		{"Sec-Purpose", "prefetched", chrome, useragent.Person},
		{"Sec-Purpose", "", chrome, useragent.Person},
		{"X-Moz", "prefetch", chrome, useragent.Prefetch},
		{"X-Moz", "microsummary", chrome, useragent.Person},
		{"X-Purpose", "preview", chrome, useragent.Prefetch},
		{"X-Purpose", "prefetch", chrome, useragent.Person},
	} {
		h := http.Header{}
		h.Add(c.key, c.value)
		if c.agent != "" {
			h.Set("User-Agent", c.agent)
		}
		if got := r.Read(h).Kind; got != c.want {
			t.Errorf("%s: %s of %q is a %v, want a %v", c.key, c.value, c.agent, got, c.want)
		}
	}
	if got := r.Read(http.Header{}).Kind; got != useragent.Bot {
		t.Errorf("no headers at all are a %v, want a bot", got)
	}
	two := http.Header{"Purpose": {"other", "prefetch"}, "User-Agent": {chrome}}
	if got := r.Read(two).Kind; got != useragent.Prefetch {
		t.Errorf("a second line with prefetch is a %v, want a prefetch", got)
	}
	if got := r.Read(http.Header{"User-Agent": {chrome}, "Sec-Purpose": {"prefetch"}}); got.Agent.Known() {
		t.Errorf("a prefetch is %+v", got)
	}
}

// TestLongAgents: only the start of a long agent is read.
func TestLongAgents(t *testing.T) {
	r := useragent.New()
	long := strings.Repeat("Mozilla/5.0 ", 50)
	if got := r.ReadText(long + "Googlebot/2.1").Kind; got != useragent.Person {
		t.Errorf("a name after the bound makes a %v", got)
	}
	if got := r.ReadText("Googlebot/2.1 " + long).Kind; got != useragent.Bot {
		t.Errorf("a bot with a long agent is a %v", got)
	}
	if got := r.ReadText(strings.Repeat("x", 1<<20)).Kind; got != useragent.Person {
		t.Errorf("a megabyte is a %v", got)
	}
}

// TestLibraryAgrees: a spider of uap-core is a bot here. If a newer version of
// the library has other words, this test names agents with them.
func TestLibraryAgrees(t *testing.T) {
	r := useragent.New()
	library, err := uaparser.New()
	if err != nil {
		t.Fatal(err)
	}
	spiders := 0
	for agent := range feedAgents(t) {
		if library.ParseDevice(agent).Family != "Spider" {
			continue
		}
		spiders++
		if r.ReadText(agent).Kind != useragent.Bot && !strings.Contains(agent, "Silk/") {
			t.Errorf("the library calls %q a spider", agent)
		}
	}
	if spiders < 5 {
		t.Errorf("the library finds %d spiders in the feed, so this test tests nothing", spiders)
	}
	if r.ReadText("GOOGLE/+/WEB/SNIPPET").Kind != useragent.Bot { // was drawn below once
		t.Error("Google's snippets are not a bot")
	}
	var rules []*rapid.Generator[string]
	for _, r := range library.Device {
		if r.DeviceReplacement == "Spider" {
			rules = append(rules, rapid.StringMatching(r.Reg.String()))
		}
	}
	seedtest.Check(t, func(t *rapid.T) {
		agent := rapid.OneOf(rules...).Draw(t, "agent")
		agent = strings.NewReplacer("ſ", "s", "\u212a", "k").Replace(agent)
		if library.ParseDevice(agent).Family == "Spider" && r.ReadText(agent).Kind != useragent.Bot {
			t.Fatalf("the library calls %q a spider", agent)
		}
	})
}

// TestLibraryAgreesOnPeople compares browsers and systems of real agents with those of
// uap-core. Where both have a family it is nearly always the same.
func TestLibraryAgreesOnPeople(t *testing.T) {
	library, err := uaparser.New()
	if err != nil {
		t.Fatal(err)
	}
	browserOf := map[string]click.Browser{
		"Chrome": click.Chrome, "Chrome Mobile": click.Chrome, "Chrome Mobile iOS": click.Chrome, "Firefox": click.Firefox, "Firefox Mobile": click.Firefox,
		"Safari": click.Safari, "Mobile Safari": click.Safari, "IE": click.InternetExplorer, "IE Mobile": click.InternetExplorer, "Android": click.AndroidBrowser,
		"Opera": click.Opera, "Opera Mobile": click.Opera, "Opera Mini": click.OperaMini, "BlackBerry": click.BlackBerryBrowser,
		"BlackBerry WebKit": click.BlackBerryBrowser, "Facebook": click.Facebook, "Twitter": click.Twitter, "Amazon Silk": click.Silk,
		"UC Browser": click.UCBrowser, "Yandex Browser": click.YandexBrowser, "NetFront": click.NetFront, "Nokia Browser": click.NokiaBrowser,
	}
	systemOf := map[string]click.System{
		"Windows": click.Windows, "Mac OS X": click.MacOS, "Linux": click.Linux, "Ubuntu": click.Linux, "Fedora": click.Linux, "Android": click.Android,
		"iOS": click.IOS, "Chrome OS": click.ChromeOS, "BlackBerry OS": click.BlackBerryOS, "Windows Phone": click.WindowsPhone, "Symbian OS": click.Symbian,
	}
	r := useragent.New()
	var browsers, systems, otherBrowsers, otherSystems int
	for agent := range feedAgents(t) {
		v := r.ReadText(agent)
		theirs := library.Parse(agent)
		if browser, ok := browserOf[theirs.UserAgent.Family]; ok && v.Kind == useragent.Person {
			if browsers++; browser != v.Agent.Browser {
				otherBrowsers++
				t.Logf("%v, in uap-core %s: %q", v.Agent.Browser, theirs.UserAgent.Family, agent)
			}
		}
		if system, ok := systemOf[theirs.Os.Family]; ok && v.Kind == useragent.Person {
			if systems++; system != v.Agent.System {
				otherSystems++
				t.Logf("%v, in uap-core %s: %q", v.Agent.System, theirs.Os.Family, agent)
			}
		}
	}
	if browsers < 1000 || systems < 1000 || otherBrowsers*50 > browsers || otherSystems*200 > systems {
		t.Errorf("%d of %d browsers and %d of %d systems are others than in uap-core", otherBrowsers, browsers, otherSystems, systems)
	}
}

func TestFeed(t *testing.T) {
	r := useragent.New()
	clicks, byBots := 0, 0
	for agent, n := range feedAgents(t) {
		clicks += n
		if r.ReadText(agent).Kind == useragent.Bot {
			byBots += n
		}
	}
	t.Logf("%d clicks, %d of them by bots", clicks, byBots)
	if share := float64(byBots) / float64(clicks); share < 0.02 || share > 0.2 {
		t.Errorf("bots made %.1f%% of the real clicks, which is too many", 100*share)
	}
}

// feedAgents counts the agents of the recorded clicks.
func feedAgents(t *testing.T) map[string]int {
	t.Helper()
	paths, err := filepath.Glob("../../faces/feed/testdata/*.gz")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recorded clicks: %v", err)
	}
	agents := map[string]int{}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(z); lines.Scan(); {
			var click struct {
				Agent *string `json:"a"`
			}
			if json.Unmarshal(lines.Bytes(), &click) == nil && click.Agent != nil {
				agents[*click.Agent]++
			}
		}
	}
	return agents
}

func TestManyAtOnce(t *testing.T) {
	r := useragent.New()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 5000 {
				agent, want := "Mozilla/5.0 (X11) "+strconv.Itoa(i*(g%2)), useragent.Person
				if i%2 == 0 {
					agent, want = agent+" somebot", useragent.Bot
				}
				if got := r.ReadText(agent).Kind; got != want {
					t.Errorf("%q is a %v, want a %v", agent, got, want)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzReadText(f *testing.F) {
	r := useragent.New()
	for _, line := range append(agentsOf(f, "testdata/people.txt"), agentsOf(f, "testdata/bots.txt")...) {
		f.Add(line[len(line)-1])
	}
	f.Fuzz(func(t *testing.T, agent string) {
		v := r.ReadText(agent)
		a := v.Agent
		switch {
		case v.Kind == useragent.Person && v.Family == "" && a.Device != click.UnknownDevice && a.Browser != click.UnknownBrowser && a.System != click.UnknownSystem:
		case v.Kind == useragent.Bot && v.Family != "" && !a.Known():
		default:
			t.Fatalf("%q is %+v", agent, v)
		}
		if again := r.ReadText(agent); again != v {
			t.Fatalf("%q was %+v and is %+v", agent, v, again)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	r := useragent.New()
	people := persons(b)
	headers := make([]http.Header, len(people))
	for i, agent := range people {
		headers[i] = http.Header{"User-Agent": {agent}, "Accept": {"*/*"}, "Accept-Language": {"en"}, "Referer": {"http://t.co/"}}
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			r.Read(headers[i%len(headers)])
		}
	})
}

// BenchmarkMiss measures agents that are not in the cache: of two persons, and two
// long ones that nearly have words of bots.
func BenchmarkMiss(b *testing.B) {
	r := useragent.New()
	late := strings.Repeat("x", 120)
	for name, agent := range map[string]string{
		"person":   persons(b)[0],
		"inapp":    persons(b)[17],
		"hostile":  late + strings.Repeat(" Samsung /spiderx silky mozillar ", 20),
		"hostile2": late + strings.Repeat(" Samsung iPhone /spiderx Yeti-Mobile ", 20),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				r.ReadText(strconv.Itoa(i) + agent)
			}
		})
	}
}
