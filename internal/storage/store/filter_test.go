package store

import "testing"

func TestHostOf(t *testing.T) {
	for longURL, want := range map[string]string{
		"http://a.example/x":              "a.example",
		"HTTPS://A.Example:8080/x?y#z":    "a.example",
		"http://user:pass@a.example":      "a.example",
		"http://user@b@a.example?q=@c":    "a.example",
		"http://a.example?x":              "a.example",
		"http://a.example#x:1":            "a.example",
		`http://a.example\@evil.example/`: "a.example",
		"http://[2001:DB8::1]:80/":        "[2001:db8::1]",
		"http://[2001:db8::1]":            "[2001:db8::1]",
		"ftp://a.example:x/":              "",
		"http://A.example.:443/":          "a.example",
		"http://bücher.example/":          "xn--bcher-kva.example",
		"mailto:ann@a.example":            "",
		"":                                "",
		"http://":                         "",
	} {
		if got := hostOf(longURL); got != want {
			t.Errorf("the host of %q is %q, want %q", longURL, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	l := Link{LongURL: "http://www.Sub.Example.com/Path?Q=1", LinkDetails: LinkDetails{Title: "A Title", Note: "ÜBER"}}
	for _, c := range []struct {
		words Words
		want  bool
	}{
		{Words{}, true},
		{Words{Query: "PATH?q"}, true},
		{Words{Query: "a title"}, true},
		{Words{Query: "über"}, true},
		{Words{Query: "über", WithoutNotes: true}, false},
		{Words{Query: "title", WithoutNotes: true}, true},
		{Words{Query: "path", WithoutNotes: true}, true},
		{Words{RootDomain: "example.com", WithoutNotes: true}, true},
		{Words{WithoutNotes: true}, true},
		{Words{Query: "titleÜBER"}, false},
		{Words{ExactDomain: "WWW.sub.example.com"}, true},
		{Words{ExactDomain: "www.sub.example.com.:80"}, true},
		{Words{ExactDomain: "example.com"}, false},
		{Words{ExactDomain: "no host"}, false},
		{Words{RootDomain: "."}, false},
		{Words{RootDomain: "Example.COM"}, true},
		{Words{RootDomain: "sub.example.com"}, true},
		{Words{RootDomain: "www.sub.example.com"}, true},
		{Words{RootDomain: "ple.com"}, false},
		{Words{RootDomain: "com"}, true},
		{Words{RootDomain: "example.com", Query: "nope"}, false},
		{Words{RootDomain: "nope", Query: "path"}, false},
		{Words{RootDomain: "example.com", ExactDomain: "www.sub.example.com", Query: "path"}, true},
	} {
		if got := c.words.Pass(&l); got != c.want {
			t.Errorf("%+v passes the link: %t", c.words, got)
		}
	}
}
