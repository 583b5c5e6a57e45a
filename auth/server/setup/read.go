package setup

import (
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lanyard/auth"
)

// The largest pictures; a logo travels in every document.
const (
	maxLogo = 32 << 10 // as a data: URI
	maxIcon = 256 << 10
)

// secret reads a secret from where a file says it is.
func (f *File) secret(where string) (auth.Secret, error) {
	kind, name, _ := strings.Cut(where, ":")
	switch kind {
	case "env":
		value := os.Getenv(name)
		if value == "" {
			return auth.Secret{}, fmt.Errorf("environment variable %s is empty", name)
		}
		return auth.NewSecret(value), nil
	case "file":
		data, err := f.read(name, 64<<10)
		if err != nil {
			return auth.Secret{}, err
		}
		value := strings.TrimRight(string(data), "\r\n")
		if value == "" {
			return auth.Secret{}, fmt.Errorf("file %s is empty", name)
		}
		return auth.NewSecret(value), nil
	}
	return auth.Secret{}, fmt.Errorf("must say where the secret is: file:NAME or env:NAME")
}

// picture returns a picture and its media type, "" for none.
func (f *File) picture(source string) (data []byte, mediaType string, err error) {
	if source == "" {
		return nil, "", nil
	}
	if encoded, ok := strings.CutPrefix(source, "data:"); ok {
		_, body, found := strings.Cut(encoded, ";base64,")
		data, err = base64.StdEncoding.DecodeString(body)
		if !found || err != nil {
			return nil, "", fmt.Errorf("not a picture as a base64 data: URI")
		}
	} else if data, err = f.read(source, maxIcon); err != nil {
		return nil, "", err
	}
	// The type is what the bytes are, not what a name claims.
	mediaType = http.DetectContentType(data)
	if !slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, mediaType) {
		return nil, "", fmt.Errorf("not a PNG, JPEG or WebP picture")
	}
	if len(data) > maxIcon {
		return nil, "", fmt.Errorf("larger than %d KiB", maxIcon>>10)
	}
	return data, mediaType, nil
}

// logo returns the enterprise's picture as a data: URI, "" for none.
func (f *File) logo() (string, error) {
	data, mediaType, err := f.picture(f.Logo)
	uri := dataURI(data, mediaType)
	if err == nil && len(uri) > maxLogo {
		err = fmt.Errorf("larger than %d KiB", maxLogo*3/4>>10)
	}
	return uri, err
}

func dataURI(data []byte, mediaType string) string {
	if len(data) == 0 {
		return ""
	}
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(data)
}

// read reads a file that the admin names, relative to theirs.
func (f *File) read(name string, most int64) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(f.Dir, name)
	}
	file, err := os.Open(name) // #nosec G304 -- the admin names their own files
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("file %s is larger than %d KiB", name, most>>10)
	}
	return data, err
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
