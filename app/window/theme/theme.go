package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"lanyard/assets"
)

// Icon is the badge, for the window and at the head of the first screen.
var Icon = fyne.NewStaticResource("lanyard.png", assets.Icon)

// New returns the look of the windows. Variant "light" or "dark" forces one; any other
// follows the system.
func New(variant string) fyne.Theme {
	return &look{Theme: fynetheme.DefaultTheme(), variant: variant}
}

// look changes Fyne's own theme where the product differs.
type look struct {
	fyne.Theme
	variant string
}

// palette holds the colours that differ from Fyne's own.
type palette map[fyne.ThemeColorName]color.Color

var light = palette{
	fynetheme.ColorNameBackground:          rgb(0xf4f5f7),
	fynetheme.ColorNameForeground:          rgb(0x1d2129),
	fynetheme.ColorNamePlaceHolder:         rgb(0x5c6370),
	fynetheme.ColorNameDisabled:            rgb(0x6b7280),
	fynetheme.ColorNamePrimary:             rgb(0x2457d6),
	fynetheme.ColorNameForegroundOnPrimary: rgb(0xffffff),
	fynetheme.ColorNameHyperlink:           rgb(0x2457d6),
	fynetheme.ColorNameFocus:               rgba(0x2457d6, 0x38),
	fynetheme.ColorNameSelection:           rgba(0x2457d6, 0x30),
	fynetheme.ColorNameButton:              rgb(0xe6e9ef),
	fynetheme.ColorNameDisabledButton:      rgb(0xeceef2),
	fynetheme.ColorNameHover:               rgba(0x1d2129, 0x18),
	fynetheme.ColorNameInputBackground:     rgb(0xffffff),
	fynetheme.ColorNameInputBorder:         rgb(0x858c99),
	fynetheme.ColorNameSeparator:           rgb(0xdfe2e8),
	fynetheme.ColorNameMenuBackground:      rgb(0xffffff),
	fynetheme.ColorNameOverlayBackground:   rgb(0xffffff),
	fynetheme.ColorNameScrollBar:           rgba(0x1d2129, 0x50),
	fynetheme.ColorNameScrollBarBackground: rgba(0x000000, 0),
	fynetheme.ColorNameError:               rgb(0xb3261e),
	fynetheme.ColorNameWarning:             rgb(0x8a5300),
	fynetheme.ColorNameSuccess:             rgb(0x1a7f42),
	ColorCard:                              rgb(0xffffff),
}

var dark = palette{
	fynetheme.ColorNameBackground:          rgb(0x15171b),
	fynetheme.ColorNameForeground:          rgb(0xe8eaee),
	fynetheme.ColorNamePlaceHolder:         rgb(0xa2a9b6),
	fynetheme.ColorNameDisabled:            rgb(0x959cab),
	fynetheme.ColorNamePrimary:             rgb(0x7aa2ff),
	fynetheme.ColorNameForegroundOnPrimary: rgb(0x10131a),
	fynetheme.ColorNameHyperlink:           rgb(0x7aa2ff),
	fynetheme.ColorNameFocus:               rgba(0x7aa2ff, 0x48),
	fynetheme.ColorNameSelection:           rgba(0x7aa2ff, 0x40),
	fynetheme.ColorNameButton:              rgb(0x2b3039),
	fynetheme.ColorNameDisabledButton:      rgb(0x23272f),
	fynetheme.ColorNameHover:               rgba(0xffffff, 0x20),
	fynetheme.ColorNameInputBackground:     rgb(0x1a1d22),
	fynetheme.ColorNameInputBorder:         rgb(0x656c7a),
	fynetheme.ColorNameSeparator:           rgb(0x343944),
	fynetheme.ColorNameMenuBackground:      rgb(0x262a32),
	fynetheme.ColorNameOverlayBackground:   rgb(0x1f2228),
	fynetheme.ColorNameScrollBar:           rgba(0xffffff, 0x50),
	fynetheme.ColorNameScrollBarBackground: rgba(0x000000, 0),
	fynetheme.ColorNameError:               rgb(0xff8a80),
	fynetheme.ColorNameWarning:             rgb(0xf5c26b),
	fynetheme.ColorNameSuccess:             rgb(0x6fd08c),
	ColorCard:                              rgb(0x1f2228),
}

// ColorCard is the ground of what stands out from the window's own ground.
const ColorCard fyne.ThemeColorName = "lanyard.card"

// Color implements fyne.Theme.
func (l *look) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch l.variant {
	case "light":
		variant = fynetheme.VariantLight
	case "dark":
		variant = fynetheme.VariantDark
	}
	colours := light
	if variant == fynetheme.VariantDark {
		colours = dark
	}
	if c, ok := colours[name]; ok {
		return c
	}
	return l.Theme.Color(name, variant)
}

// Size implements fyne.Theme.
func (l *look) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case fynetheme.SizeNameHeadingText:
		return 22
	case fynetheme.SizeNameSubHeadingText:
		return 17
	case fynetheme.SizeNameCaptionText:
		return 12.5
	case fynetheme.SizeNameInputRadius, fynetheme.SizeNameSelectionRadius:
		return 7
	default:
		return l.Theme.Size(name)
	}
}

// rgb is an opaque colour from 0xRRGGBB.
func rgb(hex uint32) color.Color { return rgba(hex, 0xff) }

func rgba(hex uint32, alpha uint8) color.Color {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: alpha} // #nosec G115 -- one byte each
}
