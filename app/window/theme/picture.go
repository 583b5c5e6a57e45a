package theme

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
)

// What a company may send as a picture.
const (
	maxPicture = 256 << 10 // bytes
	maxSide    = 1024      // pixels
)

var errPicture = errors.New("picture is not a PNG or JPEG of the size that is taken")

// Decode reads a PNG or a JPEG of bounded size. Its first bytes decide which it is, not
// what somebody says it is, and its size is known before it is decoded.
func Decode(data []byte) (image.Image, error) {
	config, decode := png.DecodeConfig, png.Decode
	if bytes.HasPrefix(data, []byte{0xff, 0xd8, 0xff}) {
		config, decode = jpeg.DecodeConfig, jpeg.Decode
	}
	if len(data) > maxPicture {
		return nil, errPicture
	}
	size, err := config(bytes.NewReader(data))
	if err != nil || size.Width > maxSide || size.Height > maxSide {
		return nil, errors.Join(errPicture, err)
	}
	return decode(bytes.NewReader(data))
}

// DecodeURI is Decode for a data: URI in base64 (RFC 2397), which is how a company's
// logo comes. Any other address is refused: nothing is fetched for a picture.
func DecodeURI(uri string) (image.Image, error) {
	for _, prefix := range []string{"data:image/png;base64,", "data:image/jpeg;base64,"} {
		if encoded, ok := strings.CutPrefix(uri, prefix); ok && len(encoded) <= base64.StdEncoding.EncodedLen(maxPicture) {
			data, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return nil, errors.Join(errPicture, err)
			}
			return Decode(data)
		}
	}
	return nil, errPicture
}
