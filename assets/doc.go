// Package assets holds the bytes that the programs carry with them: texts, pictures,
// connector presets, web templates and sample configurations. Each consumer has one
// variable of its own here, in a file of its own, so that a program links only what it
// uses. There is no code in it and it imports nothing of the project.
package assets
