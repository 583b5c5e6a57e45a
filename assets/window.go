package assets

import _ "embed" // for the picture

// Icon is the badge, a PNG of 512 × 512, for windows and for packages.
//
//go:embed icon/lanyard.png
var Icon []byte
