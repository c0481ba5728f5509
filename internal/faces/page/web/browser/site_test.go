package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const password = "a good password"

// program builds footfall once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("footfall-browser-%d", os.Getpid()))
	cmd := exec.Command("go", "build", "-o", path, "./cmd/footfall")
	cmd.Dir, cmd.Env = "../../../../..", append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build footfall: %w\n%s", err, out)
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		os.Remove(path)
	}
	os.Exit(code)
}

// site is a footfall that serves the demo's clicks to the user nasatwitter.
type site struct {
	t           *testing.T
	dir, listen string
	url         string
	server      *exec.Cmd
	token       string
}

// serve starts footfall in a new directory, with the clicks of the demo.
func serve(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "data"), listen: "127.0.0.1:0"}
	s.start("--demo")
	t.Cleanup(s.stop)
	s.token = strings.TrimSpace(s.run("", "user", "token", "nasatwitter", "--data", s.dir))
	s.run(password+"\n", "user", "password", "nasatwitter", "--data", s.dir)
	return s
}

func (s *site) start(options ...string) {
	s.t.Helper()
	path, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	s.server = exec.Command(path, append([]string{"serve", "--data", s.dir, "--listen", s.listen}, options...)...)
	log, err := s.server.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.server.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines, ready := bufio.NewScanner(log), regexp.MustCompile(`msg=ready url=(http://(\S+))`)
	var seen []string
	for lines.Scan() {
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			s.url, s.listen = m[1], m[2]
			go io.Copy(io.Discard, log)
			return
		}
		seen = append(seen, lines.Text())
	}
	s.t.Fatalf("footfall is not ready:\n%s", strings.Join(seen, "\n"))
}

func (s *site) stop() {
	if s.server.ProcessState == nil {
		_ = s.server.Process.Signal(syscall.SIGTERM)
		_ = s.server.Wait()
	}
}

// run runs a command, and returns what it prints on standard output.
func (s *site) run(input string, args ...string) string {
	s.t.Helper()
	out, _ := s.ran(input, args...)
	return out
}

// ran runs a command, and returns what it prints on standard output and standard error.
func (s *site) ran(input string, args ...string) (out, errs string) {
	s.t.Helper()
	path, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	var o, e bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &o, &e
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("footfall %s: %v\n%s", strings.Join(args, " "), err, e.String())
	}
	return o.String(), e.String()
}

// api is the data of an answer of the API.
func (s *site) api(method, query string, data any) {
	s.t.Helper()
	res, err := http.Get(s.url + "/v3/" + method + "?access_token=" + s.token + "&" + query)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	envelope := struct {
		Text string `json:"status_txt"`
		Data any    `json:"data"`
	}{Data: data}
	if err := json.NewDecoder(res.Body).Decode(&envelope); err != nil || envelope.Text != "OK" {
		s.t.Fatalf("%s?%s is answered %s (%v)", method, query, envelope.Text, err)
	}
}

// total is the clicks of a window.
func (s *site) total(query string) int {
	s.t.Helper()
	var data struct {
		Clicks int `json:"user_clicks"`
	}
	s.api("user/clicks", query, &data)
	return data.Clicks
}

// click visits a link as a person does, and returns where it leads.
func (s *site) click(path string) string {
	s.t.Helper()
	r, err := http.NewRequest("GET", s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	return res.Header.Get("Location")
}

// tab is a tab of a browser of its own.
type tab struct {
	*site
	ctx context.Context
}

// open opens a browser. Errors of scripts fail the test.
func (s *site) open() tab {
	s.t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	s.t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	s.t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 9*time.Minute)
	s.t.Cleanup(cancel)
	b := tab{s, ctx}
	b.do(chromedp.EmulateViewport(1280, 900))
	err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok && e.ExceptionDetails.Exception != nil {
			s.t.Errorf("a script failed: %s", e.ExceptionDetails.Exception.Description)
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// eval is the value of a script.
func eval[T any](b tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// patience is how long until waits: far longer than the slowest step of a busy machine, and short
// enough that a test which is broken says what it saw before the time of all is over.
const patience = time.Minute

// until asks again until a script is true. A page that is being left has no answer.
func (b tab) until(what, script string) {
	b.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	tired := time.After(patience)
	for {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("("+script+") === true"))
		if ok && err == nil {
			return
		}
		select {
		case <-again.C:
		case <-b.ctx.Done():
			b.t.Fatalf("waiting until %s: %v", what, err)
		case <-tired:
			b.t.Fatalf("waited %v until %s (%v), and %s shows:\n%.2000s", patience, what, err, eval[string](b, `location.href`), eval[string](b, `document.body.innerText`))
		}
	}
}

// withoutScripts opens pages without their scripts from now on.
func (b tab) withoutScripts() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		b.t.Fatal(err)
	}
}

// text is what an element shows.
func (b tab) text(selector string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Text(selector))
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// signIn signs in by the form.
func (b tab) signIn() {
	b.t.Helper()
	b.do(chromedp.Navigate(b.url+"/-/"),
		chromedp.SendKeys(`#login`, "nasatwitter"), chromedp.SendKeys(`#password`, password), chromedp.Submit(`form`))
	b.until("the overview is there", `document.querySelector(".total") !== null`)
}

// visit opens a page of the site.
func (b tab) visit(path string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(b.url+path)); err != nil {
		b.t.Fatalf("opening %s: %v", path, err)
	}
	b.until("the page is drawn", `document.querySelector("main h1") !== null`)
}

// clicks is the headline.
func (b tab) clicks() int {
	b.t.Helper()
	return eval[int](b, `Number(document.querySelector(".total").textContent.replace(/\D/g, ""))`)
}

// press clicks the first element with a selector whose text or label is the given one.
func (b tab) press(selector, text string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find((e) => e.textContent.trim() === %q || e.getAttribute("aria-label") === %q || e.title === %q)`, selector, text, text, text)
	b.until("there is "+text, find+` !== undefined`)
	eval[bool](b, find+`.click() || true`)
}

// theme sets what the system prefers. Motion is reduced, so that colours change at once.
func (b tab) theme(name string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// fill replaces the text of a field, as typing does.
func (b tab) fill(selector, text string) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`((e) => { e.focus(); e.value = %q; return e.dispatchEvent(new Event("input", { bubbles: true })); })(document.querySelector(%q))`, text, selector))
}
