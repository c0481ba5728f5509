package page

// view is all that a page shows about clicks: the browser only draws it. Instants are Unix
// seconds, and texts that are named local are wall times of the zone. A query is a relative
// address of another view.
type view struct {
	Page    string       `json:"page"`
	Login   string       `json:"login"`
	Version string       `json:"version"`
	Query   string       `json:"query"`
	Range   rangeView    `json:"range"`
	Filters filters      `json:"filters"`
	Compare compareView  `json:"compare"`
	Head    headline     `json:"headline"`
	Chart   chart        `json:"chart"`
	Strip   *strip       `json:"strip"` // nil without one
	Heat    heat         `json:"heat"`
	Panels  []panel      `json:"panels"`
	Proved  proof        `json:"proved"`
	Empty   *emptyView   `json:"empty"`
	Link    *linkDetails `json:"link,omitempty"`
	// Share is the path of a share, with a slash after it, in the view of one, and Tag is its
	// tag, unless it is one of a link.
	Share string `json:"share,omitempty"`
	Tag   string `json:"tag,omitempty"`
}

type rangeView struct {
	Preset    string            `json:"preset"`
	Unit      string            `json:"unit"`
	Units     []string          `json:"units"`
	Timezone  string            `json:"timezone"`
	From      string            `json:"from"` // local
	To        string            `json:"to"`   // local, excluded
	Start     int64             `json:"start"`
	End       int64             `json:"end"`
	WeekStart string            `json:"weekStart"`
	Running   bool              `json:"running"`
	Now       string            `json:"now"` // local
	Offset    int               `json:"offset"`
	Earlier   string            `json:"earlier"`
	Later     string            `json:"later"`
	Out       string            `json:"out"`
	Presets   []preset          `json:"presets"`
	ByUnit    map[string]string `json:"byUnit"`
	Base      string            `json:"base"` // the query without the zone
}

type compareView struct {
	Kind    string   `json:"kind"`
	By      string   `json:"by"`
	From    string   `json:"from"` // local
	To      string   `json:"to"`   // local, excluded
	Cut     bool     `json:"cut"`
	Clicks  uint64   `json:"clicks"`
	Choices []choice `json:"choices"`
}

type headline struct {
	Clicks   uint64  `json:"clicks"`
	Bots     uint64  `json:"bots"` // beside the clicks; 0 if the view has people or bots only
	Previous *uint64 `json:"previous"`
	Busiest  int     `json:"busiest"` // index in the chart; -1 without clicks
	Average  float64 `json:"average"` // by unit that has begun
	Call     call    `json:"call"`
}

// call is the question to the API that has the numbers of a part of the page.
type call struct {
	Method string `json:"method"`
	Query  string `json:"query"`
	Rows   int    `json:"rows"`
	Clicks uint64 `json:"clicks"`
}

// proof says when check last proved all counts.
type proof struct {
	At int64 `json:"at"` // 0 if it never did
	OK bool  `json:"ok"`
}

// emptyView says where the clicks are if the range has none.
type emptyView struct {
	Last      int64  `json:"last"` // the start of the last day with clicks; 0 if there never was one
	LastLocal string `json:"lastLocal"`
	Query     string `json:"query"`
}

// filters are the links and tags that the view is limited to, and whose clicks it has.
type filters struct {
	Links    []linkFilter     `json:"links"`
	Tags     []tagFilter      `json:"tags"`
	Bots     visitors         `json:"bots"`
	Visitors []visitorsChoice `json:"visitors"`
}

type linkFilter struct {
	Link    string `json:"link"`
	Name    string `json:"name"`
	Title   string `json:"title"`
	Without string `json:"without"`
}

type tagFilter struct {
	Tag     string `json:"tag"`
	Without string `json:"without"`
}
