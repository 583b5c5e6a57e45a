package cli

import (
	"strings"

	"rsc.io/qr"
)

const (
	quietZone = 4 // modules of white around a QR code (ISO/IEC 18004 section 6.3.8)
	// Fixed colours of the 256: a terminal's own black and white may be anything.
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	noColour     = "\x1b[0m"
)

// qrCode draws a QR code of text in half blocks, one line a row: black on white, whatever
// the terminal's colours are. It is nil where that does not fit the terminal, or where
// standard error is none.
func (c *cli) qrCode(text string) []string {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil
	}
	side := code.Size + 2*quietZone
	if columns, rows := c.Size(); columns < side || rows < (side+1)/2 {
		return nil
	}
	// Two modules above each other are one character.
	begin, end, blocks := blackOnWhite, noColour, [2][2]string{{" ", "▄"}, {"▀", "█"}}
	if !c.colours() { // an old console of Windows: its ground is black
		begin, end, blocks = "", "", [2][2]string{{"█", "▀"}, {"▄", " "}}
	}
	black := func(x, y int) int {
		if code.Black(x-quietZone, y-quietZone) {
			return 1
		}
		return 0
	}
	var lines []string
	for y := 0; y < side; y += 2 {
		var line strings.Builder
		line.WriteString(begin)
		for x := range side {
			line.WriteString(blocks[black(x, y)][black(x, y+1)])
		}
		line.WriteString(end)
		lines = append(lines, line.String())
	}
	return lines
}

// colours reports whether the terminal is one that says that it takes escape sequences.
func (c *cli) colours() bool {
	term, _ := c.Env("TERM")
	windows, _ := c.Env("WT_SESSION")
	return term != "" && term != "dumb" || windows != ""
}
