package theme

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
)

// Column puts objects under each other at a readable width, in the middle of the room
// that there is. Unlike Fyne's own box it asks a wrapped text for its height after
// giving it its width, so the first look is the right one.
type Column struct {
	Width float32
	Gap   float32
	// Top keeps the column at the upper edge; else it stands a little above the middle.
	Top bool
}

// Layout implements fyne.Layout.
func (c Column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(c.Width, size.Width)
	height := c.fit(objects, width)
	y := float32(0)
	if !c.Top {
		y = max(0, (size.Height-height)*0.42)
	}
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		o.Move(fyne.NewPos((size.Width-width)/2, y))
		y += o.Size().Height + c.Gap
	}
}

// MinSize implements fyne.Layout.
func (c Column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := float32(0)
	for _, o := range objects {
		if o.Visible() {
			width = max(width, o.MinSize().Width)
		}
	}
	return fyne.NewSize(min(width, c.Width), c.fit(objects, c.Width))
}

// fit gives each object its width and the height that follows, and returns the whole
// height.
func (c Column) fit(objects []fyne.CanvasObject, width float32) (height float32) {
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		o.Resize(fyne.NewSize(width, o.MinSize().Height))
		need := o.MinSize().Height
		o.Resize(fyne.NewSize(width, need))
		if height > 0 {
			height += c.Gap
		}
		height += need
	}
	return height
}

// Page is a column that scrolls where the window is too small for it.
func Page(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVScroll(container.NewPadded(container.New(Column{Width: 400, Gap: 4}, objects...)))
}

// Gap is some air between what belongs together less.
func Gap() fyne.CanvasObject { return container.New(fixedHeight(8)) }

// Progress says that something is under way that nobody can hurry.
func Progress() fyne.CanvasObject {
	bar := container.New(fixedHeight(4), widget.NewProgressBarInfinite())
	return container.New(layout.NewCustomPaddedLayout(14, 14, 60, 60), bar)
}

// fixedHeight gives all objects the whole width and that height.
type fixedHeight float32

// Layout implements fyne.Layout.
func (h fixedHeight) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(fyne.NewSize(size.Width, float32(h)))
	}
}

// MinSize implements fyne.Layout.
func (h fixedHeight) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(0, float32(h)) }

// Row puts buttons beside each other, in the middle.
func Row(buttons ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewPadded(container.NewCenter(container.NewHBox(buttons...)))
}
