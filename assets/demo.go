package assets

import "embed"

// DemoPages are the pages of the pretend company (auth/server/demo), which has a look of
// its own: people should see that it is not Lanyard's.
//
//go:embed demo/*.html demo/style.css
var DemoPages embed.FS

// DemoExample is the smallest program that signs somebody in, for developers; ISSUER and
// CLIENT stand for what the page that shows it knows.
//
//go:embed demo/example.py
var DemoExample string

// DemoLogo is the pretend company's logo, a PNG in base64; a test in auth/server/demo
// draws it.
//
//go:embed demo/logo.b64
var DemoLogo string
