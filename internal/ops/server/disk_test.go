package server

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTheDiskFillsUp: the alarm comes before the disk is full. Then users make no
// links, and visitors are sent on and counted all the same.
func TestTheDiskFillsUp(t *testing.T) {
	t.Parallel()
	app, log := openIn(t, t.TempDir())
	defer func() {
		if err := app.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	token, err := app.AddToken(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	site, err := app.Handler(Site{})
	if err != nil {
		t.Fatal(err)
	}
	get := func(target string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "http://sho.rt"+target, nil))
		return w
	}
	short := strings.TrimSpace(get("/v3/shorten?format=txt&longUrl=http://visited.example/&access_token=" + token).Body.String())
	_, name, _ := strings.Cut(strings.TrimPrefix(short, "http://"), "/")
	made := 0
	for i, step := range []struct {
		free   uint64
		err    error
		level  int
		logged string
	}{
		{free: 5e9},
		{free: 1e9},
		{free: 1e9 - 1, level: diskLow, logged: "the disk is filling up"},
		{free: 1e9, level: diskLow},
		{free: 5e8, level: diskLow},
		{free: 5e8 - 1, level: diskFull, logged: "the disk is almost full"},
		{free: 1, level: diskFull},
		{err: errors.New("no answer"), level: diskFull, logged: "the room on the disk cannot be told"},
		{err: errors.New("no answer"), level: diskFull}, // once a minute
		{free: 54e7, level: diskFull},
		{free: 55e7, level: diskLow, logged: "there is room on the disk for links again"},
		{free: 11e8, logged: "there is room on the disk again"},
		{free: 1, level: diskFull, logged: "the disk is almost full"},
		{free: 5e9, logged: "there is room on the disk again"},
	} {
		app.disk.statfs = func() (free, total uint64, err error) { return step.free, 100e9, step.err }
		log.Reset()
		app.disk.look()
		if step.logged == "" && log.Len() > 0 || strings.Count(log.String(), "\n") > 1 || !strings.Contains(log.String(), step.logged) {
			t.Errorf("step %d: the log has %q, want %q", i, log, step.logged)
		}
		want := `"status_txt": "OK"`
		if step.level == diskFull {
			want = `"status_txt": "TEMPORARILY_UNAVAILABLE"`
		}
		for _, write := range []string{
			"shorten?longUrl=http://a.example/" + string(rune('a'+i)), "user/link_save?longUrl=http://b.example/" + string(rune('a'+i)),
			"user/link_edit?edit=note&note=x&link=" + name, "user/info?full_name=Ann",
		} {
			body := get("/v3/" + write + "&access_token=" + token).Body.String()
			if !strings.Contains(body, want) {
				t.Errorf("step %d: %s: %s", i, write, body)
			}
		}
		for _, read := range []string{"user/info?a=b", "shorten?longUrl=http://visited.example/", "user/link_history?a=b", "user/clicks?unit=day"} {
			body := get("/v3/" + read + "&access_token=" + token).Body.String()
			if !strings.Contains(body, `"status_txt": "OK"`) {
				t.Errorf("step %d: %s, for which no room is needed: %s", i, read, body)
			}
		}
		if w := get("/" + name); w.Code != 301 {
			t.Errorf("step %d: a visitor got %d", i, w.Code)
		} else {
			made++
		}
		state, err := app.state()
		if err != nil || state.DiskLow != step.level || step.err == nil && state.DiskFree != step.free {
			t.Errorf("step %d: the state is %d with %d bytes, %v", i, state.DiskLow, state.DiskFree, err)
		}
		if w := get("/healthz"); w.Code != 200 {
			t.Errorf("step %d: health is %d", i, w.Code)
		}
	}
	if err := app.recorder.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if state, err := app.state(); err != nil || int(state.Counted) != made {
		t.Errorf("%d of %d clicks are counted, %v", state.Counted, made, err)
	}
}

// TestTheReserve is a gigabyte, a twentieth of a small disk, or what it is told
// to be.
func TestTheReserve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total   uint64
		reserve int64
		want    uint64
	}{{1e12, 0, 1e9}, {10e9, 0, 5e8}, {1e12, 3e9, 3e9}} {
		d := newDisk(t.TempDir(), c.reserve, slog.New(slog.NewTextHandler(new(bytes.Buffer), nil)))
		if _, _, err := d.statfs(); err != nil {
			t.Fatal(err)
		}
		for _, free := range []uint64{c.want, c.want - 1} {
			d.statfs = func() (uint64, uint64, error) { return free, c.total, nil }
			d.look()
			if low := d.level.Load() == diskLow; low != (free < c.want) {
				t.Errorf("of %d bytes with a reserve of %d there are %d: low is %t", c.total, c.reserve, free, low)
			}
		}
	}
}
