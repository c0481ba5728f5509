package schema

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// TestGrafana: the board obeys the schema of Grafana, with its panels and questions.
func TestGrafana(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	text, err := os.ReadFile("../grafana/footfall.json")
	if err != nil {
		t.Fatal(err)
	}
	// The list has keys that the schema does not have, and those that it requires. With questions
	// in panels the error is not nil, and panels are not kept.
	var faults cog.BuildErrors
	if err := new(dashboard.Dashboard).UnmarshalJSONStrict(text); err != nil && (!errors.As(err, &faults) || len(faults) > 0) {
		t.Error(err)
	}
	var board dashboard.Dashboard
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	if err := board.Validate(); err != nil {
		t.Error(err)
	}
	seen := map[uint32]bool{}
	for _, p := range board.Panels {
		if p.Panel == nil {
			continue
		}
		if p.Panel.Title == nil || *p.Panel.Title == "" || len(p.Panel.Targets) == 0 || p.Panel.Id == nil || seen[*p.Panel.Id] {
			t.Errorf("a panel has no title, no question or no id of its own: %+v", p.Panel)
			continue
		}
		seen[*p.Panel.Id] = true
	}
	if len(seen) < 20 {
		t.Errorf("the board has only %d panels", len(seen))
	}
}
