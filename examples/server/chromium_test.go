package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// A chromium is a real browser. Whatever it complains of on its console fails the test.
type chromium struct {
	t     *testing.T
	ctx   context.Context
	shots string // where screenshots go; "" = nobody asks for them, by -artifacts

	mu    sync.Mutex
	wrong []string
}

// newChromium starts the browser of this machine.
func newChromium(t *testing.T) *chromium {
	t.Helper()
	file := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			file = found
			break
		}
	}
	if file == "" {
		t.Skip("there is no Chromium here; it is there where the whole suite runs")
	}
	b := &chromium{t: t}
	if wanted := flag.Lookup("test.artifacts"); wanted != nil && wanted.Value.String() == "true" {
		b.shots = t.ArtifactDir()
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(file), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(b.ctx, chromedp.Navigate("about:blank")); err != nil { // without a deadline: it is that of the browser
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, text := range b.wrong {
			t.Errorf("the browser complains: %s", text)
		}
	})
	return b
}

// listen keeps what a page complains of. Refusals that a test wants are named by their status.
func (b *chromium) listen(ev any) {
	text := ""
	switch e := ev.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError && !strings.Contains(e.Entry.Text, "the server responded with a status of 4") {
			text = fmt.Sprintf("%s %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			text = "console.error"
		}
	}
	if text != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.wrong = append(b.wrong, text)
	}
}

// A tab is one page of the browser.
type tab struct {
	*chromium
	ctx  context.Context
	base string
}

// person returns a tab with cookies of its own: another person, at another machine.
func (b *chromium) person(base string) *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	b.t.Cleanup(cancel)
	return b.tab(ctx, base)
}

// tab opens what a context is for.
func (b *chromium) tab(ctx context.Context, base string) *tab {
	b.t.Helper()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil { // without a deadline: it is that of the tab
		b.t.Fatal(err)
	}
	return &tab{b, ctx, base}
}

// patienceForPages is how long a page may take: a machine with other work is slow.
const patienceForPages = time.Minute

func (c *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patienceForPages)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		c.t.Fatalf("%v\n%s", err, c.text())
	}
}

// eval runs a script in the page; while a page gives way to another there is none.
func eval[T any](c *tab, script string) (T, error) {
	ctx, cancel := context.WithTimeout(c.ctx, patienceForPages)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script))
}

// until waits until a script says true.
func (c *tab) until(what, script string) {
	c.t.Helper()
	for deadline := time.Now().Add(patienceForPages); ; time.Sleep(20 * time.Millisecond) {
		if ok, err := eval[bool](c, script); err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			c.shot("failed")
			c.t.Fatalf("%s: not after %v, on\n%s", what, patienceForPages, c.text())
		}
	}
}

// open goes to a path, or an address.
func (c *tab) open(path string) {
	c.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = c.base + path
	}
	c.do(chromedp.Navigate(path))
}

// press clicks what leads to another page, and waits for that.
func (c *tab) press(selector string) {
	c.t.Helper()
	if _, err := eval[bool](c, "window.pageBefore = true"); err != nil {
		c.t.Fatal(err)
	}
	c.do(chromedp.Click(chromedp.CSS(selector)))
	c.until("a page after "+selector, "window.pageBefore === undefined && document.readyState === 'complete'")
}

// click clicks what leads nowhere.
func (c *tab) click(selector string) {
	c.t.Helper()
	c.do(chromedp.Click(chromedp.CSS(selector)))
}

// link presses the link, or the button, that says something.
func (c *tab) link(text string) {
	c.t.Helper()
	c.until("a link "+text, fmt.Sprintf(`(() => {
		document.querySelectorAll("[data-walk]").forEach(e => e.removeAttribute("data-walk"));
		const all = [...document.querySelectorAll("main a, main button, nav a, header button")];
		const found = all.find(e => e.innerText.replace(/\s+/g, " ").trim() === %s) || all.find(e => e.innerText.replace(/\s+/g, " ").trim().startsWith(%[1]s));
		if (found) found.setAttribute("data-walk", "");
		return !!found && !found.disabled;
	})()`, quoted(text)))
	c.press("[data-walk]")
}

// fill types into a field, in place of what is there.
func (c *tab) fill(selector, text string) {
	c.t.Helper()
	c.set(selector, "")
	c.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// choose sets a list.
func (c *tab) choose(selector, value string) {
	c.t.Helper()
	c.set(selector, value)
}

// value returns what is in a field.
func (c *tab) value(selector string) string {
	c.t.Helper()
	v, err := eval[string](c, fmt.Sprintf("document.querySelector(%s).value", quoted(selector)))
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

// text returns what the page says.
func (c *tab) text() string {
	text, err := eval[string](c, "document.body ? document.body.innerText : ''")
	if err != nil {
		return err.Error()
	}
	return text
}

// says waits until the page says all of something.
func (c *tab) says(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		c.until("the page says "+text, fmt.Sprintf("!!document.body && document.body.innerText.includes(%s)", quoted(text)))
	}
}

// follow clicks a link that opens another tab, and returns that.
func (c *tab) follow(selector string) *tab {
	c.t.Helper()
	ids := chromedp.WaitNewTarget(c.ctx, func(info *target.Info) bool { return info.Type == "page" })
	c.click(selector)
	select {
	case id := <-ids:
		ctx, cancel := chromedp.NewContext(c.ctx, chromedp.WithTargetID(id), chromedp.WithListener(c.listen))
		c.t.Cleanup(cancel)
		other := c.tab(ctx, c.base)
		other.until("the page of the other tab", "document.readyState === 'complete' && location.protocol !== 'about:'")
		return other
	case <-time.After(patienceForPages):
		c.t.Fatalf("%s opened no tab", selector)
		return nil
	}
}

func quoted(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can be written
	}
	return string(data)
}

// shot keeps a picture of the page.
func (c *tab) shot(name string) {
	c.t.Helper()
	if c.shots == "" {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, patienceForPages)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(c.shots, name+".png"), picture, 0o600)
	}
	if err != nil {
		c.t.Logf("no screenshot %s: %v", name, err)
	}
}

// look makes the page as wide as a screen or a telephone, in light or dark.
func (c *tab) look(width, height int64, scheme string) {
	c.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(c.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		c.t.Fatal(err)
	}
	c.do(chromedp.EmulateViewport(width, height))
}

// set puts a long text into a field at once.
func (c *tab) set(selector, text string) {
	c.t.Helper()
	c.until("the field "+selector, fmt.Sprintf("(() => { const e = document.querySelector(%s); if (e) e.value = %s; return !!e })()", quoted(selector), quoted(text)))
}

// upload chooses a file.
func (c *tab) upload(selector, file string) {
	c.t.Helper()
	c.do(chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// choosePerson picks who signs in at the offline identity provider.
func choosePerson(name string) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{chromedp.Click(chromedp.CSS(`input[name=person][value="` + name + `"]`))}
}

// newRequest returns a GET.
func newRequest(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
