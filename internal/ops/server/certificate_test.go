package server

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/footfall/footfall/internal/testkit/certtest"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

func TestCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	ca, dir := certtest.New(t), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	start := time.Now()
	later := start.Add(24 * time.Hour)
	var log logtest.Log
	ca.Write(t, certFile, keyFile, later, "first")
	c, err := openCertificate(certFile, keyFile, time.Now, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	changes := 0
	touch := func(names ...string) { // gives each change another time, because clocks of files are coarse
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
	remove := func(name string) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	pipe := func(name string) {
		remove(name)
		if err := unix.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name   string
		change func()
		want   string
		logged string // part of the only line of the log; empty for none
	}{
		{"nothing changed", func() {}, "first", ""},
		{"changed", func() { ca.Write(t, certFile, keyFile, later, "second"); touch(certFile, keyFile) }, "second", "read again"},
		{"garbage", garbage(certFile, "garbage"), "second", "cannot be used"},
		{"the same garbage", func() {}, "second", ""},
		{"empty", garbage(keyFile, ""), "second", "cannot be used"},
		{"another pair", func() { ca.Write(t, certFile, keyFile, later, "third"); touch(certFile, keyFile) }, "third", "read again"},
		{"a certificate without its key", func() {
			ca.Write(t, certFile, filepath.Join(dir, "other.pem"), later, "fourth")
			touch(certFile)
		}, "third", "cannot be used"},
		{"its key follows", func() {
			if err := os.Rename(filepath.Join(dir, "other.pem"), keyFile); err != nil {
				t.Fatal(err)
			}
			touch(keyFile)
		}, "fourth", "read again"},
		{"a file is gone", func() {
			if err := os.Rename(keyFile, keyFile+".gone"); err != nil {
				t.Fatal(err)
			}
		}, "fourth", "cannot be used"},
		{"still gone", func() {}, "fourth", ""},
		{"back", func() {
			if err := os.Rename(keyFile+".gone", keyFile); err != nil {
				t.Fatal(err)
			}
		}, "fourth", "read again"},
		{"a pipe that no process writes", func() { pipe(certFile) }, "fourth", "cannot be used"},
		{"still a pipe", func() {}, "fourth", ""},
		{"a file again", func() {
			remove(certFile)
			ca.Write(t, certFile, keyFile, later, "fifth")
			touch(certFile, keyFile)
		}, "fifth", "read again"},
		{"a key without end", func() {
			remove(keyFile)
			if err := os.Symlink("/dev/zero", keyFile); err != nil {
				t.Fatal(err)
			}
		}, "fifth", "cannot be used"},
	} {
		step.change()
		log.Reset()
		c.files.Look(c.report())
		got, err := c.get(nil)
		if err != nil || got.Leaf.Subject.CommonName != step.want {
			t.Errorf("%s: the certificate is %v, %v; want %s", step.name, got.Leaf.Subject, err, step.want)
		}
		if logged := log.String(); (logged == "") != (step.logged == "") || !strings.Contains(logged, step.logged) {
			t.Errorf("%s: the log is %q, want %q", step.name, logged, step.logged)
		}
	}
}

func TestInvalidCertificate(t *testing.T) {
	t.Parallel()
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
			t.Errorf("opening %s and %s returned %v, want %q", c.cert, c.key, err, c.want)
		}
	}
	var log logtest.Log
	ca.Write(t, certFile, keyFile, time.Now().Add(-time.Minute), "host")
	if _, err := openCertificate(certFile, keyFile, time.Now, log.Logger()); err != nil || !strings.Contains(log.String(), "expired") {
		t.Errorf("opening an expired certificate returned %v and logged %q, want a warning", err, log.String())
	}
}
