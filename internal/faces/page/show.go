package page

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/faces/envelope"
	"github.com/footfall/footfall/internal/faces/page/web"
)

//go:embed html
var htmlFiles embed.FS

// pages are the templates, by name.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"script": web.Script, "path": web.Path, "style": web.Style, "grouped": grouped, "signed": signed, "date": date, "moment": moment, "wall": wall, "called": called,
	"field": func(w wrong, name string) wrongField { return wrongField{name, w[name]} },
}).ParseFS(htmlFiles, "html/*.html"))

// shown is what the frame of every page needs.
type shown struct {
	Title string
	Name  string // of the page: its script is NAME.js, and its style NAME.css
	Login string // empty if nobody is signed in
	Admin bool   // the user manages the server
	View  any    // for the script
	Error string // instead of a view
	ID    string // of the request, if the error is not the visitor's
}

// showForm answers with the form for signing in.
func (p *Page) showForm(w http.ResponseWriter, r *http.Request, status int, f loginForm) {
	p.write(w, r, status, "login", shown{Title: "Sign in", Name: "login", View: f})
}

// showError answers with a page that says what is wrong.
func (p *Page) showError(w http.ResponseWriter, r *http.Request, err error) {
	status, text := p.statusOf(err)
	s := shown{Title: "footfall", Name: "error", Error: advice(text)}
	if status == http.StatusInternalServerError {
		p.faults.Note(w, r, envelope.Unknown, err)
		s.ID = w.Header().Get("X-Request-Id")
	}
	p.write(w, r, status, "error", s)
}

func (p *Page) missing(w http.ResponseWriter, r *http.Request) {
	p.write(w, r, http.StatusNotFound, "error", shown{Title: "Not found", Name: "error", Error: advice("NOT_FOUND")})
}

// advice says what an error of a view means, and what to do.
func advice(text string) string {
	switch text {
	case "NOT_FOUND":
		return "There is no such page, or no such link of yours."
	case envelope.Unavailable.Text:
		return "The counts cannot be read at the moment. No click is lost. Try again in a moment."
	case "RATE_LIMIT_EXCEEDED":
		return "You have asked too many questions. Wait a few seconds, and open the page again."
	case "INVALID_ARG_TIMEZONE":
		return "There is no such time zone. Take a name of the IANA database, such as Europe/Berlin."
	case "INVALID_ARG_LINK":
		return "The address of this page names a link that you do not have. Aggregate links belong to nobody: take your own link to the same address."
	}
	if bad, ok := strings.CutPrefix(text, "INVALID_ARG_"); ok {
		return "The address of this page has a wrong value of " + bad + ". Open the overview, and choose the range there."
	}
	return "The server could not make this page. Its log says why."
}

func (p *Page) write(w http.ResponseWriter, r *http.Request, status int, name string, s shown) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name+".html", s); err != nil {
		p.faults.Note(w, r, envelope.Unknown, err)
		http.Error(w, "The server could not make this page. Its log says why.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser has left
}

// date writes the day of a Unix second in UTC.
func date(at int64) string { return time.Unix(at, 0).UTC().Format("2 January 2006") }

// grouped writes a number with a comma every three digits.
func grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var b []byte
	for i := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b = append(b, ',')
		}
		b = append(b, digits[i])
	}
	return string(b)
}

// signed writes the change from a count to another.
func signed(now uint64, before *uint64) string {
	switch {
	case before == nil:
		return ""
	case now >= *before:
		return "+" + grouped(now-*before)
	}
	return "−" + grouped(*before-now)
}

// wall writes a local time, and a midnight as its date.
func wall(local string) string {
	day, clock, _ := strings.Cut(local, "T")
	if clock == "00:00" {
		return day
	}
	return day + " " + clock
}

// called is what pages without scripts call ranges, lists and visitors, as the script does.
func called(id string) string {
	if name := names[id]; name != "" {
		return name
	}
	return id
}

var names = map[string]string{
	"hour": "Last hour", "today": "Today", "yesterday": "Yesterday", "last7": "7 days", "last30": "30 days", "last90": "90 days", "last12": "12 months",
	"week": "This week", "month": "This month", "quarter": "This quarter", "year": "This year", "all": "All time",

	"countries": "Countries", "regions": "Regions", "cities": "Cities", "links": "Links", "referrers": "Pages", "domains": "Referrers",
	"devices": "Devices", "browsers": "Browsers", "systems": "Systems", "sources": "QR codes", "bots": "Bots",

	"bots=both": "People and bots", "bots=off": "People", "bots=on": "Bots",
}
