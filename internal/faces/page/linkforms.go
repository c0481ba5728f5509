package page

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// wrong says what is wrong with a form: a sentence for each field, and for the whole form
// without a name. nil means that nothing is.
type wrong map[string]string

// wrongField is what is wrong with one field; nothing without a sentence.
type wrongField struct{ Name, Sentence string }

// makeForm is the form that makes a link.
type makeForm struct {
	LongURL, Keyword string
	Wrong            wrong
}

// linksPage is the list of links with a form: browsers without scripts send it, and get the page.
type linksPage struct {
	*linkList
	Make makeForm `json:"-"`
}

// Next is the query of the links after those of the page; empty if there are none.
func (l linksPage) Next() string {
	if end := l.Search.Offset + len(l.Links); len(l.Links) > 0 && end < cmp.Or(l.Sorted, l.All) {
		return l.at(end)
	}
	return ""
}

// Back is the query of the links before those of the page; empty if there are none.
func (l linksPage) Back() string {
	if l.Search.Offset == 0 {
		return ""
	}
	return l.at(max(0, l.Search.Offset-linksPerPage))
}

// at is the query of the list from an offset on.
func (l linksPage) at(offset int) string {
	q, _ := url.ParseQuery(strings.TrimPrefix(l.Query, "?"))
	q.Del("offset")
	if offset > 0 {
		q.Set("offset", strconv.Itoa(offset))
	}
	return encode(q)
}

// editForm is the form that changes a link: its fields are those of user/link_edit.
type editForm struct {
	Title, LongURL, Note, Tags string
	Wrong                      wrong
}

// linkPage is the page of a link with a form.
type linkPage struct {
	*view
	Edit editForm `json:"-"`
}

// editable are the fields of an editForm, in the order of the page.
var editable = []string{"title", "long_url", "note", "tags"}

// fields are what the form for a link has, by field.
func (l *linkDetails) fields() map[string]string {
	return map[string]string{"title": l.Title, "long_url": l.LongURL, "note": l.Note, "tags": strings.Join(l.Tags, ", ")}
}

func editFormOf(fields map[string]string, w wrong) editForm {
	return editForm{fields["title"], fields["long_url"], fields["note"], fields["tags"], w}
}

// refusedLinks says which field of a form an answer of the API is about, and what it means. The
// script has the same sentences.
var refusedLinks = map[string]struct{ field, sentence string }{
	"INVALID_URI":          {"long_url", notAnAddress},
	"MISSING_ARG_LONGURL":  {"long_url", notAnAddress},
	"MISSING_ARG_LONG_URL": {"long_url", notAnAddress},
	"INVALID_ARG_LONG_URL": {"long_url", notAnAddress},
	"ALREADY_A_BITLY_LINK": {"long_url", "That is a short link of this server already."},
	"KEYWORD_TAKEN":        {"keyword", "This name is taken. Choose another one."},
	"INVALID_ARG_KEYWORD":  {"keyword", "A name has letters, digits, - and _."},
	"INVALID_ARG_TITLE":    {"title", tooLong},
	"INVALID_ARG_NOTE":     {"note", tooLong},
	"INVALID_ARG_TAGS":     {"tags", "A link has up to 30 tags, with commas between them, each of up to 50 characters."},
	"RATE_LIMIT_EXCEEDED":  {"", "Too many changes at once. Wait a minute, and go on."},
}

const (
	notAnAddress = "That is not an address that can be shortened: begin it with http:// or https://."
	tooLong      = "That is longer than 4,096 bytes."
)

// wrongLink is what a refusal of the API says about a form, and the status of the answer; nil if
// it is not about the form.
func wrongLink(err error) (wrong, int) {
	var r refusal
	if !errors.As(err, &r) {
		return nil, 0
	}
	of, known := refusedLinks[r.Text]
	switch {
	case !known:
		return nil, 0
	case of.field == "":
		return wrong{"": of.sentence}, http.StatusTooManyRequests
	}
	return wrong{of.field: of.sentence}, http.StatusBadRequest
}

// makeLink makes a link, and leads to its page.
func (p *Page) makeLink(w http.ResponseWriter, r *http.Request) {
	s, err := p.session(r)
	if err != nil {
		p.refuseForm(w, r, err, "/-/links")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	f := makeForm{LongURL: strings.TrimSpace(r.PostFormValue("long_url")), Keyword: strings.TrimSpace(r.PostFormValue("keyword"))}
	q := url.Values{"longUrl": {f.LongURL}}
	if f.Keyword != "" {
		q.Set("keyword", f.Keyword)
	}
	var made struct {
		URL string `json:"url"`
	}
	err = asker{ctx: r.Context(), api: p.o.API, user: s.User, host: r.Host}.ask("shorten", q, &made)
	if err == nil {
		http.Redirect(w, r, Prefix+"link/"+nameOf(made.URL), http.StatusSeeOther)
		return
	}
	status := 0
	if f.Wrong, status = wrongLink(err); f.Wrong == nil {
		p.showError(w, r, err)
		return
	}
	p.showLinks(w, request{r, s}, status, f)
}

// editLink changes a link: of the fields of the form, those that differ from the link. It leads
// back to the page.
func (p *Page) editLink(w http.ResponseWriter, r *http.Request) {
	s, err := p.session(r)
	if err != nil {
		p.refuseForm(w, r, err, escape(r.URL.Path))
		return
	}
	a := asker{ctx: r.Context(), api: p.o.API, user: s.User, host: r.Host}
	l, err := a.linkDetails(r.PathValue("link"))
	if err != nil {
		p.showError(w, r, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.showLink(w, request{r, s}, http.StatusRequestEntityTooLarge, func(l *linkDetails) editForm {
			return editFormOf(l.fields(), wrong{"": "That is more text than a link has room for. Nothing was changed."})
		})
		return
	}
	fields, q := l.fields(), url.Values{"link": {r.PathValue("link")}}
	for _, name := range editable {
		if text := strings.TrimSpace(r.PostFormValue(name)); r.PostForm.Has(name) && text != fields[name] {
			fields[name] = text
			q.Set(name, text)
		}
	}
	if changed := slices.DeleteFunc(slices.Clone(editable), func(name string) bool { return !q.Has(name) }); len(changed) > 0 {
		q.Set("edit", strings.Join(changed, ","))
		err = a.ask("user/link_edit", q, &struct{}{})
	}
	if err == nil {
		http.Redirect(w, r, r.URL.RequestURI(), http.StatusSeeOther)
		return
	}
	about, status := wrongLink(err)
	if about == nil {
		p.showError(w, r, err)
		return
	}
	p.showLink(w, request{r, s}, status, func(*linkDetails) editForm { return editFormOf(fields, about) })
}
