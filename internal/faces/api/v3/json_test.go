package v3_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"

	v3 "github.com/footfall/footfall/internal/faces/api/v3"
)

// TestBlanks: there is one blank after each colon and comma outside strings.
func TestBlanks(t *testing.T) {
	t.Parallel()
	for compact, want := range map[string]string{
		`{"a":1,"b":[],"c":{},"d":[1,null]}`: `{"a": 1, "b": [], "c": {}, "d": [1, null]}`,
		`{"a,b:c":"d,e:f","g":""}`:           `{"a,b:c": "d,e:f", "g": ""}`,
		`["\"",":","\\",","]`:                `["\"", ":", "\\", ","]`,
		`["\\\",:","ü,:"]`:                   `["\\\",:", "ü,:"]`,
		`cb({"a":1})`:                        `cb({"a": 1})`,
		``:                                   ``,
	} {
		if got := string(v3.Spaced([]byte(compact))); got != want {
			t.Errorf("%s is %s, want %s", compact, got, want)
		}
	}
}

// FuzzBlanks: blanks do not change the value.
func FuzzBlanks(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":[",:","\\"]}`, `"\u0022,"`, `[[],{"":"\\\""}]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var compact, again bytes.Buffer
		if json.Compact(&compact, []byte(s)) != nil {
			return
		}
		spaced := v3.Spaced(compact.Bytes())
		if err := json.Compact(&again, spaced); err != nil || again.String() != compact.String() {
			t.Fatalf("%s became %s, which is %s, %v", compact.String(), spaced, again.String(), err)
		}
	})
}

// TestCutWithSed: scripts from the time of v3 parse answers with patterns.
func TestCutWithSed(t *testing.T) {
	t.Parallel()
	w, _ := ask(t, newAPI(t), "shorten", "access_token=good&longUrl=http://google.com/")
	if m := regexp.MustCompile(`.*"url": "([^"]*)".*`).FindStringSubmatch(w.Body.String()); m == nil || m[1] != "http://sho.rt/ze6poY" {
		t.Errorf("%s is parsed as %q", w.Body, m)
	}
}
