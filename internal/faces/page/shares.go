package page

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// shareView is a share in the list of its owner.
type shareView struct {
	ID       string `json:"id"`
	Link     string `json:"link"` // its hash; or Tag is set
	Tag      string `json:"tag"`
	Created  int64  `json:"created"`
	Ends     int64  `json:"ends"` // 0: never
	Used     int64  `json:"used"` // 0: never
	Password bool   `json:"password"`
	Frames   string `json:"frames"`
}

// sharesView is the answer to a change of the shares.
type sharesView struct {
	Address string      `json:"address,omitempty"` // the path of a new share; shown once
	Shares  []shareView `json:"shares"`
}

// listShares lists the shares of a user.
func (p *Page) listShares(r *http.Request, u store.User) ([]shareView, error) {
	all, err := p.o.Shares.Shares(r.Context(), u)
	if err != nil {
		return nil, err
	}
	list := []shareView{}
	for _, s := range all {
		list = append(list, shareView{s.ID, string(s.Link), s.Tag, s.Created, s.Ends, s.Used, s.Password, s.Frames})
	}
	return list, nil
}

// changeShares makes or revokes a share, as the path says.
func (p *Page) changeShares(w http.ResponseWriter, r *http.Request) {
	s, err := p.session(r)
	if err != nil {
		p.refuseForm(w, r, err, "/-/account")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	var v sharesView
	switch r.PathValue("what") {
	case "make":
		v.Address, err = p.makeShare(request{r, s})
	case "revoke":
		err = p.o.Shares.RevokeShare(r.Context(), s.User, r.PostFormValue("id"))
	default:
		p.missing(w, r)
		return
	}
	if fromForm(r) {
		if r.PathValue("what") == "make" {
			p.showNewShare(w, request{r, s}, v.Address, err)
			return
		}
		p.showAccount(w, request{r, s}, "The share is revoked.", "", err)
		return
	}
	if err == nil {
		v.Shares, err = p.listShares(r, s.User)
	}
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, v)
}

// makeShare makes a share of what the form says: link or tag, ends (a Unix second, or date and
// time in UTC), password, and frames (origins with spaces between them).
func (p *Page) makeShare(r request) (address string, err error) {
	n := auth.NewShare{Password: r.PostFormValue("password"), Frames: strings.Fields(r.PostFormValue("frames"))}
	link, tag := r.PostFormValue("link"), r.PostFormValue("tag")
	if (link == "") == (tag == "") {
		return "", invalid("LINK")
	}
	if link != "" {
		l, err := asker{ctx: r.Context(), api: p.o.API, user: r.session.User, host: r.Host}.linkDetails(link)
		if err != nil {
			return "", err
		}
		n.Link = hashOf(l)
	} else if n.Tag, err = links.ParseTag(tag); err != nil {
		return "", invalid("TAG")
	}
	if s := r.PostFormValue("ends"); s != "" {
		if n.Ends, err = endOf(s); err != nil {
			return "", invalid("ENDS")
		}
	}
	secret, err := p.o.Shares.NewShare(r.Context(), r.session.User, n)
	if err != nil {
		return "", err
	}
	return sharePrefix + secret, nil
}

// endOf reads the end of a share: a Unix second, or date and time in UTC.
func endOf(s string) (int64, error) {
	if t, err := time.Parse("2006-01-02T15:04", s); err == nil {
		return t.Unix(), nil
	}
	return strconv.ParseInt(s, 10, 64)
}
