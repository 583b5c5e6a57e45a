package signin_test

import (
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"lanyard/app/local"
	"lanyard/app/window/theme"
	"lanyard/auth/authtest"
)

// scanned is as long as the address that a server gives.
const scanned = "https://login.acme.com/e/4f2a9c0e4f2a9c0e4f2a9c0e4f2a9c0e/device?user_code=WDJB-MJHT"

// TestPhoneScans reads the QR code off the window, in both looks and at the scales that
// screens have.
func TestPhoneScans(t *testing.T) {
	zbar := authtest.Need(t, "zbarimg")
	onPhone := attempt(local.StepWaiting, func(a *local.Attempt) {
		a.URL, a.DeviceOffered = "https://sso.acme.com/authorize", true
		a.Device = &local.Device{UserCode: "WDJB-MJHT", URL: "https://login.acme.com/device", Number: "47", Complete: scanned}
	})
	for _, look := range []string{"light", "dark"} {
		for _, scale := range []float32{1, 1.25, 1.5, 2} {
			d := open(t, "", onPhone)
			fyne.CurrentApp().Settings().SetTheme(theme.New(look))
			c := d.Frame.Window.Canvas()
			c.(interface{ SetScale(float32) }).SetScale(scale)
			file := save(t, c.Capture())
			out, err := exec.CommandContext(t.Context(), zbar, "--quiet", "--raw", file).Output()
			if err != nil || strings.TrimSpace(string(out)) != scanned {
				t.Errorf("%s at %v: read %q, %v", look, scale, out, err)
			}
		}
	}
}

func save(t *testing.T, img image.Image) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "window.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}
