package page

import "net/http"

// shareForm is the page that makes a share by a plain form.
type shareForm struct {
	Link, Tag    string // of which one is set
	Name         string // what is shared, as people read it
	Ends, Frames string
	Wrong        wrong
	Address      string // of the share that was made; shown once
}

// refusedShares says which field of the form an error is about, and what it means. The script
// has the same sentences.
var refusedShares = map[string]struct{ field, sentence string }{
	"SHARE_END":        {"ends", "The end is in the past."},
	"INVALID_ARG_ENDS": {"ends", "That is no date and time."},
	"PASSWORD_FORM":    {"password", "A password has 8 to 72 bytes, and no control characters."},
	"SHARE_FRAMES":     {"frames", "Write each site as https://example.org, up to ten, or * for all. An address with a password is not shown in frames."},
	"TOO_MANY_SHARES":  {"", "You have 200 shares. Revoke some under Account."},
}

// newShare shows the form for a share of the link or the tag that the query names.
func (p *Page) newShare(w http.ResponseWriter, r request) {
	f, err := p.shareFormOf(r)
	if err != nil {
		p.showError(w, r.Request, err)
		return
	}
	p.writeShareForm(w, r, http.StatusOK, f)
}

// shareFormOf is the form for what a request names. It fails if the user does not have that.
func (p *Page) shareFormOf(r request) (f shareForm, err error) {
	f = shareForm{Link: r.FormValue("link"), Tag: r.FormValue("tag"), Ends: r.PostFormValue("ends"), Frames: r.PostFormValue("frames")}
	switch {
	case (f.Link == "") == (f.Tag == ""):
		return f, invalid("LINK")
	case f.Tag != "":
		f.Name = "#" + f.Tag
		return f, nil
	}
	l, err := asker{ctx: r.Context(), api: p.o.API, user: r.session.User, host: r.Host}.linkDetails(f.Link)
	if err == nil {
		f.Name = nameOf(l.Link)
	}
	return f, err
}

// showNewShare answers the form with the address of the share, or with what is wrong.
func (p *Page) showNewShare(w http.ResponseWriter, r request, address string, failed error) {
	f, err := p.shareFormOf(r)
	if err != nil {
		p.showError(w, r.Request, err)
		return
	}
	if failed == nil {
		scheme := "http://"
		if p.o.Secure(r.Request) {
			scheme = "https://"
		}
		f.Address = scheme + r.Host + address
		p.writeShareForm(w, r, http.StatusOK, f)
		return
	}
	status, text := p.statusOf(failed)
	of, known := refusedShares[text]
	if !known {
		p.showError(w, r.Request, failed)
		return
	}
	f.Wrong = wrong{of.field: of.sentence}
	p.writeShareForm(w, r, status, f)
}

func (p *Page) writeShareForm(w http.ResponseWriter, r request, status int, f shareForm) {
	p.write(w, r.Request, status, "sharing", shown{Title: "Share " + f.Name, Name: "sharing", Login: r.session.User.Login, Admin: r.session.User.Admin, View: f})
}
