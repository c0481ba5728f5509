//go:build clients

package clients_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var transcript = flag.String("transcript", "", "a file for one short session of each client")

// dialect is a client, and describes how to use it.
type dialect struct {
	*driver
	name string
	// identify returns the credentials of a user.
	identify func(login string) identity
	// translate returns the function and the arguments that ask the question, or an
	// empty name if the client cannot ask it. It may change the identity.
	translate func(q question, as *identity) (function string, args []any)
	// show is what the client returns for an envelope: a result or an error.
	show func(envelope object) (any, *clientError)
	// read returns the envelope's data from a result.
	read func(result json.RawMessage) any
	// served are the functions for methods that footfall has. All others must get
	// NOT_FOUND, except the special ones, which are more or less than one call of a method.
	served  func() []string
	special []string
	// own tests what only this client does.
	own func(*testing.T, *dialect, *asker)

	session map[string]bool // functions in the transcript
}

// ask asks a question and compares the answer with the oracle's.
func (c *dialect) ask(t *testing.T, q question) {
	t.Helper()
	as := c.identify(q.login)
	c.askAs(t, as, q)
}

func (c *dialect) askAs(t *testing.T, as identity, q question) {
	t.Helper()
	function, args := c.translate(q, &as)
	if function == "" {
		return
	}
	c.compare(t, as, function, args, func(now int64) (any, *clientError) { return c.show(q.want(now)) })
}

// compare calls a function, and compares its result with want. The answer depends on the
// time, and a minute may end during the call, so the result may be that of the time before
// the call or after it.
func (c *dialect) compare(t *testing.T, as identity, function string, args []any, want func(now int64) (any, *clientError)) {
	t.Helper()
	before := time.Now().Unix()
	raw, failed := c.call(as, function, args...)
	after := time.Now().Unix()
	c.note(function, args, raw, failed)
	var got any
	if failed == nil {
		got = normal(raw)
	}
	wanted, wantFailed := want(before)
	if reflect.DeepEqual(got, normal(wanted)) && sameError(failed, wantFailed) {
		return
	}
	wanted, wantFailed = want(after)
	if reflect.DeepEqual(got, normal(wanted)) && sameError(failed, wantFailed) {
		return
	}
	t.Fatalf("%s: %s(%s) as %+v\n  got %s\nerror %s\n want %s\nerror %s", c.name, function, text(args), as,
		text(got), text(failed), text(normal(wanted)), text(wantFailed))
}

// data asks, and returns the data of the answer. It fails if there are none.
func (c *dialect) data(t *testing.T, method, login string, p params) map[string]any {
	t.Helper()
	as := c.identify(login)
	function, args := c.translate(question{method: method, login: login, params: p}, &as)
	raw, failed := c.call(as, function, args...)
	c.note(function, args, raw, failed)
	if failed != nil {
		t.Fatalf("%s: %s(%s) failed: %+v", c.name, function, text(args), failed)
	}
	data, ok := c.read(raw).(map[string]any)
	if !ok {
		t.Fatalf("%s: the answer to %s(%s) has no data: %s", c.name, function, text(args), raw)
	}
	return data
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	if len(b) > 3000 {
		b = append(b[:3000:3000], "…"...)
	}
	return string(b)
}

func sameError(a, b *clientError) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Message == b.Message && a.StatusCode == b.StatusCode && reflect.DeepEqual(normal(a.Data), normal(b.Data))
}

// normal returns v as plain does, but with a placeholder for each apiKey, and with links
// of the same second in one order.
func normal(v any) any { return tidy(plain(v)) }

// plain returns v as decoded JSON. It also decodes a string with JSON, because some
// clients return the body of an answer as it came.
func plain(v any) any {
	raw, isRaw := v.(json.RawMessage)
	if !isRaw {
		var err error
		if raw, err = json.Marshal(v); err != nil {
			panic(err)
		}
	}
	if len(raw) == 0 {
		return nil
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(fmt.Sprintf("%v: %s", err, raw))
	}
	var body any
	if s, ok := out.(string); ok && json.Unmarshal([]byte(s), &body) == nil {
		return body
	}
	return out
}

func tidy(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = tidy(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = tidy(v[key])
		}
		if key, ok := v["apiKey"].(string); ok && strings.HasPrefix(key, "R_") && len(key) > 3 {
			v["apiKey"] = apiKey
		}
		if history, ok := v["link_history"].([]any); ok {
			slices.SortStableFunc(history, func(a, b any) int {
				x, y := a.(map[string]any), b.(map[string]any)
				if x["user_ts"] != y["user_ts"] {
					return 0
				}
				return strings.Compare(fmt.Sprint(x["link"]), fmt.Sprint(y["link"]))
			})
		}
	}
	return v
}

// note writes the first call of each function to the transcript.
func (c *dialect) note(function string, args []any, raw json.RawMessage, failed *clientError) {
	if *transcript == "" || c.session[function] && failed == nil || len(c.session) > 24 {
		return
	}
	if c.session == nil {
		c.session = map[string]bool{}
	}
	answer, key := string(raw), function
	if failed != nil {
		answer, key = "error "+text(failed), function+" "+failed.Message
	}
	if c.session[key] {
		return
	}
	c.session[key] = true
	f, err := os.OpenFile(*transcript, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "%s> %s(%s)\n%s\n\n", c.name, function, strings.Trim(text(args), "[]"), cut(answer, 400))
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + " …"
}

// clone copies parameters.
func clone(p params) params { return maps.Clone(p) }
