package bot_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/core/bot"
	"github.com/footfall/footfall/internal/testkit/seedtest"
	"github.com/ua-parser/uap-go/uaparser"
	"pgregory.net/rapid"
)

func TestKindOfAgent(t *testing.T) {
	d := bot.New()
	for range 2 { // The second time from the cache.
		for _, agent := range persons {
			if got := d.KindOfAgent(agent); got != bot.Person {
				t.Errorf("%q is a %v, want a person", agent, got)
			}
		}
		for _, agent := range bots {
			if got := d.KindOfAgent(agent); got != bot.Bot {
				t.Errorf("%q is a %v, want a bot", agent, got)
			}
		}
	}
}

func TestKind(t *testing.T) {
	const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	d := bot.New()
	for _, c := range []struct {
		key, value, agent string
		want              bot.Kind
	}{
		{"Accept", "*/*", chrome, bot.Person},
		{"Accept", "*/*", "Twitterbot/1.0", bot.Bot},
		{"Purpose", "prefetch", chrome, bot.Prefetch},
		{"Purpose", "Prefetch", chrome, bot.Prefetch},
		{"Purpose", "prefetch", "Twitterbot/1.0", bot.Prefetch},
		{"Purpose", "prefetch", "", bot.Prefetch},
		{"Purpose", "preview", chrome, bot.Person},
		{"Sec-Purpose", "prefetch", chrome, bot.Prefetch},
		{"Sec-Purpose", "prefetch;prerender", chrome, bot.Prefetch},
		{"Sec-Purpose", "prefetch;anonymous-client-ip", chrome, bot.Prefetch},
		{"Sec-Purpose", "prefetch; prerender", chrome, bot.Prefetch},
		{"Sec-Purpose", "prefetched", chrome, bot.Person},
		{"Sec-Purpose", "", chrome, bot.Person},
		{"X-Moz", "prefetch", chrome, bot.Prefetch},
		{"X-Moz", "microsummary", chrome, bot.Person},
		{"X-Purpose", "preview", chrome, bot.Prefetch},
		{"X-Purpose", "prefetch", chrome, bot.Person},
	} {
		h := http.Header{}
		h.Add(c.key, c.value)
		if c.agent != "" {
			h.Set("User-Agent", c.agent)
		}
		if got := d.Kind(h); got != c.want {
			t.Errorf("%s: %s of %q is a %v, want a %v", c.key, c.value, c.agent, got, c.want)
		}
	}
	if got := d.Kind(http.Header{}); got != bot.Bot {
		t.Errorf("no headers at all are a %v, want a bot", got)
	}
	two := http.Header{"Purpose": {"other", "prefetch"}, "User-Agent": {chrome}}
	if got := d.Kind(two); got != bot.Prefetch {
		t.Errorf("a second line with prefetch is a %v, want a prefetch", got)
	}
}

// TestLongAgents: only the start of a long agent is read.
func TestLongAgents(t *testing.T) {
	d := bot.New()
	long := strings.Repeat("Mozilla/5.0 ", 50)
	if got := d.KindOfAgent(long + "Googlebot/2.1"); got != bot.Person {
		t.Errorf("a name after the bound makes a %v", got)
	}
	if got := d.KindOfAgent("Googlebot/2.1 " + long); got != bot.Bot {
		t.Errorf("a bot with a long agent is a %v", got)
	}
	if got := d.KindOfAgent(strings.Repeat("x", 1<<20)); got != bot.Person {
		t.Errorf("a megabyte is a %v", got)
	}
}

// TestLibraryAgrees: a spider of uap-core is a bot here. If a newer version of
// the library has other words, this test names agents with them.
func TestLibraryAgrees(t *testing.T) {
	d := bot.New()
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
		if d.KindOfAgent(agent) != bot.Bot && !strings.Contains(agent, "Silk/") {
			t.Errorf("the library calls %q a spider", agent)
		}
	}
	if spiders < 5 {
		t.Errorf("the library finds %d spiders in the feed, so this test tests nothing", spiders)
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
		if library.ParseDevice(agent).Family == "Spider" && d.KindOfAgent(agent) != bot.Bot {
			t.Fatalf("the library calls %q a spider", agent)
		}
	})
}

func TestFeed(t *testing.T) {
	d := bot.New()
	clicks, byBots := 0, 0
	for agent, n := range feedAgents(t) {
		clicks += n
		if d.KindOfAgent(agent) == bot.Bot {
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
	d := bot.New()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 5000 {
				agent, want := "Mozilla/5.0 (X11) "+strconv.Itoa(i*(g%2)), bot.Person
				if i%2 == 0 {
					agent, want = agent+" somebot", bot.Bot
				}
				if got := d.KindOfAgent(agent); got != want {
					t.Errorf("%q is a %v, want a %v", agent, got, want)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzKindOfAgent(f *testing.F) {
	d := bot.New()
	for _, s := range append(persons, bots...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, agent string) {
		first := d.KindOfAgent(agent)
		if first != bot.Person && first != bot.Bot {
			t.Fatalf("%q is a %v", agent, first)
		}
		if again := d.KindOfAgent(agent); again != first {
			t.Fatalf("%q was a %v and is a %v", agent, first, again)
		}
	})
}

func BenchmarkKind(b *testing.B) {
	d := bot.New()
	headers := make([]http.Header, len(persons))
	for i, agent := range persons {
		headers[i] = http.Header{"User-Agent": {agent}, "Accept": {"*/*"}, "Accept-Language": {"en"}, "Referer": {"http://t.co/"}}
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			d.Kind(headers[i%len(headers)])
		}
	})
}

// BenchmarkMiss measures agents that are not in the cache: of two persons, and two
// long ones that nearly have words of bots.
func BenchmarkMiss(b *testing.B) {
	d := bot.New()
	late := strings.Repeat("x", 120)
	for name, agent := range map[string]string{
		"person":   persons[0],
		"inapp":    persons[17],
		"hostile":  late + strings.Repeat(" Samsung /spiderx silky mozillar ", 20),
		"hostile2": late + strings.Repeat(" Samsung iPhone /spiderx Yeti-Mobile ", 20),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				d.KindOfAgent(strconv.Itoa(i) + agent)
			}
		})
	}
}
