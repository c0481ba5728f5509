package page

import "slices"

// buildRows makes one panel of a view with all its rows, up to maxRows.
func buildRows(a asker, qn question, id string) (panel, error) {
	b, err := newBuilder(a, qn)
	if err != nil {
		return panel{}, err
	}
	for _, step := range []func() error{b.fillFilters, b.fillChart, b.fillHeadline} {
		if err := step(); err != nil {
			return panel{}, err
		}
	}
	for i := range panelTable {
		if panelTable[i].id == id {
			p, err := b.panel(i, maxRows)
			p.Rows = slices.Clip(p.Rows)
			return p, err
		}
	}
	return panel{}, invalid("PANEL")
}
