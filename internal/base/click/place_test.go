package click_test

import (
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
)

func TestParseRegion(t *testing.T) {
	for in, want := range map[string]click.Region{
		"TX": "TX", "tx": "TX", "US-TX": "TX", "gb-eng": "ENG", "75": "75", "FR-75": "75", "9": "9",
		"": "", "Texas": "", "T.": "", "U1-TX": "", "US-": "", "é": "", "US-TXAS": "",
	} {
		if got := click.ParseRegion(in); got != want {
			t.Errorf("ParseRegion(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestParseCity(t *testing.T) {
	for in, want := range map[string]click.City{
		"Austin": "Austin", " São Paulo ": "São Paulo", "": "", "a\nb": "", "\xff": "", "unknown": "", "Unknown": "Unknown",
		strings.Repeat("é", 40):       click.City(strings.Repeat("é", 32)),
		strings.Repeat("a", 63) + "é": click.City(strings.Repeat("a", 63)),
	} {
		if got := click.ParseCity(in); got != want {
			t.Errorf("ParseCity(%q) is %q, want %q", in, got, want)
		}
	}
}
