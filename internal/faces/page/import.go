package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/footfall/footfall/internal/base/plain"
)

const (
	// maxImport bounds a file of links that is sent to the page, in bytes.
	maxImport = 8 << 20
	// maxReported bounds the links that an import reports one by one.
	maxReported = 1000
	// reportEvery is the number of links after which an import says how far it is.
	reportEvery = 500
	// importWrite bounds the time in which a browser takes a report.
	importWrite = 20 * time.Second
)

// ImportLinks makes the links of a CSV file. In a dry run it changes nothing. It calls each with
// every link of a dry run, and otherwise with those that are rejected. ErrColumns is for a file
// that lacks a column.
type ImportLinks func(ctx context.Context, login string, in io.Reader, dry bool, each func(ImportedLink)) (ImportSums, error)

// ErrColumns means that a CSV file cannot be read: its message says what it lacks.
var ErrColumns = errors.New("the file cannot be imported")

// ImportedLink is a line of a CSV file.
type ImportedLink struct {
	Line    uint64 `json:"line"`
	Link    string `json:"link"`
	LongURL string `json:"long_url"`
	Verdict string `json:"verdict"` // made, known or rejected
	Reason  string `json:"reason,omitempty"`
}

// ImportSums counts the links of a CSV file by what was done with them.
type ImportSums struct {
	Links    uint64 `json:"links"`
	Made     uint64 `json:"made"`
	Known    uint64 `json:"known"`
	Rejected uint64 `json:"rejected"`
}

// importReport is a line of the answer of an import: a link, how far it is, or how it ended.
type importReport struct {
	Row   *ImportedLink `json:"row,omitempty"`
	Done  uint64        `json:"done,omitempty"` // links so far
	Sums  *ImportSums   `json:"sums,omitempty"`
	Error string        `json:"error,omitempty"`
}

// importLinks imports the body of the request, and reports line by line, as NDJSON.
func (p *Page) importLinks(w http.ResponseWriter, r *http.Request) {
	s, err := p.session(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxImport))
	if err != nil {
		writeJSON(w, http.StatusRequestEntityTooLarge, importReport{Error: "The file has more than 8 MB, or did not arrive. Import it with footfall import --format links-csv."})
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	out, lines := http.NewResponseController(w), json.NewEncoder(w)
	report := func(l importReport) {
		_ = out.SetWriteDeadline(time.Now().Add(importWrite))
		_ = lines.Encode(l) // an import goes on if its browser has left
		_ = out.Flush()
	}
	seen := uint64(0)
	sums, err := p.o.ImportLinks(context.WithoutCancel(r.Context()), s.User.Login, bytes.NewReader(body), r.URL.Query().Get("dry") == "true", func(l ImportedLink) {
		if seen++; seen <= maxReported {
			report(importReport{Row: &l})
		} else if seen%reportEvery == 0 {
			report(importReport{Done: seen})
		}
	})
	if errors.Is(err, ErrColumns) {
		report(importReport{Error: plain.Text(err.Error())})
		return
	}
	if err != nil {
		_, word := p.statusOf(err)
		p.o.Log.Error("an import from the page failed. Links that were made stay; it can be repeated", "error", err)
		report(importReport{Error: advice(word)})
		return
	}
	report(importReport{Sums: &sums})
}
