package feed

import (
	"fmt"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/useragent"
)

// counts turns a line of counts into clicks with the same counts by the values of each facet.
// A line does not say which values belong to the same click: it gives them to any click that
// they fit.
func (f *ndjson) counts(v *fastjson.Value, c *chunk) error {
	e := entry{click: click.Click{Imported: true}}
	var err error
	if e.to.Name, err = text(v, "hash", true); err != nil {
		return err
	}
	if e.to.aggregate, err = boolean(v, "aggregate"); err != nil {
		return err
	}
	ts, err := integer(v, "ts")
	if err != nil {
		return err
	}
	if ts >= fromMillis && ts%1000 == 0 {
		ts /= 1000
	}
	if ts%rollup.QuarterHour != 0 {
		return fmt.Errorf("the time %d, in Unix seconds, is not the start of a quarter-hour", ts)
	}
	if err := inTime(ts, f.now().Unix()); err != nil {
		return err
	}
	e.click.Time = ts * 1000
	clicks, err := number(v, "clicks")
	if err != nil {
		return err
	}
	bots, err := number(v, "bots")
	if err != nil {
		return err
	}
	if clicks+bots == 0 || clicks+bots > maxClicks {
		return fmt.Errorf("the line has %d clicks; it must have 1 to %d", clicks+bots, maxClicks)
	}
	list := slices.Repeat([]entry{e}, clicks+bots)
	for i := range bots {
		list[clicks+i].click.Bot = true
	}
	for _, facet := range rollup.Exports() {
		of := list[:clicks]
		if facet.Bots {
			of = list[clicks:]
		}
		if err := shares(v, facet, of); err != nil {
			return err
		}
	}
	c.entries = append(c.entries, list...)
	return nil
}

// number takes a count; a missing one is 0.
func number(v *fastjson.Value, key string) (int, error) {
	if !v.Exists(key) {
		return 0, nil
	}
	n, err := integer(v, key)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > maxClicks {
		return 0, fmt.Errorf("%q is %d; it must be 0 to %d", key, n, maxClicks)
	}
	return int(n), nil
}

// shares divides clicks among the names of a facet, by the numbers in its object. Those of a
// complete facet must add up to the clicks; of another one they may be fewer, and the other
// clicks get no value. A missing object gives no values.
func shares(v *fastjson.Value, f rollup.Exported, list []entry) error {
	if !v.Exists(f.Key) {
		return nil
	}
	o, err := v.Get(f.Key).Object()
	if err != nil {
		return fmt.Errorf("%q is not an object", f.Key)
	}
	of, in, _, divides := f.Missing()
	free := map[string][]*click.Click{} // clicks without a value, by the value that it divides
	for i := range list {
		key := ""
		if divides {
			key = of.Value(&list[i].click)
		}
		free[key] = append(free[key], &list[i].click)
	}
	var wrong error
	o.Visit(func(key []byte, n *fastjson.Value) {
		if wrong != nil {
			return
		}
		name, from := string(key), ""
		if divides {
			from = in(name)
		}
		count, err := n.Int()
		switch left := len(free[from]); {
		case err != nil || count < 0:
			wrong = fmt.Errorf("%q: the number of %.100q is not a whole number from 0", f.Key, name)
			return
		case count > left && from != "":
			wrong = fmt.Errorf("%q: the number of %.100q is %d, but only %d clicks of %.100q are left", f.Key, name, count, left, from)
			return
		case count > left:
			wrong = fmt.Errorf("%q: the number of %.100q is %d, but only %d clicks are left", f.Key, name, count, left)
			return
		}
		for _, c := range free[from][:count] {
			if err := f.Set(c, name); err != nil {
				wrong = fmt.Errorf("%q: %w", f.Key, err)
				return
			}
			if f.Bots {
				c.BotFamily = useragent.ParseFamily(string(c.BotFamily)) // the list is bounded
			}
		}
		free[from] = free[from][count:]
	})
	if wrong == nil && f.Complete() && len(free[""]) > 0 {
		wrong = fmt.Errorf("the numbers in %q do not add up to the clicks, %d", f.Key, len(list))
	}
	return wrong
}
