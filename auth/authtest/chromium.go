package authtest

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Chromium starts a real headless browser with an empty profile of its own and
// returns the context to drive it with (see chromedp.Do and chromedp.Run); a second
// call is a second browser that has never seen anything. It ends with the test. The
// first use of the context starts the browser and must not be under a time limit. It
// needs the part "chromium". Flags are more of its own, such as lang=zh-CN.
func Chromium(t testing.TB, flags ...string) context.Context {
	t.Helper()
	path := Need(t, "chromium")
	profile := ShortDir(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.Env("TMPDIR="+profile), // so that nothing of it stays elsewhere
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en"),
		chromedp.WSURLReadTimeout(time.Minute), // a cold start on a busy machine
	)
	for _, flag := range flags {
		name, value, _ := strings.Cut(flag, "=")
		options = append(options, chromedp.Flag(name, value))
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to run as root otherwise
	}
	ctx, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		cancel()
		cancelAllocator()
	})
	return ctx
}
