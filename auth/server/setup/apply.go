package setup

import (
	"context"

	"lanyard/auth"
)

// Report says what an Apply did.
type Report struct {
	ID, Code string // of the enterprise
	AppID    string // the Lanyard APPID of its connector
	// Callback is the address to register at the provider.
	Callback string
	// Changes are sentences such as "app notes added"; empty when all was as it is.
	Changes []string
}

// Apply makes the store agree with the file.
func (s *Setup) Apply(ctx context.Context, f File) (Report, error) {
	return Report{}, auth.NotHere
}

// Export gives an enterprise as a file that Apply takes back.
func (s *Setup) Export(ctx context.Context, code string) (File, error) {
	return File{}, auth.NotHere
}
