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
func Page(objects ...fyne.CanvasObject) fyne.CanvasObject { return page(400, objects) }

// WidePage is a Page for what has to stand beside each other.
func WidePage(objects ...fyne.CanvasObject) fyne.CanvasObject { return page(560, objects) }

func page(width float32, objects []fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVScroll(container.NewPadded(container.New(Column{Width: width, Gap: 4}, objects...)))
}

// Beside puts a picture before the texts that belong to it, each in the middle of the
// height.
func Beside(picture fyne.CanvasObject, texts ...fyne.CanvasObject) fyne.CanvasObject {
	return container.New(beside{}, picture, container.New(Column{Width: wideTexts, Top: true}, texts...))
}

const (
	wideTexts   = 300 // of the texts beside a picture, at most
	narrowTexts = 200 // at least
	besideGap   = 12
)

type beside struct{}

// Layout implements fyne.Layout.
func (beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	picture, texts := objects[0], objects[1]
	side := picture.MinSize()
	width := min(wideTexts, size.Width-side.Width-besideGap)
	left := max(0, (size.Width-side.Width-besideGap-width)/2)
	picture.Resize(side)
	picture.Move(fyne.NewPos(left, (size.Height-side.Height)/2))
	texts.Resize(fyne.NewSize(width, 0))
	height := texts.MinSize().Height
	texts.Resize(fyne.NewSize(width, height))
	texts.Move(fyne.NewPos(left+side.Width+besideGap, (size.Height-height)/2))
}

// MinSize implements fyne.Layout.
func (beside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	picture, texts := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(picture.Width+besideGap+narrowTexts, max(picture.Height, texts.Height))
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
