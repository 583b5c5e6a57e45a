package window

import (
	"context"
	"image"

	"lanyard/app/local"
	"lanyard/app/window/theme"
)

// icons are the pictures of apps that this window has asked for, by their SHA-256.
type icons map[string]*icon

type icon struct {
	picture image.Image // nil while it is on its way, or if there is none
	waiting []func(image.Image)
}

// icon gives the picture with that SHA-256 to show, now or when it comes; nothing where
// there is none, or where it is neither PNG nor JPEG.
func (h *Host) icon(sha string, show func(image.Image)) {
	known := h.frame.icons
	if i := known[sha]; i != nil {
		if i.picture != nil {
			show(i.picture)
		} else {
			i.waiting = append(i.waiting, show)
		}
		return
	}
	i := &icon{waiting: []func(image.Image){show}}
	known[sha] = i
	var picture image.Image
	h.Ask(func(ctx context.Context, svc local.Service) error {
		data, _, err := svc.Icon(ctx, sha)
		if err == nil {
			picture, err = theme.Decode(data)
		}
		return err
	}, func(err error) {
		if err != nil {
			i.waiting = nil // the initial stands for it
			return
		}
		i.picture = picture
		for _, show := range i.waiting {
			show(picture)
		}
		i.waiting = nil
	})
}
