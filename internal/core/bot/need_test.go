package bot_test

import (
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/core/bot"
	"github.com/footfall/footfall/internal/testkit/seedtest"
	"pgregory.net/rapid"
)

// expressions are of the shapes that a list of agents has.
var expressions = []struct {
	expr, no string // no is a text that the condition can tell to be no match
}{
	{`Googlebot`, "google"},
	{`(?i)GOOGLEbot`, "google bot"},
	{`[Bb]ots?/\d`, "bot 1"},
	{`[BC]OT`, "dot"},
	{`^.{0,100}(bot|BUbiNG|borg|crawl|^Java/)`, "b cra java"},
	{`(?:iPhone|Android).{0,30}(?:Bot|Yeti)-Mobile`, "android yeti mobile"},
	{`(?:iPhone|Android).{0,30}(?:Bot|Yeti)-Mobile`, "the bot-mobile"},
	{`(?:iPhone|Android)(?: Bot)?;`, "android iphone"},
	{`a(?:b|\d+c)e`, "abcd"},
	{`(?:x|y.*)z`, "xy"},
	{`(?:Ab)+c?$`, "a b"},
	{`\bspeedy {0,2}(?:spider|)`, "speed spider"},
	{`(?:ab){2,3}c`, "abc"},
}

func TestNeedsRefuses(t *testing.T) {
	for _, c := range expressions {
		if ok, err := bot.Needs(c.expr, c.no); err != nil || ok {
			t.Errorf("%q may match %q: %v, error %v", c.expr, c.no, ok, err)
		}
	}
	if _, err := bot.Needs("(", ""); err == nil {
		t.Error("no error of an expression that is none")
	}
	for _, expr := range []string{`.*`, `a?`, `(?:a|b*)`, `\d+`, `[a-z]`} {
		if ok, err := bot.Needs(expr, ""); err != nil || !ok {
			t.Errorf("%q needs something: %v, error %v", expr, ok, err)
		}
	}
}

// No match is ever refused.
func TestNeedsIsNecessary(t *testing.T) {
	for _, c := range expressions {
		seedtest.Check(t, func(t *rapid.T) {
			text := rapid.StringMatching(c.expr).Draw(t, "text")
			lower := strings.NewReplacer("ſ", "s", "\u212a", "k").Replace(strings.ToLower(text))
			if ok, err := bot.Needs(c.expr, lower); err != nil || !ok {
				t.Fatalf("%q cannot match %q, which it does: error %v", c.expr, text, err)
			}
		})
	}
}
