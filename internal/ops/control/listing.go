package control

// Link is a link as an operator sees it.
type Link struct {
	Link    string `json:"link"` // its short URL
	Clicks  uint64 `json:"clicks"`
	Login   string `json:"login"`
	LongURL string `json:"long_url"`
	// Title is empty where the user gave none.
	Title     string `json:"title,omitempty"`
	CreatedAt int64  `json:"created_at"` // Unix second
	Private   bool   `json:"private"`
	Archived  bool   `json:"archived"`
}

// StatsOptions says what Stats sums up.
type StatsOptions struct {
	Login string // empty for all users
	// Timezone is where days begin, as the API takes it.
	Timezone string
	// Domain is that of short URLs; the default one if empty.
	Domain string
	// Top is how many links are named, those with most clicks; 0 for none.
	Top int
}

// Stats is a summary of what was counted.
type Stats struct {
	// Login is empty where it is of all users.
	Login    string    `json:"login,omitempty"`
	Timezone string    `json:"timezone"`
	Users    int       `json:"users"`
	Links    int       `json:"links"`
	Clicks   Spans     `json:"clicks"` // of people
	Bots     Spans     `json:"bots"`
	TopLinks []TopLink `json:"top_links"`
}

// Spans is the clicks of some spans of days that end today.
type Spans struct {
	Today  uint64 `json:"today"`
	Days7  uint64 `json:"last_7_days"`
	Days30 uint64 `json:"last_30_days"`
	All    uint64 `json:"all"`
}

// TopLink is a link and its clicks of people, of all time.
type TopLink struct {
	Link    string `json:"link"`
	Clicks  uint64 `json:"clicks"`
	Login   string `json:"login"`
	LongURL string `json:"long_url"`
}
