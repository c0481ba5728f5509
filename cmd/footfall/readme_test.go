package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestDemo does what the README shows first: it starts the demo and asks the questions of
// the transcript. The answers must be those in the README.
func TestDemo(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	cmd, out := serving("--demo"), new(logtest.Log)
	cmd.Stdout = out
	server := startServer(t, cmd)
	var token []string
	await.Until(t, "the demo prints a URL", func() (string, bool) {
		token = regexp.MustCompile(`(?m)access_token=(\w+).*\n`).FindStringSubmatch(out.String())
		return out.String(), token != nil
	})
	key := regexp.MustCompile(`/-/enter\?key=(\w+)`).FindStringSubmatch(out.String())
	if key == nil {
		t.Fatalf("the demo prints no address of the page: %s", out)
	}
	const host, shown, shownKey = "http://127.0.0.1:8080", "kac3…cee16", "k6a1…8e4fe" // in the README
	here := strings.NewReplacer(host, server.URL, shown, token[1], shownKey, key[1])

	_, begin, _ := strings.Cut(string(page), "```\nClicks of")
	begin, _, found := strings.Cut(begin, "```\n")
	if begin = here.Replace("Clicks of" + begin); !found || !strings.HasPrefix(out.String(), begin) {
		t.Errorf("the demo prints\n%s\nand the README shows\n%s", out, begin)
	}

	// People and bots.
	for method, sentence := range map[string]string{"clicks": "%s of people", "bot_clicks": "%s of bots"} {
		n := fetch(t, server.URL+"/v3/user/"+method+"?access_token="+token[1]+"&unit=month&units=-1&timezone=UTC&format=txt")
		n = regexp.MustCompile(`(\d)(\d{3})$`).ReplaceAllString(strings.TrimSpace(n), "$1,$2")
		if !strings.Contains(string(page), fmt.Sprintf(sentence, n)) {
			t.Errorf("the README does not say that there are %s", fmt.Sprintf(sentence, n))
		}
	}

	// The number of clicks of a day depends on when the test runs.
	varying := regexp.MustCompile(`("dt"|"clicks"): \d+`)
	transcript := regexp.MustCompile("(?m)^\\$ curl '(.*)'\n((?:[^$`].*\n)+)").FindAllStringSubmatch(string(page), -1)
	if len(transcript) < 2 {
		t.Fatalf("the README has the questions %q", transcript)
	}
	for _, q := range transcript {
		answer := strings.TrimSpace(strings.ReplaceAll(fetch(t, here.Replace(q[1])), "\r", "")) + "\n"
		if got, want := varying.ReplaceAllString(answer, "$1: 0"), varying.ReplaceAllString(q[2], "$1: 0"); got != want {
			t.Errorf("the question %s of the README\n got %s\nwant %s", q[1], answer, q[2])
		}
	}
}

// TestDocsNameCommands: the program has every command that the README and the pages of
// docs show, with its options.
func TestDocsNameCommands(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	const command = `footfall ((?:[a-z]+(?:-[a-z]+)* ?){1,2})([^\n` + "`" + `|)#]*)`
	inBlocks, inProse := regexp.MustCompile(`(?m)(?:^ *|\$\(|\| |-u footfall )`+command), regexp.MustCompile("(?:`|\\$\\()"+command)
	option := regexp.MustCompile(`--[a-z][a-z-]*`)
	help := map[string]string{}
	for _, file := range append(pages, "../../README.md") {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var shown [][]string
		for i, part := range strings.Split(string(page), "```") {
			line := inProse
			if i%2 == 1 {
				line = inBlocks
			}
			shown = append(shown, line.FindAllStringSubmatch(part, -1)...)
		}
		for _, m := range shown {
			words := strings.Fields(m[1])
			if !slices.Contains([]string{"user", "link", "move"}, words[0]) {
				words = words[:1]
			}
			name := strings.Join(words, " ")
			if help[name] == "" {
				help[name] = run(t, append(words, "--help")...)
			}
			for _, o := range option.FindAllString(m[2], -1) {
				if !strings.Contains(help[name], o) {
					t.Errorf("%s: footfall %s has no option %s", file, name, o)
				}
			}
		}
	}
	if len(help) < 15 {
		t.Errorf("the pages show only the commands %v; is the search wrong?", help)
	}
}
