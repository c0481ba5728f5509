package page

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// livePause is the shortest time between two events of a stream, and liveQuiet the longest:
	// then it says that it is still there.
	livePause = 500 * time.Millisecond
	liveQuiet = 20 * time.Second
)

// live is a stream of events that say how many clicks a view has: one at the start, and one
// after each time that more were counted. The script asks for the view then, so that a stream
// that is interrupted misses nothing.
func (p *Page) live(w http.ResponseWriter, r *http.Request) {
	s, err := p.session(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	query := canonical(r.URL.Query())
	qn := p.question(r, query, nil)
	ask := func() (uint64, error) {
		a := asker{ctx: r.Context(), api: p.o.API, user: s.User, host: r.Host}
		qn.now = p.o.Now()
		b, err := newBuilder(a, qn)
		if err != nil {
			return 0, err
		}
		return b.everyone()
	}
	clicks, err := ask()
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	send := func(event string, n uint64) bool {
		_ = out.SetWriteDeadline(time.Now().Add(liveQuiet))
		if _, err := fmt.Fprintf(w, "event: %s\nretry: 2000\ndata: {\"clicks\":%s}\n\n", event, strconv.FormatUint(n, 10)); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	if !send("hello", clicks) {
		return
	}
	quiet := time.NewTicker(liveQuiet)
	defer quiet.Stop()
	for event := "clicks"; ; {
		counted := p.o.Counted() // before the question, so that no click is missed
		// If the counts do not answer, the next event comes when they are back.
		if n, err := ask(); err == nil && n != clicks || event == "quiet" {
			if err == nil {
				clicks = n
			}
			if !send(event, clicks) {
				return
			}
		}
		if event = p.wait(r.Context(), counted, quiet.C); event == "" {
			return
		}
		if s, err = p.session(r); err != nil { // it has ended, or the user is disabled
			return
		}
	}
}

// wait waits for the next event of a stream: clicks after something was counted, quiet if
// nothing was for a while (another server may have counted), and nothing if the stream ends.
func (p *Page) wait(ctx context.Context, counted <-chan struct{}, quiet <-chan time.Time) string {
	pause := time.NewTimer(livePause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return ""
	case <-p.done:
		return ""
	}
	select {
	case <-counted:
		return "clicks"
	case <-quiet:
		return "quiet"
	case <-ctx.Done():
	case <-p.done:
	}
	return ""
}

func escape(s string) string { return url.QueryEscape(s) }
