package main

import (
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestVisitors sends visitors of every kind. Each must count for the right country, or
// not at all.
func TestVisitors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := addUser(t, dir, "ann")
	server := serve(t, "--data", dir, "--trusted-proxies", "127.0.0.1", "--trusted-proxies", "10.0.0.0/8")
	short := shorten(t, server, token, "https://example.org/a?b=c")
	if again := shorten(t, server, token, "https://example.org/a?b=c"); again != short {
		t.Errorf("shortening the same URL twice gave %s and %s", short, again)
	}
	added := run(t, "link", "add", "ann", "https://example.org/a?b=c", "--data", dir)
	if strings.TrimSpace(added) != short {
		t.Errorf("link add prints %q, want %s", added, short)
	}

	count := 0
	want := map[string]int{}
	for _, v := range []struct {
		country string // the country that the visit counts for; - if it does not count
		method  string
		headers []string
	}{
		{"None", "GET", nil}, // from this machine
		{"US", "GET", []string{"X-Forwarded-For: 8.8.8.8"}},
		{"AU", "GET", []string{"X-Forwarded-For: 1.1.1.1"}},
		{"NL", "GET", []string{"X-Forwarded-For: 193.0.6.139"}},
		{"BR", "GET", []string{"X-Forwarded-For: 8.8.8.8, 200.160.2.3"}},              // addresses to the left of it are not trusted
		{"ZA", "GET", []string{"X-Forwarded-For: 41.0.0.1, 10.1.2.3"}},                // through two proxies
		{"AU", "GET", []string{"X-Forwarded-For: 1.1.1.1", "Forwarded: for=8.8.8.8"}}, // which the proxy did not remove
		{"DE", "GET", []string{"X-Forwarded-For: 2a00:1450:4001:81b::200e", "Referer: https://t.co/x?secret"}},
		{"None", "GET", []string{"X-Forwarded-For: rubbish", "User-Agent: curl/8.0"}},
		{"-", "HEAD", nil},
		{"-", "GET", []string{"Sec-Purpose: prefetch;prerender"}},
		{"-", "GET", []string{"X-Moz: prefetch"}},
		{"-", "GET", []string{"User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}},
		{"-", "GET", []string{"User-Agent: "}},
	} {
		answer, _ := ask(t, plain, v.method, short, v.headers...)
		if answer.StatusCode != http.StatusMovedPermanently || answer.Header.Get("Location") != "https://example.org/a?b=c" {
			t.Errorf("%s %v: %d to %s", v.method, v.headers, answer.StatusCode, answer.Header.Get("Location"))
		}
		if v.country != "-" {
			want[v.country]++
			count++
		}
	}
	if got := countries(t, server, token, count); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("clicks by country are %v, want %v", got, want)
	}
}

// TestUntrustedProxy: the headers of a peer that is not trusted are ignored.
func TestUntrustedProxy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := addUser(t, dir, "ann")
	server := serve(t, "--data", dir)
	visit(t, shorten(t, server, token, "https://example.org/"), "X-Forwarded-For: 8.8.8.8", "Forwarded: for=8.8.8.8")
	if got := countries(t, server, token, 1); fmt.Sprint(got) != "map[None:1]" {
		t.Errorf("clicks by country are %v, want one for None", got)
	}
}

// TestProxyHeader: only the header that --proxy-header names is used.
func TestProxyHeader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := addUser(t, dir, "ann")
	server := serve(t, "--data", dir, "--trusted-proxies", "127.0.0.1", "--proxy-header", "Forwarded")
	short := shorten(t, server, token, "https://example.org/")
	visit(t, short, `Forwarded: for="[2001:4860:4860::8888]";proto=https`, "X-Forwarded-For: 1.1.1.1")
	visit(t, short, "X-Forwarded-For: 1.1.1.1")
	if got := countries(t, server, token, 2); fmt.Sprint(got) != "map[None:1 US:1]" {
		t.Errorf("clicks by country are %v", got)
	}
}

// TestProxyHeaderOfOneAddress: some proxies write a header of their own, which has one
// address.
func TestProxyHeaderOfOneAddress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := addUser(t, dir, "ann")
	server := serve(t, "--data", dir, "--trusted-proxies", "127.0.0.1", "--proxy-header", "CF-Connecting-IP")
	short := shorten(t, server, token, "https://example.org/")
	visit(t, short, "CF-Connecting-IP: 2001:4860:4860::8888", "X-Forwarded-For: 1.1.1.1")
	visit(t, short, "X-Forwarded-For: 1.1.1.1")
	if got := countries(t, server, token, 2); fmt.Sprint(got) != "map[None:1 US:1]" {
		t.Errorf("clicks by country are %v, want one of the United States and one without", got)
	}
}

// TestKilledServer kills the server with -9 under load, again and again, on one data
// directory. No click may be lost whose visitor was answered, and no click may be counted
// that was not sent.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := addUser(t, dir, "ann")
	hash := path.Base(strings.TrimSpace(run(t, "link", "add", "ann", "https://example.org/", "--data", dir)))
	rng := seedtest.Rand(t)
	var v visitors
	reported, kills := uint64(0), seedtest.Rounds(t, 3)
	for i := range kills {
		server := serve(t, "--data", dir)
		end := v.begin(server, hash, nil)
		<-time.After(time.Duration(rng.IntN(500)) * time.Millisecond) // the moment of the kill is random
		if i == kills-1 {
			v.await(t, 1) // on a slow machine none may be answered yet
		}
		server.Kill()
		end()
		reported += harness.NotDurable(server.Log.String()) // when the disk was too slow
		checkAgrees(t, dir)                                 // after all of the journal is counted
	}
	counted := clicks(t, serve(t, "--data", dir), token)
	sent, answered := v.sent.Load(), v.answered.Load()
	t.Logf("%d kills: %d sent, %d counted, %d answered, %d reported", kills, sent, counted, answered, reported)
	if counted+reported < answered || counted > sent {
		t.Errorf("%d clicks are counted; %d were answered and %d sent", counted, answered, sent)
	}
}
