package page

import (
	"errors"

	"github.com/footfall/footfall/internal/base/calendar"
)

// sparkPoints is the most units that a small chart is drawn of.
const sparkPoints = 100

// addSparks asks for the clicks over time of each link of a panel. That is one question for each
// of shownRows links: no method counts many links apart. Each reads the counts of its link
// alone, so it does not matter how many links the user has. Without an answer the panel has no
// small charts.
func (b *builder) addSparks(p *panel) error {
	w := b.w
	w.units, w.word, w.ref = 0, "", w.end-1
	for w.unit != calendar.Month && w.unit != calendar.Minute && w.count(w.unit) > sparkPoints {
		w.unit = w.longer(w.unit)
	}
	q := w.asked()
	if w.unit == calendar.Minute {
		q = b.w.asked()
	}
	for i := range p.Rows {
		q.Set("link", p.Rows[i].Name)
		points, err := b.series("user/clicks", "user_clicks", q)
		if errors.As(err, new(refusal)) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, at := range points {
			p.Rows[i].Spark = append(p.Rows[i].Spark, at.Clicks)
		}
	}
	p.SparkUnit = w.unit.String()
	return nil
}
