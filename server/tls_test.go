package server

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/server/certtest"
)

func TestCertificateIsReadAgain(t *testing.T) {
	ca, dir := certtest.New(t), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	start := time.Now()
	now, later := start, start.Add(24*time.Hour)
	var log bytes.Buffer
	ca.Write(t, certFile, keyFile, later, "first")
	c, err := openCertificate(certFile, keyFile, func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	changes := 0
	touch := func(names ...string) { // each change at a time of its own, as coarse as clocks of files are
		changes++
		for _, name := range names {
			at := start.Add(time.Duration(changes) * time.Minute)
			if err := os.Chtimes(name, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	garbage := func(name, content string) func() {
		return func() {
			if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			touch(name)
		}
	}
	for _, step := range []struct {
		name   string
		change func()
		after  time.Duration // until the next handshake
		want   string
		told   string // what the log says of it, and nothing else
	}{
		{"nothing changed", func() {}, certificateEvery, "first", ""},
		{"changed, within a second", func() { ca.Write(t, certFile, keyFile, later, "second"); touch(certFile, keyFile) }, certificateEvery - 1, "first", ""},
		{"changed, after a second", func() {}, 1, "second", "read again"},
		{"garbage", garbage(certFile, "garbage"), certificateEvery, "second", "cannot be used"},
		{"the same garbage", func() {}, certificateEvery, "second", ""},
		{"empty", garbage(keyFile, ""), certificateEvery, "second", "cannot be used"},
		{"another pair", func() { ca.Write(t, certFile, keyFile, later, "third"); touch(certFile, keyFile) }, certificateEvery, "third", "read again"},
		{"a certificate without its key", func() {
			ca.Write(t, certFile, filepath.Join(dir, "other.pem"), later, "fourth")
			touch(certFile)
		}, certificateEvery, "third", "cannot be used"},
		{"its key follows", func() {
			if err := os.Rename(filepath.Join(dir, "other.pem"), keyFile); err != nil {
				t.Fatal(err)
			}
			touch(keyFile)
		}, certificateEvery, "fourth", "read again"},
		{"a file is gone", func() {
			if err := os.Rename(keyFile, keyFile+".gone"); err != nil {
				t.Fatal(err)
			}
		}, certificateEvery, "fourth", "cannot be used"},
		{"still gone", func() {}, certificateEvery, "fourth", ""},
		{"back", func() {
			if err := os.Rename(keyFile+".gone", keyFile); err != nil {
				t.Fatal(err)
			}
		}, certificateEvery, "fourth", "read again"},
		{"the clock was set back", func() { ca.Write(t, certFile, keyFile, later, "fifth"); touch(certFile, keyFile) }, -time.Hour, "fifth", "read again"},
	} {
		step.change()
		now = now.Add(step.after)
		log.Reset()
		got, err := c.get(nil)
		if err != nil || got.Leaf.Subject.CommonName != step.want {
			t.Errorf("%s: the certificate is %v, %v; want %s", step.name, got.Leaf.Subject, err, step.want)
		}
		if told := log.String(); (told == "") != (step.told == "") || !strings.Contains(told, step.told) {
			t.Errorf("%s: the log says %q, want %q", step.name, told, step.told)
		}
	}
}

func TestCertificateThatCannotBe(t *testing.T) {
	ca, dir := certtest.New(t), t.TempDir()
	certFile, keyFile, otherKey := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "other.pem")
	ca.Write(t, filepath.Join(dir, "unused.pem"), otherKey, time.Now().Add(time.Hour), "other")
	ca.Write(t, certFile, keyFile, time.Now().Add(time.Hour), "host")
	for _, c := range []struct{ cert, key, want string }{
		{certFile + "x", keyFile, "--tls-cert"},
		{certFile, keyFile + "x", "--tls-key"},
		{certFile, otherKey, "not a certificate and its key"},
		{keyFile, certFile, "not a certificate and its key"},
		{certFile, dir, "--tls-key"},
	} {
		_, err := openCertificate(c.cert, c.key, time.Now, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s and %s gave %v, want a sentence with %q", c.cert, c.key, err, c.want)
		}
	}
	var log bytes.Buffer
	ca.Write(t, certFile, keyFile, time.Now().Add(-time.Minute), "host")
	if _, err := openCertificate(certFile, keyFile, time.Now, slog.New(slog.NewTextHandler(&log, nil))); err != nil || !strings.Contains(log.String(), "expired") {
		t.Errorf("an expired certificate gave %v and the log %q", err, log.String())
	}
}
