// Package theme is how the windows look: colours for light and dark, sizes, the badge,
// and the few things that are drawn (a picture of a company or an app, or a coloured
// initial in its place; a column of readable width). It knows nothing of accounts or
// apps, takes no decision and asks nobody.
//
// What it draws may come from a company, so it takes pictures as PNG or JPEG of bounded
// size and nothing else, and text only as plain labels, never as markup. The colours are
// those of the pages that people see in the browser, so that both look like one product.
package theme
