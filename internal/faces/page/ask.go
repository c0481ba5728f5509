package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/footfall/footfall/internal/storage/store"
)

// API answers the questions of the page: the one that programs get, too.
type API interface {
	// ServeAs answers a request to a method as a user, without credentials.
	ServeAs(w http.ResponseWriter, r *http.Request, u store.User)
	// Writes reports whether a method may change something, by its path.
	Writes(path string) bool
}

// asker asks the API as one user.
type asker struct {
	ctx  context.Context
	api  API
	user store.User
	host string // of the request of the browser: short URLs have it if no domain is set
}

// refusal is the answer of the API to a question that it does not answer.
type refusal struct {
	Code int
	Text string // such as INVALID_ARG_UNIT
}

func (r refusal) Error() string { return r.Text }

// ask asks a method, and reads the data of the answer into data. It fails with a refusal.
func (a asker) ask(method string, q url.Values, data any) error {
	body, err := a.body(method, q)
	if err != nil {
		return err
	}
	envelope := struct {
		StatusCode int    `json:"status_code"`
		StatusTxt  string `json:"status_txt"`
		Data       any    `json:"data"`
	}{Data: data}
	// Of a refusal the data is null or an empty list, and data is not used.
	err = json.Unmarshal(body, &envelope)
	if envelope.StatusCode != http.StatusOK && envelope.StatusTxt != "" {
		return refusal{envelope.StatusCode, envelope.StatusTxt}
	}
	if err != nil {
		return fmt.Errorf("ask %s: %w", method, err)
	}
	return nil
}

// body asks a method, and returns the answer as it is.
func (a asker) body(method string, q url.Values) ([]byte, error) {
	r, err := http.NewRequestWithContext(a.ctx, http.MethodGet, "/v3/"+method+"?"+q.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", method, err)
	}
	r.Host = a.host
	var w answer
	a.api.ServeAs(&w, r, a.user)
	return w.body.Bytes(), nil
}

// answer keeps an answer of the API.
type answer struct {
	header http.Header
	body   bytes.Buffer
}

func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) WriteHeader(int) {}

// point is the clicks of a unit of time.
type point struct {
	DT     int64  `json:"dt"`
	Clicks uint64 `json:"clicks"`
}

// array asks a method for a list, which key names in the data. It fails with a refusal.
func (a asker) array(method, key string, q url.Values) ([]*fastjson.Value, error) {
	body, err := a.body(method, q)
	if err != nil {
		return nil, err
	}
	return arrayOf(body, method, key)
}

// arrayOf reads the list from an answer.
func arrayOf(body []byte, method, key string) ([]*fastjson.Value, error) {
	var p fastjson.Parser
	v, err := p.ParseBytes(body)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", method, err)
	}
	if code, text := v.GetInt("status_code"), v.GetStringBytes("status_txt"); code != http.StatusOK && len(text) > 0 {
		return nil, refusal{code, string(text)}
	}
	list := v.Get("data", key)
	if list == nil || list.Type() != fastjson.TypeArray {
		return nil, fmt.Errorf("read %s of %s: it is no list", key, method)
	}
	return list.GetArray(), nil
}

// series asks for clicks over time, oldest first. key is the name of the list in the data.
func (a asker) series(method, key string, q url.Values) ([]point, error) {
	q = without(q)
	q.Set("rollup", "false")
	q.Set("limit", "all")
	body, err := a.body(method, q)
	if err != nil {
		return nil, err
	}
	list, ok := scanPoints(body, key)
	if !ok {
		entries, err := arrayOf(body, method, key)
		if err != nil {
			return nil, err
		}
		list = make([]point, len(entries))
		for i, e := range entries {
			list[i] = point{e.GetInt64("dt"), e.GetUint64("clicks")}
		}
	}
	slices.Reverse(list)
	return list, nil
}

// scanPoints reads the list from an answer that is written as the API writes it. Ten years have
// 87,600 hours, for which a parser of JSON takes longer than the counts. It is false for any
// other answer: a refusal, or one that is written in another way.
func scanPoints(body []byte, key string) (list []point, ok bool) {
	_, rest, ok := bytes.Cut(body, []byte(`"`+key+`": [`))
	if !ok {
		return nil, false
	}
	number := func(before string) (n uint64) {
		if rest, ok = bytes.CutPrefix(rest, []byte(before)); !ok {
			return 0
		}
		digits := 0
		for ; digits < len(rest) && digits < 20 && '0' <= rest[digits] && rest[digits] <= '9'; digits++ {
			n = 10*n + uint64(rest[digits]-'0')
		}
		rest, ok = rest[digits:], 0 < digits && digits < 20
		return n
	}
	list = make([]point, 0, len(rest)/len(`{"dt": 1300000000, "clicks": 1}, `))
	for !bytes.HasPrefix(rest, []byte("]")) {
		p := point{DT: int64(number(`{"dt": `))}
		if !ok {
			return nil, false
		}
		if p.Clicks = number(`, "clicks": `); !ok || !bytes.HasPrefix(rest, []byte("}")) {
			return nil, false
		}
		list = append(list, p)
		rest = bytes.TrimPrefix(rest[1:], []byte(", "))
	}
	return list, true
}

// total asks for one number of clicks.
func (a asker) total(method, key string, q url.Values) (n uint64, err error) {
	var data map[string]json.RawMessage
	if err := a.ask(method, q, &data); err != nil {
		return 0, err
	}
	if err := json.Unmarshal(data[key], &n); err != nil {
		return 0, fmt.Errorf("read %s of %s: %w", key, method, err)
	}
	return n, nil
}
