package redirect

import (
	"net/http"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// This file ends links that have a time or a number of clicks after which they lead
// nowhere. A visit of such a link is no click.

// ended reports whether the link has ended. If its clicks cannot be counted, it has not.
func (h *Handler) ended(r *http.Request, l *store.Link) bool {
	if l.Expires != 0 && h.o.Now().Unix() >= l.Expires {
		return true
	}
	if l.MaxClicks == 0 {
		return false
	}
	clicks, err := h.o.Clicks.Clicks(r.Context(), l.User, l.ID)
	if err != nil {
		h.uncounted.Note(err)
		return false
	}
	return clicks >= uint64(l.MaxClicks)
}

func (h *Handler) logUncounted(visitors uint64, last error) {
	h.o.Log.Error("the clicks of links with a maximum could not be counted: their visitors were sent on", "visitors", visitors, "error", last)
}

// end answers a visit of a link that has ended.
func (h *Handler) end(w http.ResponseWriter, l *store.Link) {
	h.page(w, links.Location(l.ExpiredURL), http.StatusGone, "This short link has expired.\n")
}

// cacheControlUntil is the Cache-Control of a redirect that browsers may not repeat from a
// Unix second on.
func (h *Handler) cacheControlUntil(end int64) []string {
	left := end - h.o.Now().Unix()
	if left >= int64(h.o.MaxAge/time.Second) {
		return h.cacheControl
	}
	return []string{"private, max-age=" + strconv.FormatInt(max(left, 0), 10)}
}
