package browser

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "make the pictures of docs in this folder")

// TestPictures makes the pictures of docs, if -pictures names a folder. It always looks whether
// the pages are as wide as the window: nothing has to be scrolled sideways.
func TestPictures(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := s.open()
	b.signIn()
	overview := "/-/?unit=day&units=30&timezone=America%2FNew_York"
	b.visit(overview)
	link := eval[string](b, `document.querySelector(".p-links tbody a").getAttribute("href")`)
	for _, p := range []struct {
		name, path, theme string
		width, height     int64
	}{
		{"overview", overview, "light", 1280, 1000}, {"overview-dark", overview, "dark", 1280, 1000}, {"overview-phone", overview, "light", 390, 844},
		{"links", "/-/links", "light", 1280, 800}, {"links-phone", "/-/links", "dark", 390, 844},
		{"link", link, "light", 1280, 800}, {"account", "/-/account", "light", 1280, 800}, {"account-phone", "/-/account", "light", 390, 844},
		{"health", "/-/admin/health", "light", 1280, 900}, {"users", "/-/admin/users", "dark", 1280, 800}, {"users-phone", "/-/admin/users", "light", 390, 844},
	} {
		b.theme(p.theme)
		b.do(chromedp.EmulateViewport(p.width, p.height))
		b.visit(p.path)
		b.until("the map is drawn", `document.querySelector(".world") === null || document.querySelectorAll(".world path").length > 100`)
		if wide := eval[int64](b, `document.documentElement.scrollWidth`); wide > p.width {
			t.Errorf("%s is %d wide in a window of %d", p.name, wide, p.width)
		}
		if *pictures == "" {
			continue
		}
		png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join(*pictures, p.name+".png"), png, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
