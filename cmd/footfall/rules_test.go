package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// language has the words of PromQL that the rules use. targets has the labels that
// Prometheus adds to metrics; it also adds the metric up.
var (
	language = []string{
		"abs", "absent", "and", "by", "clamp_min", "count", "deriv", "histogram_quantile", "increase", "min", "on", "predict_linear", "rate",
		"sum", "timestamp",
	}
	targets = []string{"job", "instance"}
)

var (
	quoted     = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	rangeOf    = regexp.MustCompile(`\[[^]]*\]`)
	number     = regexp.MustCompile(`\b[0-9][0-9a-z.]*\b`)
	grouping   = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
	matchers   = regexp.MustCompile(`\{([^}]*)\}`)
	identifier = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	place      = regexp.MustCompile(`"[^"]*"|docs/[a-z]+\.md`)
)

// mentions returns the metrics and the labels that an expression names.
func mentions(expression string) (metrics, labels []string) {
	e := rangeOf.ReplaceAllString(quoted.ReplaceAllString(expression, ""), "")
	for _, part := range []*regexp.Regexp{matchers, grouping} {
		for _, m := range part.FindAllStringSubmatch(e, -1) {
			labels = append(labels, identifier.FindAllString(m[1], -1)...)
		}
		e = part.ReplaceAllString(e, " ")
	}
	for _, word := range identifier.FindAllString(number.ReplaceAllString(e, ""), -1) {
		if !slices.Contains(language, word) {
			metrics = append(metrics, word)
		}
	}
	return metrics, labels
}

// boardExpressions returns the expressions of the board for Grafana.
func boardExpressions(t *testing.T) (expressions []string) {
	t.Helper()
	text, err := os.ReadFile("../../contrib/grafana/footfall.json")
	if err != nil {
		t.Fatal(err)
	}
	type question struct{ Expr string }
	var board struct {
		Panels     []struct{ Targets []question }
		Templating struct{ List []struct{ Definition string } }
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			expressions = append(expressions, q.Expr)
		}
	}
	if len(expressions) < 30 {
		t.Errorf("the board has only %d expressions; is the search wrong?", len(expressions))
	}
	for _, v := range board.Templating.List {
		if of, ok := strings.CutPrefix(v.Definition, "label_values("); ok { // of a metric, and the label
			expression, label, _ := strings.Cut(strings.TrimSuffix(of, ")"), ", ")
			expressions = append(expressions, "sum by ("+label+") ("+expression+")")
		}
	}
	return expressions
}

// TestRulesNameMetrics: the alerts and the board of contrib use only metrics and labels of the
// program, and the table of docs/operations.md has all metrics. promtool checks only the
// syntax of the rules.
func TestRulesNameMetrics(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	addUser(t, data, "ann")
	server := serve(t, "--data", data, "--metrics-listen", "127.0.0.1:0")
	fetch(t, server.URL+"/v3/expand") // metrics of questions appear with the first one
	exported, labelled := []string{"up"}, slices.Clone(targets)
	families := map[string]bool{}
	for line := range strings.Lines(fetch(t, server.Attributes["metrics"])) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			families[strings.Fields(name)[0]] = true
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		exported = append(exported, identifier.FindString(line))
		for _, m := range matchers.FindAllStringSubmatch(quoted.ReplaceAllString(line, ""), -1) {
			labelled = append(labelled, identifier.FindAllString(m[1], -1)...)
		}
	}

	known := func(expression string) {
		metrics, labels := mentions(expression)
		if len(metrics) == 0 {
			t.Errorf("%s uses no metric", expression)
		}
		for _, name := range metrics {
			if !slices.Contains(exported, name) {
				t.Errorf("footfall has no metric %s, which is used here: %s", name, expression)
			}
		}
		for _, label := range labels {
			if !slices.Contains(labelled, label) {
				t.Errorf("footfall has no label %s, which is used here: %s", label, expression)
			}
		}
	}
	for _, expression := range boardExpressions(t) {
		known(expression)
	}

	rules, err := os.ReadFile("../../contrib/prometheus/footfall.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	alerts := 0
	for line := range strings.Lines(string(rules)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "expr":
			alerts++
			known(value)
		case "advice":
			var sections []string // their page comes after them
			pages := 0
			for _, word := range place.FindAllString(strings.Trim(value, "'"), -1) {
				if strings.HasPrefix(word, `"`) {
					sections = append(sections, strings.Trim(word, `"`))
					continue
				}
				page, err := os.ReadFile("../../" + word)
				if err != nil {
					t.Errorf("an alert names a page that does not exist: %v", err)
				}
				for _, s := range sections {
					if !strings.Contains(string(page), "\n## "+s+"\n") {
						t.Errorf("%s has no section %q, which an alert names", word, s)
					}
				}
				pages, sections = pages+len(sections), nil
			}
			if pages == 0 || len(sections) > 0 {
				t.Errorf("the advice names a page without a section, or a section without a page: %s", value)
			}
		}
	}
	if alerts < 10 {
		t.Errorf("the file has only %d rules; is the search wrong?", alerts)
	}
	_, table, _ := strings.Cut(string(page), "\n## Watch\n")
	table, _, _ = strings.Cut(table, "\n## ")
	for name := range families {
		if strings.HasPrefix(name, "footfall_") && !strings.Contains(table, name) {
			t.Errorf("docs/operations.md does not explain %s", name)
		}
	}
	for _, name := range regexp.MustCompile(`footfall_[a-z_]+[a-z]`).FindAllString(table, -1) {
		if !families[name] {
			t.Errorf("docs/operations.md explains %s, which footfall does not have", name)
		}
	}
}
