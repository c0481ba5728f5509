package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

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

// series asks for clicks over time, oldest first. key is the name of the list in the data. Ten
// years have 87,600 hours, which encoding/json would read in a tenth of a second.
func (a asker) series(method, key string, q url.Values) ([]point, error) {
	q = without(q)
	q.Set("rollup", "false")
	q.Set("limit", "all")
	body, err := a.body(method, q)
	if err != nil {
		return nil, err
	}
	var p fastjson.Parser
	v, err := p.ParseBytes(body)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", method, err)
	}
	if code, text := v.GetInt("status_code"), v.GetStringBytes("status_txt"); code != http.StatusOK && len(text) > 0 {
		return nil, refusal{code, string(text)}
	}
	entries := v.GetArray("data", key)
	if v := v.Get("data", key); v == nil || v.Type() != fastjson.TypeArray {
		return nil, fmt.Errorf("read %s of %s: it is no list", key, method)
	}
	list := make([]point, len(entries))
	for i, e := range entries {
		list[len(list)-1-i] = point{e.GetInt64("dt"), e.GetUint64("clicks")}
	}
	return list, nil
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
