// Package assets holds embedded bytes: icons, connector presets, schemas, web
// templates, translations and the sample configuration. Each consumer has one variable
// of its own, never one big file system, so that a program links only what it uses.
// It holds no code but the embedding.
package assets
