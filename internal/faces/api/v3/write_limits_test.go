package v3_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestWriteLimits: the links that a user makes or changes, and the bytes of their
// texts, are limited per minute. Calls that change nothing are free, and questions work.
func TestWriteLimits(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	clock := func() time.Time { return l.at }
	links, texts := throttle.New(throttle.PerMinute(4), 4, clock), throttle.New(throttle.PerMinute(600), 600, clock)
	l.api.Limits = v3.Limits{Links: links, Texts: texts}
	expect := func(target, want, retry string) {
		t.Helper()
		h, got := l.ask(t.Context(), "a", target)
		if got != want || h.Get("Retry-After") != retry {
			t.Errorf("%.80s: %s, Retry-After %q; want %s, %q", target, got, h.Get("Retry-After"), want, retry)
		}
	}
	const again = "shorten?access_token=good&longUrl=http://new.example/1"
	expect(again, "OK", "")
	for range 9 {
		expect(again, "OK", "")
		expect("user/link_save?access_token=good&title=x&longUrl=http://new.example/1", "LINK_ALREADY_EXISTS", "")
		expect("user/link_edit?access_token=good&link=hidden&edit=note&note=x", "NOT_FOUND", "")
		expect("shorten?access_token=good&longUrl=http://google.com/", "OK", "")
	}
	expect("user/link_save?access_token=good&title=x&longUrl=http://new.example/2", "OK", "")
	expect("user/link_edit?access_token=good&link=ze6poY&edit=note&note=x", "OK", "")
	expect("user/info?access_token=good&full_name=Ann", "OK", "")
	for _, write := range []string{"shorten?longUrl=http://new.example/3", "user/link_save?longUrl=http://new.example/3", "user/link_edit?link=ze6poY&edit=note&note=y", "user/info?full_name=Bea"} {
		expect(write+"&access_token=good", "RATE_LIMIT_EXCEEDED", "15")
	}
	for _, read := range []string{again + "&a=b", "user/info?a=b", "user/clicks?unit=day", "user/link_history?a=b"} {
		expect(read+"&access_token=good", "OK", "")
	}
	expect("shorten?access_token=cat&longUrl=http://new.example/3", "OK", "") // another user
	l.at = l.at.Add(15 * time.Second)
	expect("shorten?access_token=good&longUrl=http://new.example/3", "OK", "")

	l.at = l.at.Add(time.Hour)
	long := func(i int) string { return fmt.Sprintf("http://long.example/%d/%s", i, strings.Repeat("x", 228)) }
	expect("user/link_save?access_token=good&longUrl="+long(1), "OK", "")                                            // 250 bytes
	expect("user/link_save?access_token=good&note="+strings.Repeat("n", 50)+"&longUrl="+long(2), "OK", "")           // 300
	expect("user/link_save?access_token=good&longUrl="+long(3), "RATE_LIMIT_EXCEEDED", "20")                         // 200 more
	expect("user/link_edit?access_token=good&link=ze6poY&edit=title&title="+strings.Repeat("t", 50), "OK", "")       // all that is left
	expect("user/link_edit?access_token=good&link=ze6poY&edit=title&title=t", "RATE_LIMIT_EXCEEDED", "1")            // of 100 ms
	expect("user/link_edit?access_token=good&link=ze6poY&edit=archived&archived=false", "OK", "")                    // no byte
	expect("user/link_edit?access_token=good&link=ze6poY&edit=archived&archived=false", "RATE_LIMIT_EXCEEDED", "15") // the fifth
	l.at = l.at.Add(20 * time.Second)
	expect("user/link_save?access_token=good&longUrl="+long(3), "RATE_LIMIT_EXCEEDED", "5")
	l.at = l.at.Add(time.Hour)
	// A text with more bytes than a minute allows takes all of them.
	expect("user/link_save?access_token=good&note="+strings.Repeat("n", 4000)+"&longUrl="+long(4), "OK", "")
	expect("user/link_edit?access_token=good&link=ze6poY&edit=note&note=z", "RATE_LIMIT_EXCEEDED", "1")
}

// TestFullDisk: while the disk is full, a call that would write is refused, and others are
// answered. The refused calls are not logged: the full disk is, by the data directory.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	api, log := newAPI(t), new(logtest.Log)
	api.Full, api.Log = func() bool { return true }, log.Logger()
	for _, write := range []string{
		"shorten?longUrl=http://new.example/", "user/link_save?longUrl=http://new.example/", "user/link_edit?link=ze6poY&edit=note&note=x", "user/info?full_name=Ann",
	} {
		if text, retry := answerTo(t, api, write+"&access_token=good"); text != "TEMPORARILY_UNAVAILABLE" || retry != "60" {
			t.Errorf("%s with a full disk: %s, Retry-After %q; want TEMPORARILY_UNAVAILABLE, 60", write, text, retry)
		}
	}
	for _, read := range []string{"shorten?longUrl=http://google.com/", "user/info?a=b", "user/clicks?unit=day"} {
		if text, retry := answerTo(t, api, read+"&access_token=good"); text != "OK" || retry != "" {
			t.Errorf("%s with a full disk: %s, Retry-After %q; want OK", read, text, retry)
		}
	}
	api.Close()
	if log.String() != "" {
		t.Errorf("the refused calls were logged: %s", log)
	}
}
