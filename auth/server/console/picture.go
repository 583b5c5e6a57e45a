package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"

	"lanyard/auth"
	"lanyard/auth/server"
)

// maxIcon bounds a picture; it is shown at the size of a thumb.
const maxIcon = 256 << 10

// upload reads a picture from the form, nil where none was chosen. The type is what the
// bytes are, whatever the name claims.
func (v *visit) upload(name string) (icon *server.Icon, wrong string, err error) {
	file, _, err := v.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", auth.Fail(auth.BadInput, nil, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxIcon+1))
	if err != nil {
		return nil, "", auth.Fail(auth.BadInput, nil, err)
	}
	mediaType := http.DetectContentType(data)
	switch {
	case len(data) == 0:
		return nil, "", nil
	case len(data) > maxIcon:
		return nil, "fault.large", nil
	case !slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, mediaType):
		return nil, "fault.picture", nil
	}
	sum := sha256.Sum256(data)
	return &server.Icon{SHA256: hex.EncodeToString(sum[:]), MediaType: mediaType, Data: data}, "", nil
}

// showIcon answers with a picture of the catalogue.
func (v *visit) showIcon() error {
	icon, err := v.c.cfg.Catalogue.Icon(v.Context(), v.id, v.PathValue("sha256"))
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", icon.MediaType)
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	_, _ = v.w.Write(icon.Data)
	return nil
}
